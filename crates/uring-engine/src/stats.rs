//! Plain counters of what an engine did.

use std::cell::Cell;

/// Counts since the engine was made. All are totals, none wraps in practice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EngineStats {
    /// Turns made.
    pub turns: u64,
    /// `io_uring_enter` calls.
    pub enters: u64,
    /// Of these, calls that were willing to sleep.
    pub waits: u64,
    /// Entries that the kernel took. With a submission thread, entries offered to it: one that it is slow to take is
    /// counted again.
    pub submitted: u64,
    /// Completions of operations collected (several for a multishot operation).
    pub completed: u64,
    /// Wake-ups by an [`Unparker`](crate::Unparker) that reached the ring.
    pub unparks: u64,
    /// Operations submitted because the submission queue was full rather than by a turn.
    pub queue_full: u64,
    /// Entries that had to go to the backlog.
    pub backlogged: u64,
    /// Enters that took fewer entries than offered.
    pub partial_submits: u64,
    /// Enters interrupted by a signal.
    pub interrupted: u64,
    /// Enters refused with `EAGAIN` or `EBUSY`.
    pub refused: u64,
    /// Times the completion queue had overflowed.
    pub overflows: u64,
    /// Cancellations asked for.
    pub cancels: u64,
    /// Operations that ended with `ECANCELED` after a cancellation was asked for.
    pub cancels_won: u64,
    /// Operations that ended otherwise although a cancellation was asked for.
    pub cancels_lost: u64,
    /// Completions that nobody waited for, handed to the operation's `discard`.
    pub discarded: u64,
    /// Completions whose slot had been reused. Always 0, unless the kernel repeats itself.
    pub stale: u64,
    /// Payloads that shutdown gave up on because the network still held their pages.
    pub leaked: u64,
}

/// The counters as the engine keeps them.
#[derive(Default)]
pub(crate) struct Counters(Cell<EngineStats>);

impl Counters {
    pub(crate) fn get(&self) -> EngineStats {
        self.0.get()
    }

    /// Applies a change. `EngineStats` is plain data, so the copy out and in is optimised to the fields touched.
    #[inline(always)]
    pub(crate) fn update(&self, change: impl FnOnce(&mut EngineStats)) {
        // SAFETY: `Counters` is `!Sync` and no reference into the cell is ever handed out; `change` is one of this
        // crate's field increments and cannot re-enter.
        change(unsafe { &mut *self.0.as_ptr() });
    }
}
