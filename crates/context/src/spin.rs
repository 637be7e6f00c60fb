//! Whether it pays to look at the inbox a little longer before going to sleep.
//!
//! Two contexts that answer each other wake one another every few microseconds, and a sleep with its wake-up costs more than
//! that: two system calls and a switch on each side. So a context that was just woken by another thread after a sleep
//! shorter than [`Spin`]'s limit spins for up to that limit before its next sleep. A spin without a result puts an end
//! to it until the next such sleep. Sleeps that end by I/O or a timer never lead to spinning, and an idle context does not
//! spin at all.

/// The decision, from the last sleeps; times in nanoseconds.
pub(crate) struct Spin {
    limit: u64,
    worthwhile: bool,
}

impl Spin {
    /// `limit` 0 never spins. Neither does a machine with one CPU, where it would keep the other thread from running.
    pub(crate) fn new(limit: u64) -> Self {
        let alone = std::thread::available_parallelism().is_ok_and(|cpus| cpus.get() == 1);
        Self {
            limit: if alone { 0 } else { limit },
            worthwhile: false,
        }
    }

    /// Takes note of a sleep: how long it was, and whether another thread's push ended it.
    #[inline]
    pub(crate) fn slept(&mut self, time: u64, pushed: bool) {
        self.worthwhile = pushed && time < self.limit;
    }

    /// Spins until `found`, if that is worthwhile. `now` reads the clock. True if `found` said so.
    #[inline]
    pub(crate) fn spin(&mut self, now: impl Fn() -> u64, found: impl Fn() -> bool) -> bool {
        self.worthwhile && self.spin_until(now, found)
    }

    #[cold]
    fn spin_until(&mut self, now: impl Fn() -> u64, found: impl Fn() -> bool) -> bool {
        let end = now().saturating_add(self.limit);
        loop {
            for _ in 0..8 {
                if found() {
                    return true;
                }
                std::hint::spin_loop();
            }
            if now() >= end {
                self.worthwhile = false;
                return false;
            }
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn only_short_sleeps_ended_by_a_push_lead_to_spinning() {
        let mut spin = Spin {
            limit: 100,
            worthwhile: false,
        };
        let looks = Cell::new(0);
        let found = || {
            looks.set(looks.get() + 1);
            true
        };
        assert!(!spin.spin(|| 0, found));
        spin.slept(50, false);
        assert!(!spin.spin(|| 0, found));
        spin.slept(150, true);
        assert!(!spin.spin(|| 0, found));
        assert_eq!(looks.get(), 0);
        spin.slept(50, true);
        assert!(spin.spin(|| 0, found));
        assert_eq!(looks.get(), 1);
    }

    #[test]
    fn a_vain_spin_is_the_last() {
        let mut spin = Spin {
            limit: 100,
            worthwhile: true,
        };
        let time = Cell::new(0);
        let now = || {
            time.set(time.get() + 60);
            time.get()
        };
        assert!(!spin.spin(now, || false));
        assert!(!spin.worthwhile);
        assert_eq!(time.get(), 180);
    }
}
