//! Requirement 16: `JoinHandle::into_remote` in every state, and what any thread may then do with the handle.

use std::thread;

use crate::support::{Gate, Witness, own_waker, poll_once};

/// The states in which a local handle can be turned into a remote one.
#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Queued,
    Waiting,
    WaitingWithJoiner,
    Complete,
    CompleteWithWakers,
}

const STATES: [State; 5] = [
    State::Queued,
    State::Waiting,
    State::WaitingWithJoiner,
    State::Complete,
    State::CompleteWithWakers,
];

/// What the remote handle is used for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Use {
    JoinElsewhere,
    JoinHere,
    DropElsewhere,
    DropHere,
    AbortElsewhere,
}

const USES: [Use; 5] = [
    Use::JoinElsewhere,
    Use::JoinHere,
    Use::DropElsewhere,
    Use::DropHere,
    Use::AbortElsewhere,
];

/// 16: each state with each use: the output arrives once, the task is freed once.
#[test]
fn each_state_with_each_use() {
    for state in STATES {
        for used in USES {
            run(state, used);
        }
    }
}

fn run(state: State, used: Use) {
    let task_memory = Witness::new();
    let output = Witness::new();
    context::block_on(async {
        let gate = Gate::default();
        let (inner, token) = (gate.clone(), output.token());
        let leaked = std::rc::Rc::new(std::cell::RefCell::new(None));
        let leak = leaked.clone();
        let complete = matches!(state, State::Complete | State::CompleteWithWakers);
        let mut task = context::spawn_named(task_memory.name(), async move {
            if state == State::CompleteWithWakers {
                *leak.borrow_mut() = Some(own_waker().await);
            }
            if !complete {
                inner.wait().await;
            }
            token
        });
        if state != State::Queued {
            context::yield_now().await;
        }
        if state == State::WaitingWithJoiner {
            assert!(poll_once(&mut task).is_pending());
        }
        assert_eq!(task.is_finished(), complete);
        let remote = task.into_remote();
        assert_eq!(remote.is_finished(), complete);
        match used {
            Use::JoinHere => {
                gate.open();
                drop(remote.await.unwrap());
            }
            Use::DropHere => drop(remote),
            Use::JoinElsewhere => {
                let joiner = thread::spawn(move || drop(remote.join_blocking().unwrap()));
                gate.open();
                while !joiner.is_finished() {
                    context::yield_now().await;
                }
                joiner.join().unwrap();
            }
            Use::DropElsewhere => thread::spawn(move || drop(remote)).join().unwrap(),
            Use::AbortElsewhere => {
                let joiner = thread::spawn(move || {
                    remote.abort();
                    remote.join_blocking()
                });
                while !joiner.is_finished() {
                    context::yield_now().await;
                }
                let ended = joiner.join().unwrap();
                assert_eq!(ended.is_ok(), complete, "{state:?}");
            }
        }
        gate.open();
        let waker = leaked.borrow_mut().take();
        if let Some(waker) = waker {
            thread::spawn(move || waker.wake()).join().unwrap();
        }
        while task_memory.holders() > 0 {
            context::yield_now().await;
        }
    })
    .unwrap();
    assert_eq!(output.holders(), 0, "{state:?} {used:?}");
    assert_eq!(task_memory.holders(), 0, "{state:?} {used:?}");
}
