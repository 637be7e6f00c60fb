//! Requirement 7: `Scheduler::run` returns exactly when all work is done, work submitted by running work, and by threads that
//! hold guards, included.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use context::{Scheduler, SchedulerHandle, SubmitError};

use crate::support::{Drops, Watchdog};

/// 7: tasks that submit tasks that submit tasks, across contexts: when `run` returns, all have run.
#[test]
fn a_tree_of_submissions_is_run_to_the_last_leaf() {
    let _watchdog = Watchdog::new("a_tree_of_submissions_is_run_to_the_last_leaf");
    fn grow(scheduler: SchedulerHandle, ran: Arc<AtomicUsize>, depth: u32) {
        let inner = scheduler.clone();
        scheduler
            .submit(async move {
                if depth.is_multiple_of(2) {
                    context::yield_now().await;
                }
                ran.fetch_add(1, Ordering::Relaxed);
                if depth > 0 {
                    grow(inner.clone(), ran.clone(), depth - 1);
                    grow(inner, ran, depth - 1);
                }
            })
            .unwrap()
            .detach();
    }
    for _ in 0..30 {
        let mut scheduler = Scheduler::new(3);
        let ran = Arc::new(AtomicUsize::new(0));
        grow(scheduler.handle(), ran.clone(), 6);
        scheduler.run().unwrap();
        assert_eq!(ran.load(Ordering::Relaxed), 127);
    }
}

/// 7: the last task of one context hands over to another context at the very end of its life, many times over.
#[test]
fn the_last_task_hands_over() {
    let _watchdog = Watchdog::new("the_last_task_hands_over");
    fn pass(scheduler: SchedulerHandle, at: usize, left: u32, done: Arc<AtomicBool>) {
        let next = scheduler.clone();
        scheduler.contexts()[at]
            .submit(async move {
                if left == 0 {
                    done.store(true, Ordering::Relaxed);
                } else {
                    pass(next, 1 - at, left - 1, done);
                }
            })
            .unwrap()
            .detach();
    }
    for round in 0..300 {
        let mut scheduler = Scheduler::new(2);
        let done = Arc::new(AtomicBool::new(false));
        pass(scheduler.handle(), 0, round % 8, done.clone());
        scheduler.run().unwrap();
        assert!(
            done.load(Ordering::Relaxed),
            "the run ended before its work"
        );
    }
}

/// 7: threads that submit while the run ends: each submission is either part of the run and done when it returns, or comes
/// back.
#[test]
fn submissions_race_with_the_end() {
    let _watchdog = Watchdog::new("submissions_race_with_the_end");
    for _ in 0..150 {
        let mut scheduler = Scheduler::new(2);
        scheduler.start().unwrap();
        let (ran, returned) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
        let submitters: Vec<_> = (0..3)
            .map(|_| {
                let (handle, ran, returned) = (scheduler.handle(), ran.clone(), returned.clone());
                // The run does not end before each has begun.
                let mut guard = Some(handle.contexts()[0].register_wait().unwrap());
                thread::spawn(move || {
                    let mut accepted = 0;
                    for _ in 0..1000 {
                        let (ran, returned) = (ran.clone(), returned.clone());
                        match handle.submit(async move {
                            assert!(!returned.load(Ordering::SeqCst), "ran after the end");
                            ran.fetch_add(1, Ordering::SeqCst);
                        }) {
                            Ok(task) => {
                                accepted += 1;
                                task.detach();
                                drop(guard.take());
                            }
                            Err(SubmitError::Ended(_)) => break,
                            Err(SubmitError::Full(_)) => unreachable!("unbounded"),
                        }
                    }
                    accepted
                })
            })
            .collect();
        scheduler.run().unwrap();
        returned.store(true, Ordering::SeqCst);
        let ran = ran.load(Ordering::SeqCst);
        let accepted: usize = submitters
            .into_iter()
            .map(|submitter| submitter.join().unwrap())
            .sum();
        assert_eq!(ran, accepted);
        assert!(accepted >= 3);
    }
}

/// 7: a guard, held by a thread that will submit, keeps the run going until it is dropped.
#[test]
fn threads_with_guards_submit_until_they_let_go() {
    let _watchdog = Watchdog::new("threads_with_guards_submit_until_they_let_go");
    for _ in 0..100 {
        let mut scheduler = Scheduler::new(2);
        let ran = Arc::new(AtomicUsize::new(0));
        let threads: Vec<_> = (0..2)
            .map(|at| {
                let (handle, ran) = (scheduler.handle(), ran.clone());
                let guard = handle.contexts()[at].register_wait().unwrap();
                thread::spawn(move || {
                    for _ in 0..10 {
                        let ran = ran.clone();
                        handle
                            .submit(async move {
                                ran.fetch_add(1, Ordering::Relaxed);
                            })
                            .unwrap()
                            .detach();
                        thread::yield_now();
                    }
                    drop(guard);
                })
            })
            .collect();
        scheduler.run().unwrap();
        assert_eq!(ran.load(Ordering::Relaxed), 20);
        for thread in threads {
            thread.join().unwrap();
        }
    }
}

/// 7: submitting after the end is an error that returns the future, undropped.
#[test]
fn a_submission_after_the_end_comes_back() {
    let mut scheduler = Scheduler::new(2);
    scheduler.run().unwrap();
    let drops = Drops::default();
    let guard = drops.guard();
    let Err(SubmitError::Ended(future)) = scheduler.handle().submit(async move { drop(guard) })
    else {
        panic!("accepted after the end");
    };
    assert_eq!(drops.count(), 0);
    drop(future);
    assert_eq!(drops.count(), 1);
    let Err(SubmitError::Ended(make)) = scheduler.handle().submit_with(|| async { 5 }) else {
        panic!("accepted after the end");
    };
    assert_eq!(context::block_on(make()).unwrap(), 5);
    assert!(scheduler.contexts()[0].register_wait().is_err());
    // And a new run takes work again.
    scheduler.start().unwrap();
    let task = scheduler.handle().submit(async { 6 }).unwrap();
    scheduler.run().unwrap();
    assert_eq!(task.join_blocking().unwrap(), 6);
}

/// 7: a run without work ends at once, and can be repeated.
#[test]
fn a_run_without_work_ends() {
    let mut scheduler = Scheduler::new(2);
    for _ in 0..50 {
        scheduler.run().unwrap();
    }
}
