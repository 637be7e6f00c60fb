//! From a case that can be timed to samples of one operation.

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::runtime::{Case, RuntimeSubject};

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

/// One case of one subject.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CaseReport {
    /// The case's name.
    pub case: &'static str,
    /// Nanoseconds an operation.
    pub samples: Vec<f64>,
    /// Why there are no samples.
    pub reason: Option<&'static str>,
}

/// Finds how many iterations fill a sample, then takes samples.
pub fn report(subject: &RuntimeSubject, case: Case, plan: Plan) -> CaseReport {
    let time = |iterations| (subject.time)(case, iterations);
    let (samples, reason) = match calibrate(plan.sample, time) {
        Some(iterations) => (take(case, iterations, plan.sample, time), None),
        None => (Vec::new(), Some("not offered")),
    };
    CaseReport {
        case: case.name(),
        samples,
        reason,
    }
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

fn take(
    case: Case,
    iterations: u64,
    target: Duration,
    time: impl Fn(u64) -> Option<Duration>,
) -> Vec<f64> {
    let operations = (iterations * case.operations()) as f64;
    let budget = target * SAMPLES as u32 * 2;
    let begin = Instant::now();
    let mut samples = Vec::with_capacity(SAMPLES);
    while samples.len() < SAMPLES && (samples.len() < LEAST_SAMPLES || begin.elapsed() < budget) {
        let Some(taken) = time(iterations) else { break };
        samples.push(taken.as_nanos() as f64 / operations);
    }
    samples
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Plan, calibrate, report};
    use crate::runtime::{Case, RuntimeSubject};

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
    fn samples_are_per_operation_and_their_lack_has_a_reason() {
        let plan = Plan {
            sample: Duration::from_micros(10),
        };
        let bursts = RuntimeSubject {
            name: "fake",
            time: |_, iterations| Some(Duration::from_micros(5 * iterations)),
        };
        let got = report(&bursts, Case::SpawnBurst, plan);
        assert!(got.samples.iter().all(|sample| *sample == 5.0), "{got:?}");
        assert!(got.samples.len() >= 2);

        let nothing = RuntimeSubject {
            name: "fake",
            time: |_, _| None,
        };
        let got = report(&nothing, Case::RingNop, plan);
        assert_eq!((got.samples.len(), got.reason), (0, Some("not offered")));
    }
}
