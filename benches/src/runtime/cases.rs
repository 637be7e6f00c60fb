//! The cases, over any runtime.

use std::future::{Future, poll_fn};
use std::hint::black_box;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use crate::process::processor_time;
use crate::runtime::Case;
use crate::runtime::cross_thread::cross_thread;
use crate::runtime::subject::Runtime;

/// Tasks of a burst.
pub(super) const BURST: u64 = 1000;

/// Tasks that yield by turns.
pub(super) const YIELDERS: u64 = 100;

/// Timers that fire in one iteration.
pub(super) const TIMERS: u64 = 100_000;

/// Times `iterations` of `case` on a runtime that is built for it.
///
/// Every case runs a little before it is timed, so that pools and caches are warm; the timers are warmed by their number.
pub(super) fn time<R: Runtime>(case: Case, iterations: u64) -> Option<Duration> {
    let warm_up = iterations / 8 + 1;
    R::run(async move {
        match case {
            Case::SpawnJoin => {
                spawn_join::<R>(warm_up).await;
                Some(spawn_join::<R>(iterations).await)
            }
            Case::SpawnBurst => {
                spawn_burst::<R>(warm_up).await;
                Some(spawn_burst::<R>(iterations).await)
            }
            Case::YieldOne => {
                yield_one::<R>(warm_up).await;
                Some(yield_one::<R>(iterations).await)
            }
            Case::YieldHundred => {
                yield_hundred::<R>(warm_up).await;
                Some(yield_hundred::<R>(iterations).await)
            }
            Case::TimerDrop => {
                timer_drop::<R>(warm_up).await;
                Some(timer_drop::<R>(iterations).await)
            }
            Case::TimersFire => Some(timers_fire::<R>(iterations).await),
            Case::CrossThread => {
                cross_thread::<R>(warm_up).await;
                Some(cross_thread::<R>(iterations).await)
            }
            Case::JoinTen => {
                join_ten::<R>(warm_up).await;
                Some(join_ten::<R>(iterations).await)
            }
            Case::RingNop => {
                R::ring_nops(warm_up).await?;
                R::ring_nops(iterations).await
            }
        }
    })
}

async fn spawn_join<R: Runtime>(iterations: u64) -> Duration {
    let begin = Instant::now();
    for iteration in 0..iterations {
        black_box(R::spawn(async move { black_box(iteration) }).await);
    }
    begin.elapsed()
}

async fn spawn_burst<R: Runtime>(iterations: u64) -> Duration {
    let mut tasks = Vec::with_capacity(BURST as usize);
    let begin = Instant::now();
    for _ in 0..iterations {
        for task in 0..BURST {
            tasks.push(R::spawn(async move { black_box(task) }));
        }
        for task in tasks.drain(..) {
            black_box(task.await);
        }
    }
    begin.elapsed()
}

async fn yield_one<R: Runtime>(iterations: u64) -> Duration {
    let begin = Instant::now();
    for _ in 0..iterations {
        R::yield_now().await;
    }
    begin.elapsed()
}

async fn yield_hundred<R: Runtime>(iterations: u64) -> Duration {
    let mut tasks = Vec::with_capacity(YIELDERS as usize);
    let begin = Instant::now();
    for _ in 0..YIELDERS {
        tasks.push(R::spawn(async move {
            for _ in 0..iterations {
                R::yield_now().await;
            }
        }));
    }
    for task in tasks {
        task.await;
    }
    begin.elapsed()
}

async fn timer_drop<R: Runtime>(iterations: u64) -> Duration {
    let begin = Instant::now();
    for _ in 0..iterations {
        let mut timer = pin!(R::sleep(black_box(Duration::from_secs(1))));
        poll_fn(|context| {
            black_box(timer.as_mut().poll(context).is_pending());
            Poll::Ready(())
        })
        .await;
    }
    begin.elapsed()
}

async fn timers_fire<R: Runtime>(iterations: u64) -> Duration {
    let mut tasks = Vec::with_capacity(TIMERS as usize);
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let begin = processor_time();
    for _ in 0..iterations {
        for _ in 0..TIMERS {
            // Marsaglia's xorshift64: the same durations for every subject.
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let duration = Duration::from_millis(random % 100 + 1);
            tasks.push(R::spawn(R::sleep(duration)));
        }
        for task in tasks.drain(..) {
            task.await;
        }
    }
    processor_time() - begin
}

async fn join_ten<R: Runtime>(iterations: u64) -> Duration {
    let begin = Instant::now();
    for _ in 0..iterations {
        black_box(R::join_ten(std::array::from_fn(|_| R::yield_now())).await);
    }
    begin.elapsed()
}
