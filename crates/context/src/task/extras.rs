//! What few tasks have: a name, the time their polls take, a span.
//!
//! A task with a time or a span is *observed*: it has another table of functions ([`VTable::unobserved`]), whose `poll`
//! does what is to be done around a poll and calls the real one. So other tasks do not even ask.
//!
//! | field | written by | read by |
//! |-------|-----------|---------|
//! | name | the maker | any thread that holds the task |
//! | times | home | any (one word each, no ordering implied) |
//! | span | home | home |

use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use super::header::{TaskPtr, VTable};
use super::span::TaskSpan;
use super::traced::Wakers;
use crate::builder::Config;
use crate::published::Published;
use crate::timer;

pub(crate) struct Extras {
    name: Option<Arc<str>>,
    times: Option<Times>,
    span: TaskSpan,
}

/// In nanoseconds.
#[derive(Default)]
struct Times {
    busy: Published,
    /// When the poll that is on began; 0 if none is.
    began: Published,
}

impl Extras {
    /// A new task's, if it has any.
    fn of(
        id: u64,
        location: &'static Location<'static>,
        name: Option<Arc<str>>,
        config: &Config,
    ) -> Option<Box<Self>> {
        (name.is_some() || config.task_times || TaskSpan::wanted())
            .then(|| Self::make(id, location, name, config))
    }

    /// Whether a task may have some without being told to.
    #[inline]
    pub(crate) fn may_be_wanted() -> bool {
        TaskSpan::may_be_wanted()
    }

    fn make(
        id: u64,
        location: &'static Location<'static>,
        name: Option<Arc<str>>,
        config: &Config,
    ) -> Box<Self> {
        let span = TaskSpan::new(id, location, name.as_deref(), &config.name);
        let times = config.task_times.then(Times::default);
        Box::new(Self { name, times, span })
    }

    pub(super) fn name(&self) -> Option<&Arc<str>> {
        self.name.as_ref()
    }

    /// Whether the task's polls are observed.
    pub(super) fn observe(&self) -> bool {
        self.times.is_some() || self.span.is_some()
    }

    /// The time spent in polls up to `now`, if it is kept.
    pub(crate) fn busy(&self, now: u64) -> Option<Duration> {
        let times = self.times.as_ref()?;
        let current = match times.began.get() {
            0 => 0,
            began => now.saturating_sub(began),
        };
        Some(Duration::from_nanos(times.busy.get() + current))
    }

    /// Calls `body`, in which the task is polled or its future dropped, with the clock and the span around it. True if that was
    /// the task's end.
    fn around(&self, body: impl FnOnce() -> bool) -> bool {
        let began = self.times.as_ref().map(|times| {
            let now = timer::now_ns();
            times.began.set(now);
            (times, now)
        });
        let finished = self.span.enter(body);
        if let Some((times, began)) = began {
            times.busy.add(timer::now_ns().saturating_sub(began));
            times.began.set(0);
        }
        finished
    }
}

/// Gives a new task its extras, if it has any.
///
/// # Safety
///
/// Nobody else has seen the task, and `observed` are functions for it.
pub(crate) unsafe fn add_extras(
    task: TaskPtr,
    name: Option<Arc<str>>,
    observed: &'static VTable,
    config: &Config,
) {
    // SAFETY: by contract the task is alive, and this is the only reference.
    let header = unsafe { &mut *task.0.as_ptr() };
    let extras = Extras::of(header.origin.id, header.origin.location, name, config);
    if extras.as_deref().is_some_and(Extras::observe) {
        header.vtable = observed;
    }
    header.origin.set_extras(extras);
}

/// [`VTable::poll`] of observed tasks.
///
/// # Safety
///
/// As there.
pub(super) unsafe fn poll(task: TaskPtr, wakers: Wakers) -> bool {
    // SAFETY: by contract, and the task outlives its poll.
    unsafe { around(task, |functions| (functions.poll)(task, wakers)) }
}

/// [`VTable::cancel`] of observed tasks.
///
/// # Safety
///
/// As there.
pub(super) unsafe fn cancel(task: TaskPtr) {
    // SAFETY: by contract, and the task outlives it.
    unsafe {
        around(task, |functions| {
            (functions.cancel)(task);
            true
        });
    }
}

/// # Safety
///
/// On the home thread; the task is alive and stays so during `body`.
unsafe fn around(task: TaskPtr, body: impl FnOnce(&VTable) -> bool) -> bool {
    // SAFETY: by contract.
    let header = unsafe { task.header() };
    let functions = header.vtable.unobserved.unwrap_or(header.vtable);
    match header.origin.extras() {
        Some(extras) => extras.around(|| body(functions)),
        None => body(functions),
    }
}
