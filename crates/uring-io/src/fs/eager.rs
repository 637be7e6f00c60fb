//! When a read is worth a try before the ring has it.
//!
//! What the page cache holds is copied within the system call that asks for it. A task that is alone then spares the detour:
//! submission, completion and a second poll cost about as much as reading 4 KiB. Where other tasks are runnable, or
//! operations wait to be submitted, one system call serves all of them, and the read goes with those.
//!
//! What is tried in vain costs a system call more. So after a miss, some reads are not tried; and after many hits in a row
//! one is not, because a task whose reads never have to wait would never give way.

use std::cell::Cell;

use uring_engine::Engine;

/// Hits in a row, after which completions have their turn.
const MOST: u8 = 64;

/// Reads that go through the ring after a miss.
const PAUSE: u8 = 16;

thread_local! {
    static EAGER: Eager = const { Eager::new() };
}

/// What the last reads of a thread have met.
struct Eager {
    /// Hits that are left.
    left: Cell<u8>,
    /// Reads that are not to be tried.
    pause: Cell<u8>,
}

impl Eager {
    const fn new() -> Self {
        Self {
            left: Cell::new(MOST),
            pause: Cell::new(0),
        }
    }

    /// Whether to try the next read.
    fn is_worth_it(&self) -> bool {
        match (self.pause.get(), self.left.get()) {
            (0, 0) => {
                self.left.set(MOST);
                false
            }
            (0, _) => true,
            (pause, _) => {
                self.pause.set(pause - 1);
                false
            }
        }
    }

    fn note(&self, hit: bool) {
        if hit {
            self.left.set(self.left.get().saturating_sub(1));
        } else {
            self.left.set(MOST);
            self.pause.set(PAUSE);
        }
    }
}

/// Whether to try at once what is next: not in company, nor where it is not likely to succeed.
#[inline]
pub(crate) fn is_worth_it(engine: &Engine) -> bool {
    !context::others_runnable() && engine.queued() == 0 && EAGER.with(Eager::is_worth_it)
}

/// What came of it.
#[inline]
pub(crate) fn note(hit: bool) {
    EAGER.with(|eager| eager.note(hit));
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::{Eager, MOST, PAUSE};

    #[test]
    fn hits_end_after_a_while_and_a_miss_is_followed_by_a_pause() {
        let eager = Eager::new();
        for _ in 0..3 {
            for _ in 0..MOST {
                assert!(eager.is_worth_it());
                eager.note(true);
            }
            assert!(!eager.is_worth_it(), "somebody else has a turn");
        }
        assert!(eager.is_worth_it());
        eager.note(false);
        for _ in 0..PAUSE {
            assert!(!eager.is_worth_it());
        }
        assert!(eager.is_worth_it());
    }
}
