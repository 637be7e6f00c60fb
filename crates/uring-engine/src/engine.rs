//! The engine: a ring, the operations in flight on it, and turns.

use std::fmt;
use std::rc::{Rc, Weak};
use std::time::Duration;

use crate::chain::{Chain, ChainError, ChainOf};
use crate::config::EngineConfig;
use crate::error::{SetupError, TurnError};
use crate::future::Op;
use crate::inner::Inner;
use crate::multishot::MultishotOp;
use crate::operation::{Multishot, Operation};
use crate::report::{Refusal, SetupReport};
use crate::ring::Ring;
use crate::setup;
use crate::stats::EngineStats;
use crate::substitute::{Stand, Substitute};
use crate::unpark::{Parking, Unparker};

/// One io_uring and the operations in flight on it.
///
/// An engine belongs to one thread. Clones are handles of the same engine; every operation holds one, so the ring
/// lives until the last of them is gone, and is then shut down as [`shutdown`](Engine::shutdown) does.
///
/// Nothing happens by itself: the owner calls [`turn`](Engine::turn) in a loop, and polls the futures whose wakers were
/// woken.
///
/// ```
/// use std::future::Future;
/// use std::pin::pin;
/// use std::task::{Context, Poll, Waker};
/// use uring_engine::{Engine, EngineConfig, Wait, op};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let engine = Engine::new(&EngineConfig::default())?;
/// let mut nop = pin!(engine.op(op::Nop::new()));
/// let mut context = Context::from_waker(Waker::noop());
/// let output = loop {
///     match nop.as_mut().poll(&mut context) {
///         Poll::Ready(output) => break output,
///         Poll::Pending => engine.turn(Wait::Until(None))?,
///     };
/// };
/// assert!(output.is_ok());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Engine(Rc<Inner>);

/// An engine, unless it is gone.
#[derive(Clone)]
pub(crate) struct WeakEngine(Weak<Inner>);

impl WeakEngine {
    pub(crate) fn upgrade(&self) -> Option<Engine> {
        self.0.upgrade().map(Engine)
    }

    pub(crate) fn is(&self, engine: &Engine) -> bool {
        std::ptr::eq(self.0.as_ptr(), Rc::as_ptr(&engine.0))
    }
}

/// Whether a turn may sleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Submit and collect what is there, without sleeping.
    No,
    /// Sleep until something completes or somebody unparks, at most for this long; `None` is for ever. The clock is
    /// the monotonic one.
    Until(Option<Duration>),
}

/// What one turn did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Turn {
    /// Entries that the kernel took.
    pub submitted: u32,
    /// Completions collected, the engine's own included.
    pub completed: u32,
    /// The wait ended because its time was over. Not told when the same call submitted entries.
    pub timed_out: bool,
    /// A signal ended the wait. Not told when the same call submitted entries.
    pub interrupted: bool,
}

impl Engine {
    /// Sets a ring up, as full-featured as the kernel allows.
    ///
    /// # Errors
    ///
    /// When no ring can be had at all: see [`SetupError`], whose text says what to do.
    pub fn new(config: &EngineConfig) -> Result<Engine, SetupError> {
        let (ring, report) = setup::set_up(config)?;
        let parking = Parking::new().map_err(|source| SetupError::Descriptors { source })?;
        Ok(Engine(Rc::new(Inner::new(
            ring,
            report,
            parking,
            config.enter_fault,
        ))))
    }

    /// An engine on something that stands in for the kernel's ring. Of the configuration, the number of entries counts.
    ///
    /// `refused` says in the report why there is no ring; see [`SetupError::as_refusal`].
    ///
    /// # Errors
    ///
    /// `EMFILE` and the like: it needs a descriptor to be woken by.
    pub fn on(
        substitute: Box<dyn Substitute>,
        config: &EngineConfig,
        refused: Vec<Refusal>,
    ) -> Result<Engine, SetupError> {
        let stand = Stand::new(substitute, config.entries);
        let mut report = stand.report(config);
        report.refused = refused;
        let parking = Parking::new().map_err(|source| SetupError::Descriptors { source })?;
        let inner = Inner::new(Ring::Stand(stand), report, parking, config.enter_fault);
        Ok(Engine(Rc::new(inner)))
    }

