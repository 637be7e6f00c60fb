//! Random programs over every form of channel, each step compared with a specification: every message is received once
//! and in order, the capacity is kept, every sender is told the truth about its message, nobody sleeps beside something it
//! waits for, and each message is dropped once.

mod poll;
mod program;
mod run;
mod spec;
mod subject;
#[path = "../../../sync-prims/tests/support/mod.rs"]
mod support;
mod wait;

use channel::Channel;
use channel::future::{Counted, Local, Resizable, Shared};
use proptest::prelude::{ProptestConfig, any, proptest};
use proptest::sample::select;

use program::{Step, program, resizing_program};
use run::Run;
use subject::{Handles, Message, Subject};

/// Capacities to begin with. A channel without a limit has the last one.
const CAPACITIES: [usize; 5] = [0, 1, 3, 16, usize::MAX];

fn check<S: Subject>(subject: S, capacity: usize, program: Vec<Step>) {
    let ledger = Run::new(&subject, capacity).program(program);
    drop(subject);
    assert!(ledger.all_were_dropped(), "a message was forgotten");
}

fn check_handles<F>(handles: Handles<F>, capacity: usize, program: Vec<Step>)
where
    F: Counted<Item = Message>,
    F::Buffer: Resizable,
{
    check(handles, capacity, program);
}

fn shared(capacity: usize) -> Handles<Shared<Message>> {
    let (sender, receiver) = channel::bounded(capacity);
    Handles(sender, receiver)
}

fn local(capacity: usize) -> Handles<Local<Message>> {
    let (sender, receiver) = channel::local::bounded(capacity);
    Handles(sender, receiver)
}

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: if cfg!(debug_assertions) { 200 } else { 20_000 },
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn handles_behave_as_specified(capacity in select(&CAPACITIES), program in program()) {
        check_handles(shared(capacity), capacity, program);
    }

    #[test]
    fn handles_behave_as_specified_when_the_capacity_changes(
        capacity in select(&CAPACITIES),
        program in resizing_program(),
        is_local in any::<bool>(),
    ) {
        if is_local {
            check_handles(local(capacity), capacity, program);
        } else {
            check_handles(shared(capacity), capacity, program);
        }
    }

    #[test]
    fn local_handles_behave_as_specified(capacity in select(&CAPACITIES), program in program()) {
        check_handles(local(capacity), capacity, program);
    }

    #[test]
    fn channels_in_place_behave_as_specified(size in 0..4usize, program in program()) {
        match size {
            0 => check(Channel::<Message, 0>::new(), 0, program),
            1 => check(Channel::<Message, 1>::new(), 1, program),
            2 => check(Channel::<Message, 3>::new(), 3, program),
            _ => check(Channel::<Message, 16>::new(), 16, program),
        }
    }
}
