//! The driver on epoll, by the engine's operations: what descriptors, threads and peers can do to it.

#[path = "../support/mod.rs"]
mod support;

mod blocking;
mod meanings;
mod short_reads;
mod splices;
mod waiting;

use std::future::Future;
use std::time::Duration;

use context::{ContextBuilder, DriverChoice};
use uring_engine::Engine;

/// So long may something stand still. Nothing comes near it but what waits for ever.
const LIMIT: Duration = Duration::from_secs(60);

/// Runs on a context on epoll.
fn on_epoll<T>(future: impl Future<Output = T>) -> T {
    on(DriverChoice::Epoll, future)
}

fn on<T>(driver: DriverChoice, future: impl Future<Output = T>) -> T {
    let mut context = ContextBuilder::new().driver(driver).build();
    context.block_on(future).unwrap()
}

fn engine() -> Engine {
    context::driver().engine().clone()
}

/// Awaits what must end.
async fn ends<F: Future>(what: &str, future: F) -> F::Output {
    let ended = context::timeout(LIMIT, future).await;
    ended.unwrap_or_else(|_| panic!("{what} waits for ever"))
}

/// Waits until the driver has nothing left.
async fn nothing_in_flight(what: &str) {
    let engine = engine();
    ends(what, async {
        while engine.in_flight() > 0 {
            context::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
}
