//! Random programs over a `Semaphore`, each step compared with a sequential model.

mod support;

use std::collections::VecDeque;
use std::task::Poll;

use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, prop_oneof, proptest};
use support::Hand;
use sync_prims::semaphore::{Acquire, Semaphore, SemaphorePermit, TryAcquireError};

/// An index picks among what there is at that moment.
#[derive(Clone, Debug)]
enum Step {
    /// Begin a wait, without a poll.
    Acquire(usize),
    Poll(usize),
    DropWait(usize),
    TryAcquire(usize),
    DropPermit(usize),
    ForgetPermit(usize),
    Split(usize, usize),
    Add(usize),
    Forget(usize),
    Close,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        10 => (0..5usize).prop_map(Step::Acquire),
        20 => (0..16usize).prop_map(Step::Poll),
        6 => (0..16usize).prop_map(Step::DropWait),
        5 => (0..4usize).prop_map(Step::TryAcquire),
        10 => (0..16usize).prop_map(Step::DropPermit),
        1 => (0..16usize).prop_map(Step::ForgetPermit),
        2 => (0..16usize, 0..4usize).prop_map(|(i, n)| Step::Split(i, n)),
        3 => (0..4usize).prop_map(Step::Add),
        1 => (0..4usize).prop_map(Step::Forget),
        1 => Just(Step::Close),
    ]
}

/// What the model knows of a wait.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Wait {
    Unpolled,
    Queued,
    Granted,
    Refused,
}

#[derive(Default)]
struct Model {
    available: usize,
    closed: bool,
    /// Numbers of waits.
    queue: VecDeque<usize>,
    /// By number: what was asked for, and how it stands.
    waits: Vec<(usize, Wait)>,
}

impl Model {
    fn try_take(&mut self, permits: usize) -> Result<(), TryAcquireError> {
        if self.closed {
            return Err(TryAcquireError::Closed);
        }
        if permits > 0 && (!self.queue.is_empty() || self.available < permits) {
            return Err(TryAcquireError::NoPermits);
        }
        self.available -= permits;
        Ok(())
    }

    /// What the poll of a wait returns.
    fn poll(&mut self, number: usize) -> Poll<Result<(), ()>> {
        let (permits, state) = self.waits[number];
        match state {
            Wait::Granted => Poll::Ready(Ok(())),
            Wait::Refused => Poll::Ready(Err(())),
            Wait::Queued => Poll::Pending,
            Wait::Unpolled => match self.try_take(permits) {
                Ok(()) => Poll::Ready(Ok(())),
                Err(TryAcquireError::Closed) => Poll::Ready(Err(())),
                Err(TryAcquireError::NoPermits) => {
                    self.queue.push_back(number);
                    self.waits[number].1 = Wait::Queued;
                    Poll::Pending
                }
            },
        }
    }

    fn drop_wait(&mut self, number: usize) {
        match self.waits[number] {
            (_, Wait::Queued) => self.queue.retain(|&other| other != number),
            (permits, Wait::Granted) => self.available += permits,
            _ => {}
        }
        self.grant();
    }

    fn grant(&mut self) {
        while let Some(&first) = self.queue.front() {
            if self.waits[first].0 > self.available {
                break;
            }
            self.available -= self.waits[first].0;
            self.waits[first].1 = Wait::Granted;
            self.queue.pop_front();
        }
    }

    fn close(&mut self) {
        self.closed = true;
        for number in self.queue.drain(..) {
            self.waits[number].1 = Wait::Refused;
        }
    }
}

struct Run<'s> {
    semaphore: &'s Semaphore,
    model: Model,
    waits: Vec<(usize, Hand<Acquire<'s>>)>,
    permits: Vec<SemaphorePermit<'s>>,
}

impl Run<'_> {
    fn step(&mut self, step: Step) {
        match step {
            Step::Acquire(permits) => {
                self.model.waits.push((permits, Wait::Unpolled));
                let wait = Hand::new(self.semaphore.acquire_many(permits));
                self.waits.push((self.model.waits.len() - 1, wait));
            }
            Step::Poll(i) => self.poll(i),
            Step::DropWait(i) => {
                if let Some(i) = pick(i, &self.waits) {
                    let (number, wait) = self.waits.swap_remove(i);
                    self.model.drop_wait(number);
                    drop(wait);
                }
            }
            Step::TryAcquire(permits) => {
                let got = self.semaphore.try_acquire_many(permits);
                let expected = self.model.try_take(permits);
                assert_eq!(got.as_ref().map(|_| ()), expected.as_ref().map(|_| ()));
                self.permits.extend(got);
            }
            Step::DropPermit(i) => {
                if let Some(i) = pick(i, &self.permits) {
                    let permit = self.permits.swap_remove(i);
                    self.model.available += permit.num_permits();
                    self.model.grant();
                    drop(permit);
                }
            }
            Step::ForgetPermit(i) => {
                if let Some(i) = pick(i, &self.permits) {
                    self.permits.swap_remove(i).forget();
                }
            }
            Step::Split(i, permits) => {
                if let Some(i) = pick(i, &self.permits) {
                    let split = self.permits[i].split(permits);
                    self.permits.extend(split);
                }
            }
            Step::Add(permits) => {
                self.model.available += permits;
                self.model.grant();
                self.semaphore.add_permits(permits);
            }
            Step::Forget(permits) => {
                let forgotten = permits.min(self.model.available);
                self.model.available -= forgotten;
                assert_eq!(self.semaphore.forget_permits(permits), forgotten);
            }
            Step::Close => {
                self.model.close();
                self.semaphore.close();
            }
        }
        self.compare();
    }

    fn poll(&mut self, i: usize) {
        let Some(i) = pick(i, &self.waits) else {
            return;
        };
        let (number, wait) = &mut self.waits[i];
        let expected = self.model.poll(*number);
        match wait.poll() {
            Poll::Pending => assert_eq!(expected, Poll::Pending),
            Poll::Ready(result) => {
                let expected_permits = self.model.waits[*number].0;
                assert_eq!(
                    Poll::Ready(result.as_ref().map(|_| ()).map_err(|_| ())),
                    expected
                );
                if let Ok(permit) = &result {
                    assert_eq!(permit.num_permits(), expected_permits);
                }
                self.permits.extend(result);
                drop(self.waits.swap_remove(i));
            }
        }
    }

    fn compare(&self) {
        assert_eq!(self.semaphore.available_permits(), self.model.available);
        assert_eq!(self.semaphore.is_closed(), self.model.closed);
        for (number, wait) in &self.waits {
            let told = matches!(self.model.waits[*number].1, Wait::Granted | Wait::Refused);
            assert_eq!(wait.wakes(), usize::from(told));
        }
    }
}

fn pick<T>(i: usize, among: &[T]) -> Option<usize> {
    (!among.is_empty()).then(|| i % among.len())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn behaves_like_its_model(permits in 0..4usize, program in vec(step(), 0..120)) {
        let semaphore = Semaphore::new(permits);
        let mut run = Run {
            semaphore: &semaphore,
            model: Model { available: permits, ..Model::default() },
            waits: Vec::new(),
            permits: Vec::new(),
        };
        for step in program {
            run.step(step);
        }
        // Nobody is stuck: with enough permits, all that stand in line are served.
        run.step(Step::Add(10_000));
        while !run.waits.is_empty() {
            run.step(Step::Poll(0));
        }
        while !run.permits.is_empty() {
            run.step(Step::DropPermit(0));
        }
    }
}
