//! The context that this thread is bound to, and the functions that work on it.
//!
//! This is the workspace's one thread-local. It is set when a context's run begins on a thread and cleared when the run
//! ends, both in `worker`; between, it does not change. A context that another event loop drives (`driven.rs`) is current
//! in its turns only.

use std::any::TypeId;
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::marker::PhantomData;
use std::panic::Location;
use std::ptr::NonNull;
use std::rc::Rc;

use crate::blocking::BlockingTask;
use crate::core::{Core, Home, Local};
use crate::driver::Driver;
use crate::handle::Handle;
use crate::task::{JoinHandle, TaskId};
use crate::timer::Wheel;

thread_local! {
    static CURRENT: Cell<Option<NonNull<Core>>> = const { Cell::new(None) };
}

/// The calling thread runs no context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no context runs on this thread: call this from inside `Context::block_on`, `Context::run` or a spawned task, \
     or go through a `Handle`"
)]
pub struct OutsideContext;

#[inline]
pub(crate) fn is(core: NonNull<Core>) -> bool {
    CURRENT.get() == Some(core)
}

pub(crate) fn set(core: Option<NonNull<Core>>) {
    CURRENT.set(core);
}

/// Makes `core` the current one until the guard is dropped.
///
/// # Safety
///
/// `core` is bound to this thread, and stays so until then.
pub(crate) unsafe fn enter(core: NonNull<Core>) -> Entered {
    Entered {
        before: CURRENT.replace(Some(core)),
        not_send: PhantomData,
    }
}

/// See [`enter`].
pub(crate) struct Entered {
    before: Option<NonNull<Core>>,
    not_send: PhantomData<*const ()>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.set(self.before);
    }
}

pub(crate) fn is_bound() -> bool {
    CURRENT.get().is_some()
}

/// Calls `f` with the core that is bound to this thread.
#[inline]
pub(crate) fn with<R>(f: impl FnOnce(Local<'_>) -> R) -> Result<R, OutsideContext> {
    let core = CURRENT.get().ok_or(OutsideContext)?;
    // SAFETY: the core in the thread-local is bound to this thread, and unbinding happens only in `worker`, which does not
    // run below `f`.
    Ok(f(unsafe { Local::new(core.as_ref()) }))
}

#[inline]
pub(crate) fn with_home<R>(f: impl FnOnce(&Home) -> R) -> Result<R, OutsideContext> {
    with(|core| f(core.home()))
}

/// Calls `f` with the id of the current context and its timers.
#[inline]
pub(crate) fn with_timers<R>(
    f: impl FnOnce(u64, &RefCell<Wheel>) -> R,
) -> Result<R, OutsideContext> {
    with(|core| f(core.id, &core.home().timers))
}

/// True if the calling thread runs a context.
pub fn in_context() -> bool {
    is_bound()
}

/// A handle to the current context.
///
/// # Panics
///
/// Outside a context; see [`try_handle`].
#[track_caller]
pub fn handle() -> Handle {
    expect(try_handle())
}

/// A handle to the current context.
///
/// # Errors
///
/// [`OutsideContext`] if the calling thread runs none.
pub fn try_handle() -> Result<Handle, OutsideContext> {
    with(|core| Handle::from_core(&core))
}

/// The driver of the current context, for those who build I/O on it.
///
/// # Panics
///
/// Outside a context; see [`try_driver`].
#[track_caller]
pub fn driver() -> Driver {
    expect(try_driver())
}

/// The driver of the current context, for those who build I/O on it.
///
/// # Errors
///
/// [`OutsideContext`] if the calling thread runs none, or is tearing it down.
pub fn try_driver() -> Result<Driver, OutsideContext> {
    with_home(|home| home.driver.borrow().clone())
        .ok()
        .flatten()
        .ok_or(OutsideContext)
}

/// A value that exists once for each run of a context, made by `make` when it is first asked for. For crates that keep
/// something beside the driver, such as a pool of buffers.
///
/// It is dropped when the run ends, after the last task and before the driver is shut down.
///
/// # Errors
///
/// [`OutsideContext`] if the calling thread runs no context, or is tearing it down.
pub fn local_state<T: 'static>(make: impl FnOnce(&Driver) -> T) -> Result<Rc<T>, OutsideContext> {
    let key = TypeId::of::<T>();
    if let Some(state) = with_home(|home| home.states.borrow().get(&key).cloned())? {
        return state.downcast().map_err(|_| OutsideContext);
    }
    // Made outside the borrow, as `make` may ask for other values.
    let made = Rc::new(make(&try_driver()?));
    // What `make` put there itself under this key comes out, to be dropped outside the borrow.
    let replaced = with_home(|home| home.states.borrow_mut().insert(key, made.clone()))?;
    drop(replaced);
    Ok(made)
}

/// True if the current context has another task to run before it next looks at completions. I/O can then be left to the next
/// batch, where it costs less; a task that is alone had better do it at once. False outside a context.
#[inline]
pub fn others_runnable() -> bool {
    with_home(|home| !home.run_queue.is_empty()).unwrap_or(false)
}

/// The task that is being polled on this thread.
pub fn task_id() -> Option<TaskId> {
    let task = with_home(|home| home.current.get()).ok().flatten()?;
    // SAFETY: the task being polled is alive.
    Some(TaskId(unsafe { task.header() }.origin.id))
}

/// Spawns a task on the current context. The future need not be `Send`: it never leaves this thread.
///
/// The task starts at the context's next batch, not in this call.
///
/// # Panics
///
/// Outside a context; see [`try_spawn`].
///
/// # Examples
///
/// ```
/// let sum = context::block_on(async {
///     let task = context::spawn(async { 1 + 2 });
///     task.await.unwrap()
/// }).unwrap();
/// assert_eq!(sum, 3);
/// ```
#[track_caller]
#[inline]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
{
    let location = Location::caller();
    match with(|core| core.spawn(future, None, location)) {
        Ok(handle) => handle,
        Err(error) => panic!("context::spawn: {error}"),
    }
}

/// Spawns a task on the current context, or gives the future back.
///
/// # Errors
///
/// The future, with [`OutsideContext`], if the calling thread runs no context.
#[track_caller]
pub fn try_spawn<F>(future: F) -> Result<JoinHandle<F::Output>, (OutsideContext, F)>
where
    F: Future + 'static,
{
    if !is_bound() {
        return Err((OutsideContext, future));
    }
    let location = Location::caller();
    let spawned = with(|core| core.spawn(future, None, location));
    Ok(expect(spawned))
}

/// Spawns a task with a name, which the task table and reports show.
///
/// # Panics
///
/// Outside a context.
#[track_caller]
pub fn spawn_named<F>(name: impl Into<std::sync::Arc<str>>, future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
{
    let location = Location::caller();
    let name = Some(name.into());
    expect(with(|core| core.spawn(future, name, location)))
}

/// Runs a function that blocks on the pool of the current context.
///
/// # Panics
///
/// Outside a context.
#[track_caller]
pub fn spawn_blocking<F, T>(work: F) -> BlockingTask<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    expect(with(|core| core.config.blocking.run(work)))
}

#[track_caller]
fn expect<T>(result: Result<T, OutsideContext>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{error}"),
    }
}
