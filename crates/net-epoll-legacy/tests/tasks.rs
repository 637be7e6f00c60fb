//! Tasks and the contexts that run them: requirements 48 and 49.

mod support;

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use net_epoll_legacy::{Acceptor, Connection, IoContext, JoinError, Stopping};
use support::{give_way, run};

/// Says when it is dropped.
struct OnDrop(Arc<AtomicUsize>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn spawn_starts_at_once_and_returns_at_the_first_suspension() {
    let context = IoContext::new().unwrap();
    let steps = Arc::new(Mutex::new(Vec::new()));
    let noted = steps.clone();
    let note = move |step| noted.lock().unwrap().push(step);
    let inside = note.clone();
    context.spawn(async move {
        inside("first poll");
        give_way().await;
        inside("second poll");
    });
    note("spawn has returned");
    context.run().unwrap();
    assert_eq!(
        *steps.lock().unwrap(),
        ["first poll", "spawn has returned", "second poll"]
    );
}

#[test]
fn run_returns_when_the_last_task_has_ended_and_may_be_called_again() {
    for threads in [1, 3] {
        let context = IoContext::multi_threaded(threads).unwrap();
        context.run().unwrap();
        for _ in 0..3 {
            let ended = Arc::new(AtomicUsize::new(0));
            for generation in 0..100 {
                let (handle, ended) = (context.handle(), ended.clone());
                context.spawn(async move {
                    handle.sleep(Duration::from_micros(generation * 10)).await;
                    let inner = ended.clone();
                    handle.spawn(async move {
                        give_way().await;
                        inner.fetch_add(1, Ordering::SeqCst);
                    });
                    ended.fetch_add(1, Ordering::SeqCst);
                });
            }
            context.run().unwrap();
            assert_eq!((ended.load(Ordering::SeqCst), context.tasks()), (200, 0));
        }
    }
}

#[test]
fn a_panic_ends_its_task_alone() {
    let ended = run(1, |handle| async move {
        handle.spawn_named("careless", async { panic!("on purpose") });
        let panicked = handle.spawn_joined("watched", async {
            give_way().await;
            panic!("number {}", 7)
        });
        let error = panicked.await.err().unwrap();
        assert!(error.to_string().ends_with("panicked: number 7"), "{error}");
        assert!(matches!(error, JoinError::Panicked { .. }));
        handle.spawn_joined("calm", async { 5 }).await.unwrap()
    });
    assert_eq!(ended, 5);
}

#[test]
fn a_task_can_be_aborted_or_left_to_itself() {
    run(1, |handle| async move {
        let drops = Arc::new(AtomicUsize::new(0));
        let task = |drops: &Arc<AtomicUsize>| {
            let (handle, guard) = (handle.clone(), OnDrop(drops.clone()));
            async move {
                let _guard = guard;
                handle.sleep(Duration::from_secs(3600)).await;
            }
        };
        let aborted = handle.spawn_joined("aborted", task(&drops));
        assert!(!aborted.is_finished());
        aborted.abort();
        while drops.load(Ordering::SeqCst) == 0 {
            give_way().await;
        }
        drop(handle.spawn_joined("left", task(&drops)));
        give_way().await;
        assert_eq!(drops.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn a_context_that_is_dropped_drops_tasks_that_hold_its_handle() {
    let drops = Arc::new(AtomicUsize::new(0));
    let context = IoContext::new().unwrap();
    let (handle, guard) = (context.handle(), OnDrop(drops.clone()));
    context.spawn(async move {
        let _guard = guard;
        handle.sleep(Duration::from_secs(3600)).await;
    });
    drop(context);
    assert_eq!(drops.load(Ordering::SeqCst), 1);
}

#[test]
fn a_graceful_stop_ends_accepts_and_waits_for_tasks() {
    for threads in [1, 2] {
        let context = IoContext::multi_threaded(threads).unwrap();
        let (handle, stopping) = (context.handle(), context.handle());
        let finished = Arc::new(AtomicBool::new(false));
        let said = finished.clone();
        context.spawn_named("acceptor", async move {
            let acceptor = Acceptor::bind(&handle, "127.0.0.1:0").await.unwrap();
            let busy = handle.clone();
            handle.spawn_named("busy", async move {
                busy.stop_within(Duration::from_secs(60));
                busy.sleep(Duration::from_millis(30)).await;
                said.store(true, Ordering::SeqCst);
            });
            let error = acceptor.accept().await.err().unwrap();
            assert!(Stopping::is(&error), "{error}");
        });
        context.run().unwrap();
        assert!(finished.load(Ordering::SeqCst) && stopping.is_stopping());
    }
}

#[test]
fn a_graceful_stop_becomes_an_abort_when_its_time_is_over() {
    let context = IoContext::new().unwrap();
    let handle = context.handle();
    let drops = Arc::new(AtomicUsize::new(0));
    let guard = OnDrop(drops.clone());
    context.spawn(async move {
        let _guard = guard;
        handle.stop_within(Duration::from_millis(10));
        handle.sleep(Duration::from_secs(3600)).await;
    });
    context.run().unwrap();
    assert_eq!(drops.load(Ordering::SeqCst), 1);
}

#[test]
fn deep_spawns_do_not_overflow_the_stack() {
    fn spawn_more(handle: net_epoll_legacy::Handle, left: usize, ended: Arc<AtomicUsize>) {
        ended.fetch_add(1, Ordering::SeqCst);
        if left > 0 {
            let inner = handle.clone();
            handle.spawn(async move { spawn_more(inner, left - 1, ended) });
        }
    }
    let context = IoContext::new().unwrap();
    let ended = Arc::new(AtomicUsize::new(0));
    spawn_more(context.handle(), 100_000, ended.clone());
    context.run().unwrap();
    assert_eq!(ended.load(Ordering::SeqCst), 100_001);
}

#[test]
fn tasks_of_several_threads_wake_one_another() {
    for threads in [1, 2, 4] {
        run(threads, |handle| async move {
            let mut tasks = Vec::new();
            for _ in 0..20 {
                let (one, other) = Connection::pair(&handle).unwrap();
                tasks.push(handle.spawn_joined("ping", bounce(one, true)));
                tasks.push(handle.spawn_joined("pong", bounce(other, false)));
            }
            for task in tasks {
                task.await.unwrap().unwrap();
            }
        });
    }
}

async fn bounce(connection: Connection, first: bool) -> io::Result<()> {
    let mut byte = [0];
    for round in 0..500_u32 {
        if first {
            connection.send_all(&[round as u8]).await?;
        }
        support::receive_exactly(&connection, &mut byte).await?;
        assert_eq!(byte[0], round as u8);
        if !first {
            connection.send_all(&byte).await?;
        }
    }
    Ok(())
}

#[test]
fn tasks_can_be_spawned_from_any_thread() {
    for threads in [1, 3] {
        let context = IoContext::multi_threaded(threads).unwrap();
        let handle = context.handle();
        let spawners: Vec<_> = (0..4)
            .map(|_| {
                let handle = handle.clone();
                thread::spawn(move || {
                    let tasks: Vec<_> = (0..1000_u64)
                        .map(|n| handle.spawn_joined("", async move { n }))
                        .collect();
                    tasks
                })
            })
            .collect();
        let sum = context.block_on(async {
            let mut sum = 0;
            for spawner in spawners {
                while !spawner.is_finished() {
                    give_way().await;
                }
                for task in spawner.join().unwrap() {
                    sum += task.await.unwrap();
                }
            }
            sum
        });
        assert_eq!(sum.unwrap(), 4 * 499_500);
    }
}

#[test]
fn timers_fire_in_order_and_never_early() {
    run(1, |handle| async move {
        let begin = Instant::now();
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for millis in [30, 10, 0, 20] {
            let (clock, order) = (handle.clone(), order.clone());
            tasks.push(handle.spawn_joined("sleeper", async move {
                clock.sleep(Duration::from_millis(millis)).await;
                assert!(begin.elapsed() >= Duration::from_millis(millis));
                order.lock().unwrap().push(millis);
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), [0, 10, 20, 30]);
        // Longer than any clock.
        let forever = handle.timeout(Duration::ZERO, handle.sleep(Duration::MAX));
        assert!(forever.await.is_err());
        assert_eq!(handle.timeout(Duration::ZERO, async { 1 }).await, Ok(1));
        let mut ticks = handle.interval(Duration::from_millis(5));
        let (first, second) = (ticks.tick().await, ticks.tick().await);
        assert!(second - first >= Duration::from_millis(5));
    });
}

#[test]
fn a_shorter_timer_cuts_a_wait_short_that_has_begun() {
    for threads in [1, 3] {
        let context = IoContext::multi_threaded(threads).unwrap();
        let handle = context.handle();
        let far = handle.clone();
        context.spawn(async move { far.sleep(Duration::from_secs(3600)).await });
        let near = thread::spawn(move || {
            thread::sleep(Duration::from_millis(20));
            let clock = handle.clone();
            handle.spawn(async move {
                clock.sleep(Duration::from_millis(5)).await;
                clock.request_abort();
            });
        });
        // Without the cut this takes an hour.
        context.run().unwrap();
        near.join().unwrap();
    }
}

#[test]
fn misuse_is_told() {
    assert_eq!(
        IoContext::multi_threaded(0).err().unwrap().kind(),
        io::ErrorKind::InvalidInput
    );
    let context = IoContext::new().unwrap();
    let nested = context.block_on(async { context.run() }).unwrap();
    assert!(nested.unwrap_err().to_string().contains("run already"));
    let handle = context.handle();
    let aborted = context.block_on(async move {
        handle.request_abort();
        std::future::pending::<()>().await;
    });
    assert!(aborted.unwrap_err().to_string().contains("aborted"));
}
