//! Requirement 4: wake-ups of a sleeping context are coalesced, and none is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use context::ContextBuilder;

use crate::support::{Gate, Watchdog, stop, until};

/// What wake-ups may cost at most: one call for each time that the context was asleep, or about to be. It is never about to be
/// twice without a sleep or a batch in between.
fn assert_coalesced(metrics: &context::Metrics) {
    assert!(
        metrics.wakeups_sent <= metrics.sleeps + metrics.batches + 1,
        "{metrics:?}"
    );
}

/// 4: a burst of 10,000 submissions makes no call while the context is awake, and few in all.
#[test]
fn a_burst_costs_few_calls() {
    let mut context = ContextBuilder::new().spin(Duration::ZERO).build();
    context.start().unwrap();
    let handle = context.handle();
    // The task keeps the thread busy, so that the burst comes to an awake context.
    let gate = Arc::new(std::sync::Barrier::new(2));
    let inside = gate.clone();
    handle
        .submit(async move {
            inside.wait();
            inside.wait();
        })
        .unwrap()
        .detach();
    gate.wait();
    let before = handle.metrics();
    let ran = Arc::new(AtomicUsize::new(0));
    for _ in 0..10_000 {
        let ran = ran.clone();
        handle
            .submit(async move {
                ran.fetch_add(1, Ordering::Relaxed);
            })
            .unwrap()
            .detach();
    }
    let after = handle.metrics();
    assert_eq!(after.wakeups_sent, before.wakeups_sent, "it was awake");
    gate.wait();
    until(|| ran.load(Ordering::Relaxed) == 10_000);
    stop(&mut context);
    assert_coalesced(&handle.metrics());
}

/// 3, 4: a task that submits to its own context makes no wake-up call at all.
#[test]
fn submitting_to_oneself_makes_no_call() {
    let mut context = context::Context::new();
    context
        .block_on(async {
            for _ in 0..1000 {
                context::handle().submit(async {}).unwrap().await.unwrap();
            }
        })
        .unwrap();
    assert_eq!(context.handle().metrics().wakeups_sent, 0);
}

/// 4, 16: 10 threads flood a sleeping context with wakes of 10 tasks: no wake is lost, calls are bounded by sleeps.
#[test]
fn ten_threads_flood_with_wakes() {
    let _watchdog = Watchdog::new("ten_threads_flood_with_wakes");
    let mut context = ContextBuilder::new().spin(Duration::ZERO).build();
    context.start().unwrap();
    let handle = context.handle();
    let counters: Vec<_> = (0..10)
        .map(|_| Arc::new((AtomicU64::new(0), Gate::default())))
        .collect();
    const EACH: u64 = 2000;
    thread::scope(|scope| {
        for counter in &counters {
            let inner = counter.clone();
            let (sender, waker) = std::sync::mpsc::channel();
            // Ends when it has seen the last of its thread's values, so a lost wake hangs it.
            let task = handle
                .submit(std::future::poll_fn(move |cx| {
                    let _ = sender.send(cx.waker().clone());
                    if inner.0.load(Ordering::Relaxed) == EACH {
                        std::task::Poll::Ready(())
                    } else {
                        std::task::Poll::Pending
                    }
                }))
                .unwrap();
            scope.spawn(move || {
                let waker = waker.recv().unwrap();
                for n in 1..=EACH {
                    counter.0.store(n, Ordering::Relaxed);
                    waker.wake_by_ref();
                    if n % 64 == 0 {
                        thread::yield_now();
                    }
                }
                task.join_blocking().unwrap();
            });
        }
    });
    stop(&mut context);
    let metrics = handle.metrics();
    assert_coalesced(&metrics);
    assert!(metrics.inbox_received <= 10 + 10 * EACH);
}

/// 4: ping-pong between two contexts: every wake finds the other asleep, or about to be.
#[test]
fn ping_pong() {
    let _watchdog = Watchdog::new("ping_pong");
    for spin in [Duration::ZERO, Duration::from_micros(50)] {
        let mut contexts = [(); 2].map(|()| ContextBuilder::new().spin(spin).build());
        for context in &mut contexts {
            context.start().unwrap();
        }
        let other = contexts[1].handle();
        let task = contexts[0]
            .handle()
            .submit(async move {
                let mut sum = 0;
                for n in 0..3000_u64 {
                    sum += other.submit(async move { n }).unwrap().await.unwrap();
                }
                sum
            })
            .unwrap();
        assert_eq!(task.join_blocking().unwrap(), 3000 * 2999 / 2);
        for context in &mut contexts {
            stop(context);
        }
    }
}
