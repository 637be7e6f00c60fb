//! Spawning as the futures family asks for it: what takes a `Spawn` or a `LocalSpawn` runs its tasks on contexts.

use std::panic::Location;

use futures_task::{FutureObj, LocalFutureObj, LocalSpawn, Spawn, SpawnError};

use crate::current::{in_context, try_spawn};
use crate::handle::Handle;

/// The current context, as a `LocalSpawn` and a `Spawn`: whichever runs on the thread that spawns.
///
/// A task that is spawned so is a detached one: nobody waits for it, it ends with its context's run, and a panic in it is
/// reported. With `spawn_with_handle` of `futures-util` the panic goes to the handle instead, and dropping the handle ends the
/// task.
///
/// To spawn from other threads, use a [`Handle`], which is a `Spawn` too.
///
/// # Errors
///
/// `SpawnError::shutdown` outside a context.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "futures")] {
/// use context::Spawner;
/// use futures_util::task::LocalSpawnExt;
///
/// let length = context::block_on(async {
///     let text = std::rc::Rc::new("not Send");
///     let task = Spawner.spawn_local_with_handle(async move { text.len() }).unwrap();
///     task.await
/// });
/// assert_eq!(length.unwrap(), 8);
///
/// // Outside of contexts.
/// assert!(Spawner.spawn_local(async {}).unwrap_err().is_shutdown());
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Spawner;

impl LocalSpawn for Spawner {
    #[track_caller]
    fn spawn_local_obj(&self, future: LocalFutureObj<'static, ()>) -> Result<(), SpawnError> {
        match try_spawn(future) {
            Ok(task) => {
                task.detach();
                Ok(())
            }
            Err((_, future)) => {
                drop(future);
                Err(SpawnError::shutdown())
            }
        }
    }

    fn status_local(&self) -> Result<(), SpawnError> {
        match in_context() {
            true => Ok(()),
            false => Err(SpawnError::shutdown()),
        }
    }
}

impl Spawn for Spawner {
    #[track_caller]
    fn spawn_obj(&self, future: FutureObj<'static, ()>) -> Result<(), SpawnError> {
        self.spawn_local_obj(future.into())
    }

    fn status(&self) -> Result<(), SpawnError> {
        self.status_local()
    }
}

/// Submits to the context, from any thread, a task that nobody waits for. A panic in it is reported.
///
/// # Errors
///
/// `SpawnError::shutdown`, and the future is dropped, if the context's run has ended; also if the context is bounded and full,
/// for which these traits have no error of its own. [`submit`](Handle::submit) tells the two apart and gives the future back.
impl Spawn for Handle {
    #[track_caller]
    fn spawn_obj(&self, future: FutureObj<'static, ()>) -> Result<(), SpawnError> {
        match self.submit_at(future, None, Location::caller()) {
            Ok(task) => {
                task.detach();
                Ok(())
            }
            Err(error) => {
                drop(error);
                Err(SpawnError::shutdown())
            }
        }
    }

    fn status(&self) -> Result<(), SpawnError> {
        match self.core().guards.have_ended() {
            true => Err(SpawnError::shutdown()),
            false => Ok(()),
        }
    }
}
