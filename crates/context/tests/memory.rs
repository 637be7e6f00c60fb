//! Requirement 3: what must not grow does not. A test binary of its own, with one test, as it looks at the memory of the whole
//! process.

use context::{Context, Handle};

/// Resident memory of this process, in bytes.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

/// More than noise, and far less than even one word for each of a million tasks.
const SLACK: usize = 4 << 20;

/// Each task submits the next to its own context.
fn submit_hop(context: Handle, left: u32) {
    let next = context.clone();
    context
        .submit(async move {
            if left > 1 {
                submit_hop(next, left - 1);
            }
        })
        .unwrap()
        .detach();
}

/// Each task spawns the next.
fn spawn_hop(left: u32) {
    context::spawn(async move {
        if left > 1 {
            spawn_hop(left - 1);
        }
    })
    .detach();
}

/// One task that wakes itself.
async fn yield_hops(hops: u32) {
    for _ in 0..hops {
        context::yield_now().await;
    }
}

/// True under AddressSanitizer, which reserves terabytes of addresses. It keeps freed memory for a while, so that the resident
/// memory says nothing.
fn under_a_sanitizer() -> bool {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split(' ').next().unwrap().parse().unwrap();
    pages * 4096 > 1 << 40
}

/// 3: relays of 2,000,000 hops on one context, by submission, by spawning and by waking oneself: none blocks, none grows.
#[test]
fn relays_do_not_grow() {
    const HOPS: u32 = 2_000_000;
    if under_a_sanitizer() {
        return;
    }
    let mut warm_up = Context::new();
    submit_hop(warm_up.handle(), 1000);
    warm_up.run().unwrap();
    drop(warm_up);
    let mut fresh = Context::new();
    let before = resident();
    submit_hop(fresh.handle(), HOPS);
    fresh.run().unwrap();
    let metrics = fresh.handle().metrics();
    assert_eq!(metrics.tasks_finished, u64::from(HOPS));
    assert_eq!(metrics.wakeups_sent, 0, "no call for each hop");
    assert!(
        resident() < before + SLACK,
        "submit: {before} {}",
        resident()
    );

    let mut fresh = Context::new();
    fresh
        .block_on(async {
            let guard = context::handle();
            spawn_hop(HOPS);
            while guard.metrics().tasks_live > 1 {
                context::yield_now().await;
            }
        })
        .unwrap();
    assert!(
        resident() < before + SLACK,
        "spawn: {before} {}",
        resident()
    );

    fresh.block_on(yield_hops(HOPS / 4)).unwrap();
    assert!(
        resident() < before + SLACK,
        "yield: {before} {}",
        resident()
    );

    // A burst's memory is given back, or used again: ten bursts, of 20 MB and more each, do not add up.
    for _ in 0..10 {
        let mut burst = Context::new();
        for _ in 0..100_000 {
            burst.handle().submit(async {}).unwrap().detach();
        }
        burst.run().unwrap();
    }
    let after = resident();
    assert!(after < before + (80 << 20), "bursts: {before} {after}");
}
