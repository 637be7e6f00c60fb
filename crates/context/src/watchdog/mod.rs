//! A thread that notices when a task holds its context.
//!
//! A task that computes for long, or makes a call that blocks, keeps every other task of its context waiting, and its
//! timers and I/O. A [`Watchdog`] looks at the contexts it is given at intervals, and reports a task whose poll has lasted longer than
//! a threshold: its name, its id, where it was spawned, and for how long.
//!
//! It costs the contexts nothing. The task that is being polled and the number of polls are published anyway, in plain
//! stores; the watchdog reads both, and the same pair twice is the same poll. Only for a report does it look at the task
//! itself, under the lock of the task table.
//!
//! ```
//! use std::sync::mpsc;
//! use std::time::Duration;
//! use context::watchdog::Watchdog;
//!
//! let (reports, reported) = mpsc::channel();
//! let watchdog = Watchdog::builder()
//!     .threshold(Duration::from_millis(20))
//!     .on_held(move |held| { let _ = reports.send(held.task.name.clone()); })
//!     .start()
//!     .unwrap();
//! context::block_on(async move {
//!     watchdog.watch(&context::handle());
//!     // What a task should not do: block until another thread has done something.
//!     assert_eq!(reported.recv().unwrap().as_deref(), Some("main"));
//! }).unwrap();
//! ```

#[cfg_attr(not(feature = "tracing"), path = "line.rs")]
mod event;

use std::fmt;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::core::Poll;
use crate::handle::Handle;
use crate::inspect::{OneLine, TaskInfo};
use crate::report;

type Callback = Box<dyn Fn(&Held) + Send>;

/// A task that holds its context.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Held {
    /// The context's name.
    pub context: Arc<str>,
    /// The task, while it holds the context.
    pub task: TaskInfo,
    /// For how long at least: since the watchdog first saw this poll.
    pub at_least: Duration,
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "context {}: task {} ({}), spawned at {}, has held it for at least {:.1?}",
            OneLine(&self.context),
            self.task.id,
            OneLine(self.task.name.as_deref().unwrap_or("unnamed")),
            self.task.location,
            self.at_least,
        )
    }
}

/// Sets up a [`Watchdog`].
pub struct WatchdogBuilder {
    threshold: Duration,
    interval: Option<Duration>,
    callback: Callback,
}

impl WatchdogBuilder {
    /// How long a poll may last. Default 100 ms.
    #[must_use]
    pub fn threshold(mut self, threshold: Duration) -> Self {
        self.threshold = threshold;
        self
    }

    /// How often to look. A poll is reported at the latest two intervals after it has passed the threshold. Default a quarter of the
    /// threshold, but not less than a millisecond.
    #[must_use]
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = Some(interval);
        self
    }

    /// Called on the watchdog's thread, once for each poll that is too long, instead of the default: a line on standard error, or
    /// with feature `tracing`, where a subscriber is set, an event at level `WARN`.
    #[must_use]
    pub fn on_held(mut self, callback: impl Fn(&Held) + Send + 'static) -> Self {
        self.callback = Box::new(callback);
        self
    }

    /// Starts the thread. It watches nothing yet.
    ///
    /// # Errors
    ///
    /// The thread could not be started.
    pub fn start(self) -> io::Result<Watchdog> {
        let least = Duration::from_millis(1);
        let interval = self.interval.unwrap_or(self.threshold / 4).max(least);
        let shared = Arc::new(Shared::default());
        let patrol = Patrol {
            shared: shared.clone(),
            threshold: self.threshold,
            interval,
            callback: self.callback,
        };
        let thread = thread::Builder::new()
            .name("watchdog".into())
            .spawn(move || patrol.run())?;
        Ok(Watchdog {
            shared,
            thread: Some(thread),
        })
    }
}

impl fmt::Debug for WatchdogBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchdogBuilder")
            .field("threshold", &self.threshold)
            .field("interval", &self.interval)
            .finish_non_exhaustive()
    }
}

/// Watches contexts on a thread of its own until it is dropped; see the [module](self).
#[must_use = "a watchdog watches until it is dropped"]
pub struct Watchdog {
    shared: Arc<Shared>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Watchdog {
    /// Sets up a watchdog.
    pub fn builder() -> WatchdogBuilder {
        WatchdogBuilder {
            threshold: Duration::from_millis(100),
            interval: None,
            callback: Box::new(event::report),
        }
    }

    /// Watches a context, too, unless it does already. Before its first run, between two and after the last there is nothing to
    /// see. One that nobody else has a handle of any more is forgotten.
    pub fn watch(&self, context: &Handle) {
        let contexts = &mut self.shared.state().contexts;
        if contexts
            .iter()
            .all(|other| other.handle.id() != context.id())
        {
            contexts.push(Watched {
                handle: context.clone(),
                seen: None,
            });
        }
    }
}

impl fmt::Debug for Watchdog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watchdog").finish_non_exhaustive()
    }
}

/// Ends the thread and waits for it, unless the drop happens in its own callback.
impl Drop for Watchdog {
    fn drop(&mut self) {
        self.shared.state().ended = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != thread::current().id()
        {
            // A panic of the callback has been reported, and nothing else of it can panic.
            let _ = thread.join();
        }
    }
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    contexts: Vec<Watched>,
    ended: bool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Watched {
    handle: Handle,
    seen: Option<Seen>,
}

/// A poll that was seen once.
struct Seen {
    poll: Poll,
    first: Instant,
    reported: bool,
}

/// What the thread does.
struct Patrol {
    shared: Arc<Shared>,
    threshold: Duration,
    interval: Duration,
    callback: Callback,
}

impl Patrol {
    fn run(self) {
        let mut state = self.shared.state();
        while !state.ended {
            let gone: Vec<_> = state
                .contexts
                .extract_if(.., |watched| watched.handle.core().is_forsaken())
                .collect();
            let held: Vec<_> = state
                .contexts
                .iter_mut()
                .filter_map(|watched| watched.look(self.threshold))
                .collect();
            if !held.is_empty() || !gone.is_empty() {
                // The callback may add contexts, and end the watch; and so may what is dropped with a context's settings.
                drop(state);
                report::guard("the destructor of a context's settings", || drop(gone));
                for held in &held {
                    report::guard("the watchdog's callback", || (self.callback)(held));
                }
                state = self.shared.state();
                if state.ended {
                    return;
                }
            }
            let waited = self.shared.changed.wait_timeout(state, self.interval);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Watched {
    /// Looks at the context; a report, if one is due.
    fn look(&mut self, threshold: Duration) -> Option<Held> {
        let core = self.handle.core();
        let Some(poll) = core.current_poll() else {
            self.seen = None;
            return None;
        };
        let now = Instant::now();
        let seen = match &mut self.seen {
            Some(seen) if seen.poll == poll => seen,
            other => {
                *other = Some(Seen {
                    poll,
                    first: now,
                    reported: false,
                });
                return None;
            }
        };
        let at_least = now.duration_since(seen.first);
        if seen.reported || at_least < threshold {
            return None;
        }
        let task = core.describe_poll(poll)?;
        seen.reported = true;
        Some(Held {
            context: core.config.name.clone(),
            task,
            at_least,
        })
    }
}
