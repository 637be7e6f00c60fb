//! Requirement 11: dispatch strategies.

use context::{Dispatch, Handle, LeastLoaded, PowerOfTwoChoices, RoundRobin, Scheduler};

/// Submits before the start, so that nothing ends meanwhile, and counts what each context then ran.
fn spread(dispatch: impl Dispatch + 'static, contexts: usize, tasks: usize) -> Vec<u64> {
    let mut scheduler = Scheduler::builder()
        .contexts(contexts)
        .dispatch(dispatch)
        .build();
    for _ in 0..tasks {
        scheduler.handle().submit(async {}).unwrap().detach();
    }
    scheduler.run().unwrap();
    scheduler
        .contexts()
        .iter()
        .map(|context| context.metrics().tasks_finished)
        .collect()
}

/// 11: round robin is exact.
#[test]
fn round_robin() {
    assert_eq!(spread(RoundRobin::default(), 3, 300), [100, 100, 100]);
    assert_eq!(spread(RoundRobin::default(), 1, 5), [5]);
}

/// 11: least loaded counts what was submitted and not yet taken up, so it is exact before the start.
#[test]
fn least_loaded() {
    assert_eq!(spread(LeastLoaded, 3, 300), [100, 100, 100]);
    let mut scheduler = Scheduler::builder()
        .contexts(3)
        .dispatch(LeastLoaded)
        .build();
    for _ in 0..10 {
        scheduler.contexts()[0].submit(async {}).unwrap().detach();
    }
    for _ in 0..10 {
        scheduler.handle().submit(async {}).unwrap().detach();
    }
    scheduler.run().unwrap();
    let finished: Vec<_> = scheduler
        .contexts()
        .iter()
        .map(|context| context.metrics().tasks_finished)
        .collect();
    assert_eq!(finished, [10, 5, 5]);
}

/// 11: power of two choices is close to even: far closer than random, for any seed.
#[test]
fn power_of_two_choices() {
    for seed in 0..20 {
        let finished = spread(PowerOfTwoChoices::with_seed(seed), 4, 400);
        assert_eq!(finished.iter().sum::<u64>(), 400);
        assert!(
            finished.iter().all(|n| (90..=110).contains(n)),
            "{finished:?}"
        );
    }
    assert_eq!(spread(PowerOfTwoChoices::default(), 1, 5), [5]);
}

/// 11: a strategy of one's own; an index that is out of range wraps around.
#[test]
fn ones_own() {
    assert_eq!(spread(|_: &[Handle]| 1, 3, 30), [0, 30, 0]);
    assert_eq!(spread(|_: &[Handle]| 5, 3, 30), [0, 0, 30]);
}
