//! Whether two sets of samples differ by more than noise.
//!
//! The samples of both are drawn again, with replacement, many times, and each time the medians are divided. Where 99 % of
//! these quotients lie is the interval; the sets differ if 1 lies outside, and the medians by at least [`LEAST`]. With five
//! samples a side this takes that hardly one of either lies among those of the other, which happens to two sets of the same
//! kind once or twice in a hundred times (Bradley Efron, "Bootstrap methods: another look at the jackknife", 1979).

use crate::bench::stats;

/// Changes below this share are not told, however sure they are.
const LEAST: f64 = 0.02;

/// How often the rounds are drawn again.
const DRAWS: usize = 1000;

/// What the interval leaves out at each end.
const TAIL: f64 = 0.005;

/// A difference beyond noise.
#[derive(Clone, Copy, Debug)]
pub(super) struct Difference {
    /// Earlier and later.
    pub(super) medians: [f64; 2],
    /// Later over earlier, and the ends of its interval.
    pub(super) factor: f64,
    pub(super) interval: [f64; 2],
}

/// How the later samples differ from the earlier ones; `None` if that may be noise.
pub(super) fn difference([earlier, later]: &[Vec<f64>; 2]) -> Option<Difference> {
    let median = |samples: &[f64]| stats::spread(samples.iter().copied()).map(|s| s.median);
    let medians = [median(earlier)?, median(later)?];
    let factor = quotient(medians);
    if (factor - 1.0).abs() < LEAST {
        return None;
    }
    // The same draws for the same samples: whoever asks again gets the same answer.
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut room = Vec::new();
    let mut quotients: Vec<f64> = (0..DRAWS)
        .map(|_| quotient([earlier, later].map(|samples| random.median(samples, &mut room))))
        .collect();
    quotients.sort_unstable_by(f64::total_cmp);
    let interval = [TAIL, 1.0 - TAIL].map(|share| stats::quantile(&quotients, share));
    let is_outside = interval[0] > 1.0 || interval[1] < 1.0;
    is_outside.then_some(Difference {
        medians,
        factor,
        interval,
    })
}

/// Later over earlier; two zeros are the same.
fn quotient([earlier, later]: [f64; 2]) -> f64 {
    if earlier == later {
        1.0
    } else {
        later / earlier
    }
}

/// Sebastiano Vigna's SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// The median of as many samples, drawn with replacement.
    fn median(&mut self, samples: &[f64], room: &mut Vec<f64>) -> f64 {
        room.clear();
        for _ in samples {
            room.push(samples[(self.next() % samples.len() as u64) as usize]);
        }
        room.sort_unstable_by(f64::total_cmp);
        stats::quantile(room, 0.5)
    }
}

#[cfg(test)]
mod tests {
    use super::{Random, difference};

    #[test]
    fn what_was_nothing_and_is_something_has_changed() {
        let zero = vec![0.0; 5];
        assert!(difference(&[zero.clone(), zero.clone()]).is_none());
        let found = difference(&[zero, vec![2.0; 5]]).expect("from 0 to 2");
        assert_eq!((found.medians, found.factor), ([0.0, 2.0], f64::INFINITY));
    }

    #[test]
    fn noise_is_rarely_taken_for_a_change_and_changes_rarely_for_noise() {
        let mut random = Random(1);
        let mut five = |middle: f64| -> Vec<f64> {
            // The sum of three even spreads is nearly normal: a deviation of 5 %.
            let mut even = || (random.next() >> 11) as f64 / (1u64 << 53) as f64 - 0.5;
            let mut noisy = || middle * (1.0 + 0.1 * (even() + even() + even()));
            (0..5).map(|_| noisy()).collect()
        };
        let count = |factor: f64, five: &mut dyn FnMut(f64) -> Vec<f64>| {
            let runs = (0..400).map(|_| difference(&[five(1.0), five(factor)]).is_some());
            runs.filter(|differs| *differs).count()
        };
        let (same, different) = (count(1.0, &mut five), count(1.3, &mut five));
        assert!(
            same <= 12,
            "{same} of 400 pairs of equals are said to differ"
        );
        assert!(
            different >= 380,
            "only {different} of 400 changes by 30 % are seen"
        );
    }
}