    #[inline]
    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }

    pub(crate) fn downgrade(&self) -> WeakEngine {
        WeakEngine(Rc::downgrade(&self.0))
    }

    /// What the kernel granted and refused.
    pub fn report(&self) -> &SetupReport {
        &self.0.report
    }

    /// An operation as a future. Nothing is submitted before its first poll.
    #[inline]
    pub fn op<O: Operation>(&self, operation: O) -> Op<O> {
        Op::new(self.clone(), operation)
    }

    /// A multishot operation as a stream. Nothing is submitted before its first poll.
    #[inline]
    pub fn multishot<M: Multishot>(&self, operation: M) -> MultishotOp<M> {
        MultishotOp::new(self.clone(), operation)
    }

    /// Operations that run one after the other, without a turn in between. Nothing is submitted before the first poll.
    ///
    /// # Errors
    ///
    /// When the chain is longer than the submission queue; the operations come back in the error.
    pub fn chain<C: ChainOf>(&self, operations: C) -> Result<Chain<C>, ChainError<C>> {
        Chain::new(self.clone(), operations)
    }

    /// Submits what is queued, sleeps if asked and if there is nothing to collect, collects every completion, then wakes.
    ///
    /// At most one system call in the common case, none when there is nothing to submit and completions are already in
    /// the queue. Returns early from a sleep when a signal arrives. With nothing in flight and no [`Unparker`], a sleep
    /// without a time limit only ends by a signal.
    ///
    /// Wakers and discards run at the end, when nothing is borrowed; they may use the engine, and even turn it.
    ///
    /// # Errors
    ///
    /// See [`TurnError`]. Back-pressure, interruption and time-outs are not errors.
    #[inline]
    pub fn turn(&self, wait: Wait) -> Result<Turn, TurnError> {
        let mut turn = Turn::default();
        let outcome = self.0.drive(wait, &mut turn);
        self.0.deliver();
        outcome.map(|()| turn)
    }

    /// Whether a turn would find something to collect: a few loads, no system call.
    ///
    /// On a ring with [`EngineConfig::iopoll`] completions appear only when asked for, so there it tells whether
    /// anything is in flight.
    #[inline]
    pub fn has_work(&self) -> bool {
        self.0.has_work()
    }

    /// Whether there is a ring of the kernel, and no [substitute](crate::Substitute) for one. False once it is shut down.
    #[inline]
    pub fn has_ring(&self) -> bool {
        matches!(self.0.ring(), Some(Ring::Kernel(_)))
    }

    /// Whether only a [`turn`](Engine::turn) can tell if something has completed, because no ring shows it. Who is busy then
    /// turns now and again all the same.
    #[inline]
    pub fn has_to_be_asked(&self) -> bool {
        self.0.in_flight.get() > 0 && self.0.ring().is_some_and(Ring::has_to_be_asked)
    }

    /// Entries that wait to be submitted.
    #[inline]
    pub fn queued(&self) -> usize {
        self.0.queued()
    }

    /// Operations that were begun and whose last completion has not been collected.
    #[inline]
    pub fn in_flight(&self) -> usize {
        self.0.in_flight.get()
    }

    /// A handle by which other threads end this engine's sleeps.
    pub fn unparker(&self) -> Unparker {
        self.0.parking.unparker()
    }

    /// Announces that the thread is about to sleep, so that from now on an [`unpark`](Unparker::unpark) interrupts the
    /// turn. False if one came since the last look: look at the inbox, do not sleep.
    ///
    /// The order is: `park_begin`, look at the inbox once more, [`turn`](Engine::turn), [`park_end`](Engine::park_end).
    /// A turn that sleeps without it does the same around the wait, so an unpark is never lost; the inbox then has to be
    /// looked at after the turn, and one empty turn more may be made.
    #[must_use]
    pub fn park_begin(&self) -> bool {
        self.0.parking.begin()
    }

    /// Announces that the thread is awake again. Harmless without [`park_begin`](Engine::park_begin).
    pub fn park_end(&self) {
        self.0.parking.end();
    }

    /// What the engine did so far.
    pub fn stats(&self) -> EngineStats {
        self.0.counters.get()
    }

    /// Ends everything, in order: nothing new starts, what is queued is submitted, everything in flight is cancelled,
    /// every completion is collected, the ring is closed, wakers and discards run.
    ///
    /// Operations whose handles still exist resolve as they ended, as a rule with `ECANCELED`; operations polled for
    /// the first time afterwards resolve with `ECANCELED`. Blocks until the kernel is done with every buffer: an
    /// operation that cannot be cancelled, such as a disk write, is waited for. The exception are zero-copy sends whose
    /// data the network holds for more than a second: their memory is given up for good, counted in
    /// [`EngineStats::leaked`], and a future still waiting for one never resolves. Calling it again does nothing. The drop
    /// of the last handle does the same.
    pub fn shutdown(&self) {
        self.0.shutdown();
    }

    /// Whether [`shutdown`](Engine::shutdown) was called.
    pub fn is_shut_down(&self) -> bool {
        self.0.is_closed()
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("in_flight", &self.in_flight())
            .field("queued", &self.queued())
            .field("shut_down", &self.is_shut_down())
            .finish_non_exhaustive()
    }
}
