//! What a caller may ask of an engine.

use crate::opcodes::Opcodes;
use crate::withheld::Withheld;

/// How to build an [`Engine`](crate::Engine).
///
/// Every field has a sensible default; change what matters and leave the rest:
///
/// ```
/// use uring_engine::EngineConfig;
///
/// let config = EngineConfig { entries: 64, ..EngineConfig::default() };
/// assert_eq!(config.entries, 64);
/// ```
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// Submission queue entries. The kernel rounds up to a power of two, and the setup ladder halves the number
    /// when the kernel has no memory for so many. Zero counts as one. Default: 256.
    ///
    /// A full submission queue is back-pressure, never an error: a small number costs system calls, nothing else.
    pub entries: u32,
    /// Completion queue entries; `None` asks for sixteen times `entries` (at least 1024), so that one turn can
    /// collect a burst from thousands of sockets without an overflow. Values below `entries` are raised to it.
    /// Default: `None`.
    pub cq_entries: Option<u32>,
    /// Let a kernel thread take submissions from the queue, so that busy periods need no system call at all.
    /// Default: off.
    pub sqpoll: Option<SqPoll>,
    /// Poll the device for completions instead of waiting for its interrupt. Such a ring runs reads and writes on
    /// `O_DIRECT` descriptors of polled block devices only; every other operation completes with an error.
    /// Default: off.
    pub iopoll: bool,
    /// Ask the kernel to clamp over-large queue sizes instead of refusing them. Default: on.
    pub clamp: bool,
    /// Parts of io_uring to do without although the kernel may have them: to rehearse an older kernel, or to work around
    /// a bug of this one. The report lists them apart from what the kernel refused. Default: nothing.
    pub without: Withheld,
    /// Operations without which a ring is of no use: where one is missing, setup fails with an error that names it. The
    /// engine's own (`POLL_ADD`, `ASYNC_CANCEL`) always count among them. Default: none.
    pub needs: Opcodes,
    /// Called before each `io_uring_enter`; decides whether that call fails or submits less. For tests.
    #[doc(hidden)]
    pub enter_fault: Option<fn(EnterCall) -> EnterFault>,
}

impl Default for EngineConfig {
    fn default() -> Self {
        EngineConfig {
            entries: 256,
            cq_entries: None,
            sqpoll: None,
            iopoll: false,
            clamp: true,
            without: Withheld::NOTHING,
            needs: Opcodes::EMPTY,
            enter_fault: None,
        }
    }
}

/// Settings of the kernel's submission thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SqPoll {
    /// Milliseconds without a submission after which the thread goes to sleep.
    pub idle_ms: u32,
    /// The processor to pin the thread to; `None` leaves it to the scheduler.
    pub cpu: Option<u32>,
}

/// One imminent `io_uring_enter`, as a fault hook sees it.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct EnterCall {
    /// Entries to be submitted.
    pub to_submit: u32,
    /// Completions to wait for.
    pub min_complete: u32,
}

/// What a fault hook wants to happen to an `io_uring_enter`.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnterFault {
    /// Make the call as it is.
    None,
    /// Do not make the call; report this errno.
    Errno(i32),
    /// Make the call with at most this many entries.
    SubmitAtMost(u32),
}
