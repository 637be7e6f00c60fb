//! From a case that can be timed to samples of one operation.

use std::time::{Duration, Instant};

/// Samples of a case, if it can be had that many within its time.
const SAMPLES: usize = 8;

/// Samples that every case gives, however long they take.
const LEAST_SAMPLES: usize = 2;

/// How long to measure.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// What one sample is to take. A case whose single iteration takes longer takes longer.
    pub sample: Duration,
}

/// Finds how many iterations fill a sample, then takes samples, in nanoseconds an operation; `None` if `time` is.
///
/// One iteration is so many `operations`.
pub(crate) fn sample(
    plan: Plan,
    operations: u64,
    time: impl Fn(u64) -> Option<Duration>,
) -> Option<Vec<f64>> {
    let iterations = calibrate(plan.sample, &time)?;
    let operations = (iterations * operations) as f64;
    let budget = plan.sample * SAMPLES as u32 * 2;
    let begin = Instant::now();
    let mut samples = Vec::with_capacity(SAMPLES);
    while samples.len() < SAMPLES && (samples.len() < LEAST_SAMPLES || begin.elapsed() < budget) {
        samples.push(time(iterations)?.as_nanos() as f64 / operations);
    }
    Some(samples)
}

/// Iterations that take about `target`.
fn calibrate(target: Duration, time: impl Fn(u64) -> Option<Duration>) -> Option<u64> {
    let mut iterations = 1_u64;
    loop {
        let taken = time(iterations)?.max(Duration::from_nanos(1));
        let factor = target.as_secs_f64() / taken.as_secs_f64();
        if factor < 1.5 {
            return Some(iterations);
        }
        // A short run overstates its cost, so the steps are bounded.
        let scaled = iterations as f64 * factor.min(100.0);
        iterations = (scaled as u64).max(iterations + 1);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Plan, calibrate, sample};

    #[test]
    fn calibration_finds_the_iterations_of_a_sample() {
        let linear = |iterations| Some(Duration::from_nanos(500 + 100 * iterations));
        let iterations = calibrate(Duration::from_millis(1), linear);
        assert!(
            iterations.is_some_and(|found| (6_000..=10_000).contains(&found)),
            "{iterations:?}"
        );
    }

    #[test]
    fn a_case_that_is_too_long_runs_once_a_sample() {
        let slow = |iterations| Some(Duration::from_secs(iterations));
        assert_eq!(calibrate(Duration::from_millis(1), slow), Some(1));
    }

    #[test]
    fn samples_are_per_operation() {
        let plan = Plan {
            sample: Duration::from_micros(10),
        };
        let time = |iterations| Some(Duration::from_micros(5 * iterations));
        let samples = sample(plan, 1000, time).expect("it can be timed");
        assert!(samples.iter().all(|sample| *sample == 5.0), "{samples:?}");
        assert!(samples.len() >= 2);
        assert_eq!(sample(plan, 1, |_| None), None);
    }
}
