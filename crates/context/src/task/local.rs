//! Values that belong to a task: set for the length of a future, found by everything it calls.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::current;

/// The values in scope on a context, innermost last: a key (the address of its `TaskLocal`) and where its value is.
pub(crate) type Scopes = Vec<(usize, *const ())>;

/// A key for a value that is set with [`scope`](TaskLocal::scope) for the length of a future and read with
/// [`get`](TaskLocal::get) by whatever that future calls, across every `await`.
///
/// A spawned task does not inherit the values of the task that spawned it.
///
/// # Examples
///
/// ```
/// use context::TaskLocal;
///
/// static REQUEST: TaskLocal<u64> = TaskLocal::new();
///
/// fn log() -> String {
///     format!("request {}", REQUEST.get(|id| *id).unwrap())
/// }
///
/// context::block_on(async {
///     let text = REQUEST.scope(7, async { context::yield_now().await; log() }).await;
///     assert_eq!(text, "request 7");
///     assert!(REQUEST.get(|id| *id).is_none());
/// }).unwrap();
/// ```
pub struct TaskLocal<T: 'static> {
    // Sized, so that no two keys share an address.
    anchor: u8,
    value: std::marker::PhantomData<fn() -> T>,
}

impl<T: 'static> TaskLocal<T> {
    /// A key. It is told apart by its address, so it has to be a `static`.
    pub const fn new() -> Self {
        Self {
            anchor: 0,
            value: std::marker::PhantomData,
        }
    }

    fn key(&'static self) -> usize {
        (&raw const self.anchor).addr()
    }

    /// Runs `future` with the key set to `value`, which hides an outer value until the end.
    ///
    /// # Panics
    ///
    /// When polled outside a context.
    ///
    /// # Cancel safety
    ///
    /// That of `future`; the value is dropped with it.
    pub fn scope<F: Future>(&'static self, value: T, future: F) -> Scope<T, F> {
        Scope {
            key: self.key(),
            value,
            future,
        }
    }

    /// Calls `read` with the value of the innermost scope; `None` outside all scopes of this key, and outside a context.
    pub fn get<R>(&'static self, read: impl FnOnce(&T) -> R) -> Option<R> {
        let value = current::with_home(|home| {
            let scopes = home.scopes.borrow();
            scopes
                .iter()
                .rev()
                .find(|(key, _)| *key == self.key())
                .map(|(_, value)| *value)
        });
        let value = value.ok().flatten()?;
        // SAFETY: this key's entries point at a `T` (only `Scope` makes them, from the key's own `scope`), in a `Scope` that
        // is being polled further up this stack and takes its entry away before that poll ends.
        Some(read(unsafe { &*value.cast::<T>() }))
    }
}

impl<T: 'static> Default for TaskLocal<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: 'static> std::fmt::Debug for TaskLocal<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TaskLocal").finish_non_exhaustive()
    }
}

pin_project! {
    /// The future of [`TaskLocal::scope`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Scope<T, F> {
        key: usize,
        value: T,
        #[pin]
        future: F,
    }
}

impl<T, F> std::fmt::Debug for Scope<T, F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}

/// Takes a scope off the stack, on unwinding too.
struct Leave;

impl Drop for Leave {
    fn drop(&mut self) {
        // Outside a context there is nothing to take off: it was torn down while the scope's future was being polled.
        let _ = current::with_home(|home| home.scopes.borrow_mut().pop());
    }
}

impl<T: 'static, F: Future> Future for Scope<T, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let entry = (*this.key, (&raw const *this.value).cast::<()>());
        if let Err(error) = current::with_home(|home| home.scopes.borrow_mut().push(entry)) {
            panic!("TaskLocal::scope: {error}");
        }
        let leave = Leave;
        let polled = this.future.poll(cx);
        drop(leave);
        polled
    }
}
