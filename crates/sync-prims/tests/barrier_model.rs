//! Random programs over a `Barrier`, each step compared with a sequential model.

mod support;

use std::task::Poll;

use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, prop_oneof, proptest};
use support::Hand;
use sync_prims::Barrier;
use sync_prims::barrier::Wait;

/// An index picks among what there is at that moment.
#[derive(Clone, Debug)]
enum Step {
    /// Begin a wait, without a poll.
    Begin,
    Poll(usize),
    Drop(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Begin),
        8 => (0..16usize).prop_map(Step::Poll),
        2 => (0..16usize).prop_map(Step::Drop),
    ]
}

/// What the model knows of a wait.
#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Unpolled,
    Arrived,
    Told,
}

struct Run<'b> {
    barrier: &'b Barrier,
    waits: Vec<(State, Hand<Wait<'b>>)>,
}

impl Run<'_> {
    fn arrived(&self) -> usize {
        let arrived = |(state, _): &&(State, _)| *state == State::Arrived;
        self.waits.iter().filter(arrived).count()
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Begin => {
                let wait = Hand::new(self.barrier.wait());
                self.waits.push((State::Unpolled, wait));
            }
            Step::Poll(i) if !self.waits.is_empty() => self.poll(i % self.waits.len()),
            Step::Drop(i) if !self.waits.is_empty() => {
                drop(self.waits.swap_remove(i % self.waits.len()));
            }
            Step::Poll(_) | Step::Drop(_) => {}
        }
        self.compare();
    }

    fn poll(&mut self, i: usize) {
        let opens = self.arrived() + 1 >= self.barrier.parties();
        let (state, wait) = &mut self.waits[i];
        let leads = opens && *state == State::Unpolled;
        let expected = match state {
            State::Told => Poll::Ready(false),
            State::Unpolled if leads => Poll::Ready(true),
            State::Unpolled | State::Arrived => Poll::Pending,
        };
        assert_eq!(wait.poll().map(|result| result.is_leader()), expected);
        if expected.is_pending() {
            *state = State::Arrived;
            return;
        }
        drop(self.waits.swap_remove(i));
        if leads {
            for (state, _) in &mut self.waits {
                if *state == State::Arrived {
                    *state = State::Told;
                }
            }
        }
    }

    fn compare(&self) {
        let shown = format!("{:?}", self.barrier);
        let expected = format!("arrived: {}", self.arrived());
        assert!(shown.contains(&expected), "{shown}, {expected}");
        for (state, wait) in &self.waits {
            assert_eq!(wait.wakes(), usize::from(*state == State::Told));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn behaves_like_its_model(parties in 0..5usize, program in vec(step(), 0..120)) {
        let barrier = Barrier::new(parties);
        let mut run = Run { barrier: &barrier, waits: Vec::new() };
        for step in program {
            run.step(step);
        }
    }
}
