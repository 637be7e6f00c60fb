//! A set of small numbers that many threads add to and one empties: which children were woken.
//!
//! A bitmap with a summary: bit `i` of `words[i / 64]` says that `i` is in the set, and a bit of `summary` says that
//! a word may not be zero. Adding costs one atomic read-modify-write, and a second one for the first in its word.
//!
//! | who | step | then |
//! |---|---|---|
//! | adder | sets its bit; the word was not zero | done: whoever made it so announces the word |
//! | adder | sets its bit; the word was zero | sets the summary bit |
//! | adder | sets the summary bit; it was zero | is told that the owner must be woken |
//! | owner | takes the summary, then each word that it names | has everything that was announced |
//!
//! Races:
//!
//! - An adder finds its word not zero while the one who made it so has not announced it yet: the owner may miss both
//!   now, but the other will find the summary zero, and wake the owner.
//! - The owner takes a word between the bit and the announcement: the announcement wakes it for nothing.
//! - The owner must publish its waker before it takes: then an adder whose announcement comes too late to be taken
//!   sees that waker.
//!
//! All steps are `AcqRel`: what an adder did before is visible to the owner that takes its number, also if a third
//! one announced it, since the bits of a word form one release sequence.

use crate::sync::{AtomicUsize, Ordering};

const BITS: usize = usize::BITS as usize;

#[derive(Debug)]
pub(super) struct ReadySet {
    summary: Box<[AtomicUsize]>,
    words: Box<[AtomicUsize]>,
}

impl ReadySet {
    /// An empty set for the numbers below `count`.
    pub(super) fn new(count: usize) -> ReadySet {
        let zeroes = |count| (0..count).map(|_| AtomicUsize::new(0)).collect();
        let words = count.div_ceil(BITS);
        ReadySet {
            summary: zeroes(words.div_ceil(BITS)),
            words: zeroes(words),
        }
    }

    /// Adds a number. `true`: the owner must be woken, nobody else does it.
    #[must_use]
    pub(super) fn add(&self, number: usize) -> bool {
        let word = number / BITS;
        if self.words[word].fetch_or(1 << (number % BITS), Ordering::AcqRel) != 0 {
            return false;
        }
        self.summary[word / BITS].fetch_or(1 << (word % BITS), Ordering::AcqRel) == 0
    }

    /// Empties the set; calls `visit` with each number in ascending order, with none of them twice. Numbers that are
    /// added meanwhile are visited or left for the next call. If `visit` panics, the rest may be lost.
    pub(super) fn take(&self, mut visit: impl FnMut(usize)) {
        for (place, summary) in self.summary.iter().enumerate() {
            for bit in ones(summary.swap(0, Ordering::AcqRel)) {
                let word = place * BITS + bit;
                for bit in ones(self.words[word].swap(0, Ordering::AcqRel)) {
                    visit(word * BITS + bit);
                }
            }
        }
    }
}

/// The places of the bits that are set.
fn ones(mut bits: usize) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let place = bits.trailing_zeros() as usize;
        if bits == 0 {
            return None;
        }
        bits &= bits - 1;
        Some(place)
    })
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::ReadySet;

    fn taken(set: &ReadySet) -> Vec<usize> {
        let mut numbers = Vec::new();
        set.take(|number| numbers.push(number));
        numbers
    }

    #[test]
    fn numbers_come_out_once_and_in_order() {
        let set = ReadySet::new(10_000);
        let numbers = [9_999, 0, 63, 64, 4_095, 4_096, 1];
        for number in numbers {
            let _ = set.add(number);
            let _ = set.add(number);
        }
        let mut sorted = numbers;
        sorted.sort_unstable();
        assert_eq!(taken(&set), sorted);
        assert_eq!(taken(&set), [0_usize; 0]);
    }

    #[test]
    fn only_the_first_of_a_batch_wakes() {
        let set = ReadySet::new(200);
        assert!(set.add(70));
        assert!(!set.add(70));
        assert!(!set.add(71));
        assert!(!set.add(199));
        assert_eq!(taken(&set), [70, 71, 199]);
        assert!(set.add(0));
    }

    #[test]
    fn a_number_added_while_visiting_is_not_lost() {
        let set = ReadySet::new(4);
        let _ = set.add(1);
        let mut first = Vec::new();
        set.take(|number| {
            first.push(number);
            let _ = set.add(number);
        });
        assert_eq!(first, [1]);
        assert_eq!(taken(&set), [1]);
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::ReadySet;
    use loom::sync::Arc;
    use loom::sync::atomic::{AtomicUsize, Ordering};

    struct Model {
        set: ReadySet,
        /// Stands for the owner's waker: cleared before it takes, set by the adder that is told to wake it.
        woken: AtomicUsize,
        values: Vec<AtomicUsize>,
    }

    impl Model {
        fn take(&self, adders: &[usize]) -> usize {
            let mut seen = 0;
            self.set.take(|number| {
                let place = adders.iter().position(|&adder| adder == number);
                let value = place.map(|place| self.values[place].load(Ordering::Relaxed));
                assert_eq!(value, Some(1), "what the adder did before is visible");
                seen += 1;
            });
            seen
        }
    }

    /// Each of `adders` threads stores a value and adds its number, while the owner takes: in the end it has seen
    /// all, or was woken and sees the rest.
    fn model(adders: &'static [usize]) {
        loom::model(move || {
            let count = adders.iter().max().map_or(0, |max| max + 1);
            let model = Arc::new(Model {
                set: ReadySet::new(count),
                woken: AtomicUsize::new(1),
                values: adders.iter().map(|_| AtomicUsize::new(0)).collect(),
            });
            let spawn = |(place, &number): (usize, &usize)| {
                let model = Arc::clone(&model);
                loom::thread::spawn(move || {
                    model.values[place].store(1, Ordering::Relaxed);
                    if model.set.add(number) {
                        model.woken.swap(1, Ordering::AcqRel);
                    }
                })
            };
            let threads: Vec<_> = adders.iter().enumerate().map(spawn).collect();
            model.woken.swap(0, Ordering::AcqRel);
            let seen = model.take(adders);
            for thread in threads {
                thread.join().unwrap();
            }
            if seen < adders.len() {
                assert_eq!(
                    model.woken.load(Ordering::Relaxed),
                    1,
                    "the wake is not lost"
                );
                assert_eq!(seen + model.take(adders), adders.len(), "no number is lost");
            }
        });
    }

    #[test]
    fn loom_two_adders_of_one_word() {
        model(&[0, 1]);
    }

    #[test]
    fn loom_two_adders_of_two_words() {
        model(&[0, 64]);
    }
}
