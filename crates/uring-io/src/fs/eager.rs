//! When a read is worth a try before the ring has it.
//!
//! What the page cache holds is copied within the system call that asks for it. A task that is alone then spares the detour:
//! submission, completion and a second poll cost about as much as reading 4 KiB. Where other tasks are runnable, or
//! operations wait to be submitted, one system call serves all of them, and the read goes with those.
//!
//! What is tried in vain costs a system call more. So after a miss, some reads are not tried; and after many hits in a row
//! one is not, because a task whose reads never have to wait would never give way.

use std::cell::Cell;
use std::rc::Rc;

use uring_engine::Engine;

use crate::budget::prefers_ring;

/// Hits in a row, after which completions have their turn.
const MOST: u8 = 64;

/// Reads that go through the ring after a miss.
const PAUSE: u8 = 16;

/// What the last reads on a context have met.
pub(crate) struct Eager {
    /// Hits that are left.
    left: Cell<u8>,
    /// Reads that are not to be tried.
    pause: Cell<u8>,
}

impl Eager {
    fn new() -> Self {
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

    /// What came of a try.
    #[inline]
    pub(crate) fn note(&self, hit: bool) {
        if hit {
            self.left.set(self.left.get().saturating_sub(1));
        } else {
            self.left.set(MOST);
            self.pause.set(PAUSE);
        }
    }
}

/// Whether to try at once what is next: not in company, nor where it is not likely to succeed. Who is told to try says what
/// came of it.
#[inline]
pub(crate) fn worth_a_try(engine: &Engine) -> Option<Rc<Eager>> {
    if prefers_ring(engine) {
        return None;
    }
    let eager = context::local_state(|_| Eager::new()).ok()?;
    eager.is_worth_it().then_some(eager)
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
