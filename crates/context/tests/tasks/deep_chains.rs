//! Requirement 16: deep chains of boxed futures.

use std::future::Future;
use std::pin::Pin;
use std::thread;

/// One future awaits the next, `depth` deep.
fn chain(depth: u64) -> Pin<Box<dyn Future<Output = u64> + Send>> {
    Box::pin(async move {
        if depth == 0 {
            context::yield_now().await;
            return 0;
        }
        chain(depth - 1).await + 1
    })
}

/// 16: 100,000 boxed futures, each awaiting the next. A poll goes down the chain by one call per future, so what it needs is
/// stack: less than 80 bytes for each in a release build, which is less than the usual 8 MB, and some 300 in a debug build.
#[test]
fn a_chain_of_100_000_boxed_futures() {
    let stack = 128 << 20;
    let deep = thread::Builder::new()
        .stack_size(stack)
        .spawn(|| context::block_on(async { context::spawn(chain(100_000)).await.unwrap() }))
        .unwrap();
    assert_eq!(deep.join().unwrap().unwrap(), 100_000);
}

/// 16: 100,000 tasks, each joining the next, need no stack at all: waking goes through the run queue.
#[test]
fn a_chain_of_100_000_tasks() {
    let depth = context::block_on(async {
        let mut last = context::spawn(async { 0_u64 });
        for _ in 0..100_000 {
            let previous = last;
            last = context::spawn(async move { previous.await.unwrap() + 1 });
        }
        last.await.unwrap()
    });
    assert_eq!(depth.unwrap(), 100_000);
}

/// 16: and dropping such a chain of tasks from its top, at the end of a run, does not recurse either.
#[test]
fn a_chain_of_100_000_tasks_is_dropped() {
    context::block_on(async {
        let mut last = context::spawn(std::future::pending::<()>());
        for _ in 0..100_000 {
            let previous = last;
            last = context::spawn(async move { previous.await.unwrap() });
        }
        last.detach();
        context::yield_now().await;
    })
    .unwrap();
}
