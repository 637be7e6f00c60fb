//! Notification cases.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use crate::sync::by_hand::{self, pending, ready};
use crate::sync::executor::{Threads, time_tasks};

/// A notification that waits for whoever takes it.
pub(crate) trait Notify: Send + Sync + Sized + 'static {
    fn new() -> Self;
    fn notify(&self);
    fn wait(&self) -> impl Future<Output = ()> + Send;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    /// Wait, be notified.
    Wait,
    /// Be notified, then wait.
    Stored,
    /// Two tasks notify each other by turns; a round trip.
    PingPong(Threads),
}

pub(crate) fn time<N: Notify>(case: Case, iterations: u64) -> Duration {
    match case {
        Case::Wait => {
            let notify = N::new();
            by_hand::time(iterations, |cx| {
                let mut wait = pin!(notify.wait());
                pending(wait.as_mut(), cx);
                notify.notify();
                ready(wait, cx);
            })
        }
        Case::Stored => {
            let notify = N::new();
            by_hand::time(iterations, |cx| {
                notify.notify();
                ready(pin!(notify.wait()), cx);
            })
        }
        Case::PingPong(threads) => ping_pong::<N>(threads, iterations),
    }
}

fn ping_pong<N: Notify>(threads: Threads, iterations: u64) -> Duration {
    let table = Arc::new([N::new(), N::new()]);
    time_tasks(threads, 2, iterations, move |task, iterations| {
        let table = Arc::clone(&table);
        async move {
            let [ping, pong] = &*table;
            for _ in 0..iterations {
                if task == 0 {
                    ping.notify();
                    pong.wait().await;
                } else {
                    ping.wait().await;
                    pong.notify();
                }
            }
        }
    })
}
