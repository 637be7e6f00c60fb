//! Names for waits that a context knows nothing of: channels, locks, other threads.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::current;

/// The named waits of a context: what the home thread alone touches.
#[derive(Default)]
pub(crate) struct Labels {
    /// By task and a number of its own.
    waits: RefCell<BTreeMap<(u64, u64), &'static str>>,
    next: Cell<u64>,
}

impl Labels {
    pub(super) fn for_each(&self, mut visit: impl FnMut(u64, &'static str)) {
        for (&(task, _), &what) in &*self.waits.borrow() {
            visit(task, what);
        }
    }

    fn add(&self, task: u64, what: &'static str) -> (u64, u64) {
        let number = self.next.get();
        self.next.set(number + 1);
        self.waits.borrow_mut().insert((task, number), what);
        (task, number)
    }

    fn remove(&self, key: (u64, u64)) {
        self.waits.borrow_mut().remove(&key);
    }
}

pin_project! {
    /// The future of [`waiting_for`].
    #[must_use = "futures do nothing unless polled"]
    #[derive(Debug)]
    pub struct WaitingFor<F> {
        #[pin]
        future: F,
        what: &'static str,
        listed: Listed,
    }
}

/// A wait that is listed, until it is dropped.
#[derive(Debug, Default)]
struct Listed {
    /// The context, and the key there.
    place: Option<(u64, (u64, u64))>,
}

impl Listed {
    fn list(&mut self, what: &'static str) {
        let listed = current::with(|core| {
            let task = crate::current::task_id()?;
            // One that has moved to another task is listed there anew.
            let same = self
                .place
                .is_some_and(|(context, key)| context == core.id && key.0 == task.as_u64());
            (!same).then(|| (core.id, core.home().labels.add(task.as_u64(), what)))
        });
        if let Ok(Some(place)) = listed {
            self.unlist();
            self.place = Some(place);
        }
    }

    fn unlist(&mut self) {
        let Some((context, key)) = self.place.take() else {
            return;
        };
        let _ = current::with(|core| {
            if core.id == context {
                core.home().labels.remove(key);
            }
        });
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.unlist();
    }
}

/// Has snapshots say that the task waits for `what` while `future` is pending.
///
/// For what a context cannot know by itself. Costs an entry in a table for each wait that does not end at once; a future that is
/// ready when it is first polled costs nothing. Outside a context it does nothing.
///
/// # Cancel safety
///
/// That of `future`.
///
/// # Examples
///
/// ```
/// use context::inspect::{self, WaitingOn};
///
/// context::block_on(async {
///     let task = context::spawn(inspect::waiting_for("a job", std::future::pending::<()>()));
///     context::yield_now().await;
///     let snapshot = inspect::of(&[context::handle()]);
///     let info = snapshot.tasks().find(|info| info.id == task.id()).unwrap();
///     assert_eq!(info.waiting_on, [WaitingOn::Named { what: "a job" }]);
///     task.abort();
/// }).unwrap();
/// ```
pub fn waiting_for<F: Future>(what: &'static str, future: F) -> WaitingFor<F> {
    WaitingFor {
        future,
        what,
        listed: Listed::default(),
    }
}

impl<F: Future> Future for WaitingFor<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let polled = this.future.poll(cx);
        match polled {
            Poll::Ready(_) => this.listed.unlist(),
            Poll::Pending => this.listed.list(this.what),
        }
        polled
    }
}
