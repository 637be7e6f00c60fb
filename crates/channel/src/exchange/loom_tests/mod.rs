//! Models of what can meet in a channel, for every form of capacity.
//!
//! The lock makes each transition one step, so what there is to explore is the order of the steps, and what happens between
//! two of them: a look without the lock, a wake after it, memory that is made meanwhile.

mod cancelling;
mod ending;
mod resizing;
mod selecting;

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

use loom::sync::Arc;
use loom::thread;

use super::Shared;
use crate::{Receiver, Sender};

/// A message whose loss, or second life, loom sees.
type Message = Arc<u32>;

/// Capacities that differ in what they do: none, one place, no limit, and one place of an eager channel.
const CAPACITIES: [usize; 4] = [0, 1, usize::MAX, EAGER];
/// Stands for an eager channel.
const EAGER: usize = usize::MAX / 2;

/// Explores a model for each of these capacities.
fn for_each_capacity(model: impl Fn(usize) + Copy + Send + Sync + 'static) {
    CAPACITIES
        .into_iter()
        .for_each(|capacity| loom::model(move || model(capacity)));
}

fn channel(capacity: usize) -> (Sender<Message>, Receiver<Message>) {
    match capacity {
        EAGER => crate::handle::eager::<_, Shared<_>>(1),
        capacity => crate::handle::channel::<_, Shared<_>>(capacity),
    }
}

fn poll_once<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn spawn<R: 'static>(work: impl FnOnce() -> R + 'static) -> thread::JoinHandle<R> {
    thread::spawn(work)
}
