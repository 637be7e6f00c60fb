//! Contexts that somebody else's event loop drives.

use std::cell::Cell;
use std::os::fd::AsRawFd;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use futures_util::future::FutureExt;

use context::{Context, Driven, DriverChoice, Next, RunError, Stop};
use uring_engine::{EngineConfig, EnterCall, EnterFault, SqPoll, op};

/// Turns until the context has ended; sleeps in `poll(2)`, and nowhere else.
fn drive(driven: &mut Driven) -> Result<(), RunError> {
    loop {
        match driven.turn()? {
            Next::Work => {}
            Next::Wait(limit) => wait(driven, limit),
            Next::Ended => return Ok(()),
        }
    }
}

/// Without a limit, and with nothing to wake it, this is a test that hangs.
fn wait(driven: &Driven, limit: Option<Duration>) {
    let limit = limit.map_or(-1, |limit| limit.as_millis() as i32 + 1);
    let mut wanted = libc::pollfd {
        fd: driven.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: one descriptor, that lives across the call.
    let ready = unsafe { libc::poll(&mut wanted, 1, limit) };
    let error = std::io::Error::last_os_error();
    assert!(
        ready >= 0 || error.raw_os_error() == Some(libc::EINTR),
        "{error}"
    );
}

/// Runs a future as the context's main task, and stops the context after it.
fn block_on<F: Future<Output: 'static> + 'static>(driven: &mut Driven, future: F) -> F::Output {
    let output = Rc::new(Cell::new(None));
    let handle = driven.handle();
    driven.enter(|| {
        let output = output.clone();
        context::spawn(async move {
            output.set(Some(future.await));
            handle.notify_stop(Stop::Abort);
        })
        .detach();
    });
    drive(driven).expect("no failure");
    output.take().expect("the main task has ended")
}

#[test]
fn tasks_timers_and_joins_work() {
    let mut driven = Context::new().into_driven().expect("a context");
    let sum = block_on(&mut driven, async {
        let tasks: Vec<_> = (0..100_u64)
            .map(|number| {
                context::spawn(async move {
                    context::sleep(Duration::from_micros(number * 50)).await;
                    context::yield_now().await;
                    number
                })
            })
            .collect();
        let mut sum = 0;
        for task in tasks {
            sum += task.await.expect("no panic");
        }
        sum
    });
    assert_eq!(sum, 4950);
}

#[test]
fn a_wait_for_a_timer_has_its_limit() {
    let mut driven = Context::new().into_driven().expect("a context");
    driven.enter(|| context::spawn(context::sleep(Duration::from_secs(1000))).detach());
    let limit = loop {
        match driven.turn().expect("no failure") {
            Next::Work => {}
            Next::Wait(limit) => break limit,
            Next::Ended => panic!("nobody stops it"),
        }
    };
    let limit = limit.expect("a timer is set");
    // Rounded up to a tick of the wheel.
    assert!(limit < Duration::from_secs(1001) && !limit.is_zero());
}

#[test]
fn without_anything_to_do_there_is_no_limit_and_nothing_to_read() {
    let context = Context::builder().stall_after(None).build();
    let mut driven = context.into_driven().expect("a context");
    driven.enter(|| context::spawn(std::future::pending::<()>()).detach());
    loop {
        match driven.turn().expect("no failure") {
            Next::Work => {}
            Next::Wait(limit) => {
                assert_eq!(limit, None);
                break;
            }
            Next::Ended => panic!("nobody stops it"),
        }
    }
    let mut wanted = libc::pollfd {
        fd: driven.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: as in `wait`.
    assert_eq!(unsafe { libc::poll(&mut wanted, 1, 0) }, 0);
    // A turn that was not asked for changes nothing.
    assert!(matches!(driven.turn(), Ok(Next::Work | Next::Wait(None))));
}

/// Each submission has to wake the loop, which has nothing else to wake it: a wake-up that is lost is a hang.
#[test]
fn other_threads_wake_it_every_time() {
    const ROUNDS: u64 = 20_000;
    const THREADS: u64 = 3;
    let context = Context::builder().stall_after(None).build();
    let mut driven = context.into_driven().expect("a context");
    let done = Arc::new(AtomicU64::new(0));
    let threads: Vec<_> = (0..THREADS)
        .map(|thread| {
            let handle = driven.handle();
            let done = done.clone();
            thread::spawn(move || {
                for round in 0..ROUNDS {
                    let counted = done.clone();
                    let task = handle.submit(async move {
                        counted.fetch_add(1, Ordering::Relaxed);
                    });
                    let task = task.expect("it runs");
                    // Alone, and in bursts; so that sleeps begin and are interrupted at all moments.
                    if (round + thread) % 3 == 0 {
                        drop(task.now_or_never());
                    } else {
                        task.join_blocking().expect("no panic");
                    }
                }
                if done.load(Ordering::Relaxed) >= ROUNDS * THREADS {
                    handle.notify_stop(Stop::Drain { deadline: None });
                }
            })
        })
        .collect();
    let handle = driven.handle();
    let ender = thread::spawn({
        let done = done.clone();
        move || {
            threads
                .into_iter()
                .for_each(|thread| thread.join().unwrap());
            handle.notify_stop(Stop::Drain { deadline: None });
            done.load(Ordering::Relaxed)
        }
    });
    drive(&mut driven).expect("no failure");
    ender.join().unwrap();
    assert_eq!(done.load(Ordering::Relaxed), ROUNDS * THREADS);
}

/// What runs on the same thread outside of the turns is another thread to the context.
#[test]
fn the_same_thread_wakes_it_from_outside() {
    let context = Context::builder().stall_after(None).build();
    let mut driven = context.into_driven().expect("a context");
    let handle = driven.handle();
    let mut outputs = 0;
    for round in 0..1000_u32 {
        let mut task = handle.submit(async move { round }).expect("it runs");
        let output = loop {
            match (&mut task).now_or_never() {
                Some(output) => break output.expect("no panic"),
                None => match driven.turn().expect("no failure") {
                    Next::Work => {}
                    Next::Wait(limit) => {
                        if (&mut task).now_or_never().is_none() {
                            wait(&driven, limit);
                        } else {
                            break round;
                        }
                    }
                    Next::Ended => panic!("nobody stops it"),
                },
            }
        };
        assert_eq!(output, round);
        outputs += 1;
    }
    assert_eq!(outputs, 1000);
}

#[test]
fn it_is_current_in_turns_and_entries_only() {
    let mut driven = Context::new().into_driven().expect("a context");
    assert!(!context::in_context());
    assert!(driven.enter(context::in_context));
    assert!(!context::in_context());
    assert!(block_on(&mut driven, async { context::in_context() }));
    assert!(!context::in_context());
    // Another context may run on the thread meanwhile, also in one of its tasks.
    assert_eq!(context::block_on(async { 3 }).unwrap(), 3);
    drop(driven);
    assert!(!context::in_context());
    assert_eq!(context::block_on(async { 4 }).unwrap(), 4);
}

#[test]
fn two_of_them_share_a_thread() {
    let mut first = Context::new().into_driven().expect("a context");
    let mut second = Context::new().into_driven().expect("a context");
    let (to_first, to_second) = (first.handle(), second.handle());
    // Each asks the other for a number, again and again.
    let asks = |other: context::Handle| async move {
        let mut sum = 0;
        for number in 0..100_u64 {
            sum += other
                .submit(async move { number })
                .expect("it runs")
                .await
                .expect("no panic");
        }
        sum
    };
    let mut one = to_first.submit(asks(to_second.clone())).expect("it runs");
    let mut two = to_second.submit(asks(to_first)).expect("it runs");
    let mut sums = [None, None];
    while sums.iter().any(Option::is_none) {
        let _ = first.turn().expect("no failure");
        let _ = second.turn().expect("no failure");
        for (sum, task) in sums.iter_mut().zip([&mut one, &mut two]) {
            if sum.is_none() {
                *sum = task.now_or_never();
            }
        }
    }
    assert!(sums.into_iter().flatten().all(|sum| sum.unwrap() == 4950));
}

#[test]
fn dropping_it_ends_its_tasks() {
    struct Counts(Arc<AtomicU64>);
    impl Drop for Counts {
        fn drop(&mut self) {
            assert!(context::in_context());
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let dropped = Arc::new(AtomicU64::new(0));
    let mut driven = Context::new().into_driven().expect("a context");
    for _ in 0..10 {
        let counts = Counts(dropped.clone());
        driven.enter(|| {
            context::spawn(async move {
                let _counts = counts;
                context::sleep(Duration::from_secs(1000)).await;
            })
            .detach();
        });
    }
    let _ = driven.turn().expect("no failure");
    let handle = driven.handle();
    drop(driven);
    assert_eq!(dropped.load(Ordering::Relaxed), 10);
    assert!(handle.submit(async {}).is_err());
}

#[test]
fn a_drain_ends_it_when_the_work_is_done_or_the_time_is_over() {
    let mut driven = Context::new().into_driven().expect("a context");
    driven.enter(|| context::spawn(context::sleep(Duration::from_millis(5))).detach());
    let handle = driven.handle();
    handle.notify_stop(Stop::Drain { deadline: None });
    drive(&mut driven).expect("all work is done");
    assert!(matches!(driven.turn(), Ok(Next::Ended)), "and stays so");

    let mut driven = Context::new().into_driven().expect("a context");
    driven.enter(|| context::spawn(std::future::pending::<()>()).detach());
    let begun = Instant::now();
    driven.handle().notify_stop(Stop::Drain {
        deadline: Some(Duration::from_millis(5)),
    });
    let error = drive(&mut driven).expect_err("a task is left");
    assert!(matches!(error, RunError::Stopped { live: 1 }), "{error}");
    assert!(begun.elapsed() >= Duration::from_millis(5));
    assert!(matches!(driven.turn(), Ok(Next::Ended)), "and stays so");
}

#[test]
fn it_is_refused_where_it_cannot_be() {
    let mut started = Context::new();
    started.start().expect("a context");
    assert!(matches!(started.into_driven(), Err(RunError::Running)));
    let inside = context::block_on(async { Context::new().into_driven().err() }).unwrap();
    assert!(matches!(inside, Some(RunError::Nested)));
}

#[test]
fn a_panic_of_a_task_stays_in_it() {
    let mut driven = Context::new().into_driven().expect("a context");
    let outcome = block_on(&mut driven, async {
        context::spawn(async { panic!("on purpose") }).await
    });
    assert!(outcome.unwrap_err().is_panic());
}

/// A submission thread may get its turn late: until then there is nothing to do but wait, and certainly not turn after turn.
#[test]
fn a_submission_thread_is_waited_for() {
    const OPERATIONS: u64 = 100;
    let engine = EngineConfig {
        sqpoll: Some(SqPoll {
            idle_ms: 1,
            cpu: None,
        }),
        ..EngineConfig::default()
    };
    let context = Context::builder()
        .driver(DriverChoice::Uring)
        .engine(engine)
        .build();
    let mut driven = match context.into_driven() {
        Ok(driven) => driven,
        Err(error) => return eprintln!("skipped: {error}"),
    };
    let handle = driven.handle();
    driven.enter(|| {
        context::spawn(async move {
            let engine = context::driver().engine().clone();
            for _ in 0..OPERATIONS {
                engine.op(op::Nop::new()).await.expect("a no-op");
            }
            handle.notify_stop(Stop::Abort);
        })
        .detach();
    });
    let mut turns = 0;
    loop {
        turns += 1;
        match driven.turn().expect("no failure") {
            Next::Work => {}
            Next::Wait(limit) => wait(&driven, limit),
            Next::Ended => break,
        }
    }
    assert!(turns < 10 * OPERATIONS, "{turns} turns");
}

fn broken(_: EnterCall) -> EnterFault {
    EnterFault::Errno(libc::ENOMEM)
}

#[test]
fn a_ring_that_breaks_ends_it() {
    let engine = EngineConfig {
        enter_fault: Some(broken),
        ..EngineConfig::default()
    };
    let context = Context::builder()
        .driver(DriverChoice::Uring)
        .engine(engine)
        .build();
    let mut driven = match context.into_driven() {
        Ok(driven) => driven,
        Err(error) => return eprintln!("skipped: {error}"),
    };
    let task = driven.enter(|| {
        context::spawn(async {
            let engine = context::driver().engine().clone();
            engine.op(op::Nop::new()).await
        })
    });
    let error = drive(&mut driven).expect_err("nothing can be submitted");
    assert!(matches!(error, RunError::Driver(_)), "{error}");
    assert!(matches!(driven.turn(), Ok(Next::Ended)));
    let handle = driven.handle();
    drop(driven);
    assert!(task.now_or_never().expect("ended").is_err());
    // It has ended, so it is busy no longer.
    let busy = handle.metrics().busy;
    thread::sleep(Duration::from_millis(1));
    assert_eq!(handle.metrics().busy, busy);
}

#[test]
fn one_that_is_forgotten_does_no_harm() {
    let mut driven = Context::new().into_driven().expect("a context");
    driven.enter(|| context::spawn(context::sleep(Duration::from_secs(1000))).detach());
    let _ = driven.turn().expect("no failure");
    let handle = driven.handle();
    // Never dropped; and reachable, so that who looks for leaks sees that it is meant.
    static FORGOTTEN: AtomicPtr<Driven> = AtomicPtr::new(std::ptr::null_mut());
    FORGOTTEN.store(Box::into_raw(Box::new(driven)), Ordering::Relaxed);
    assert_eq!(context::block_on(async { 5 }).unwrap(), 5);
    // Nobody will run it, and nobody says so: it only must not be undefined.
    drop(handle.submit(async {}));
}
