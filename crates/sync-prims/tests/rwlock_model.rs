//! Random programs over a `RwLock`, each step compared with a sequential model.

mod support;

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::Poll;

use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, prop_oneof, proptest};
use support::{Hand, poll_once};
use sync_prims::RwLock;
use sync_prims::rwlock::{RwLockReadGuard, RwLockUpgradableReadGuard, RwLockWriteGuard, Upgrade};

/// How the lock is held, or asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Read,
    Upgradable,
    Write,
}

/// An index picks among what there is at that moment.
#[derive(Clone, Debug)]
enum Step {
    /// Begin a wait, without a poll.
    Wait(Kind),
    Poll(usize),
    DropWait(usize),
    Try(Kind),
    Release(usize),
    /// A guard becomes a lesser one: the kind says which, for a writer.
    Downgrade(usize, Kind),
    TryUpgrade,
    /// Begin the upgrade, or poll it.
    Upgrade,
    DropUpgrade,
    GiveUpUpgrade,
}

fn step() -> impl Strategy<Value = Step> {
    let kind =
        || prop_oneof![4 => Just(Kind::Read), 2 => Just(Kind::Upgradable), 2 => Just(Kind::Write)];
    prop_oneof![
        10 => kind().prop_map(Step::Wait),
        20 => (0..16usize).prop_map(Step::Poll),
        6 => (0..16usize).prop_map(Step::DropWait),
        5 => kind().prop_map(Step::Try),
        12 => (0..16usize).prop_map(Step::Release),
        3 => (0..16usize, kind()).prop_map(|(i, kind)| Step::Downgrade(i, kind)),
        2 => Just(Step::TryUpgrade),
        6 => Just(Step::Upgrade),
        1 => Just(Step::DropUpgrade),
        2 => Just(Step::GiveUpUpgrade),
    ]
}

/// Who stands in line: a wait by its number, or the upgrade.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Wait(usize),
    Upgrade,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Unpolled,
    Queued,
    Granted,
}

#[derive(Default)]
struct Model {
    readers: usize,
    upgradable: bool,
    writer: bool,
    queue: VecDeque<Place>,
    /// By number.
    waits: Vec<(Kind, State)>,
    upgrade: Option<State>,
}

impl Model {
    fn is_free_for(&self, kind: Kind) -> bool {
        match kind {
            Kind::Read => !self.writer,
            Kind::Upgradable => !self.writer && !self.upgradable,
            Kind::Write => !self.writer && !self.upgradable && self.readers == 0,
        }
    }

    fn take(&mut self, kind: Kind) {
        match kind {
            Kind::Read => self.readers += 1,
            Kind::Upgradable => self.upgradable = true,
            Kind::Write => self.writer = true,
        }
    }

    fn let_go(&mut self, kind: Kind) {
        match kind {
            Kind::Read => self.readers -= 1,
            Kind::Upgradable => self.upgradable = false,
            Kind::Write => self.writer = false,
        }
    }

    fn try_take(&mut self, kind: Kind) -> bool {
        let free = self.queue.is_empty() && self.is_free_for(kind);
        if free {
            self.take(kind);
        }
        free
    }

    fn release(&mut self, kind: Kind) {
        self.let_go(kind);
        self.grant();
    }

    fn grant(&mut self) {
        while let Some(&first) = self.queue.front() {
            match first {
                Place::Wait(number) => {
                    let kind = self.waits[number].0;
                    if !self.is_free_for(kind) {
                        return;
                    }
                    self.take(kind);
                    self.waits[number].1 = State::Granted;
                }
                Place::Upgrade => {
                    if self.readers > 0 {
                        return;
                    }
                    self.upgrade_now();
                    self.upgrade = Some(State::Granted);
                }
            }
            self.queue.pop_front();
        }
    }

    fn upgrade_now(&mut self) {
        self.upgradable = false;
        self.writer = true;
    }

    /// Whether the poll of a wait is ready.
    fn poll(&mut self, number: usize) -> bool {
        let (kind, state) = self.waits[number];
        match state {
            State::Granted => true,
            State::Queued => false,
            State::Unpolled if self.try_take(kind) => true,
            State::Unpolled => {
                self.queue.push_back(Place::Wait(number));
                self.waits[number].1 = State::Queued;
                false
            }
        }
    }

    fn poll_upgrade(&mut self) -> bool {
        match self.upgrade {
            Some(State::Granted) => true,
            Some(State::Queued) => false,
            _ if self.readers == 0 => {
                self.upgrade_now();
                true
            }
            _ => {
                self.queue.push_front(Place::Upgrade);
                self.upgrade = Some(State::Queued);
                false
            }
        }
    }

    fn drop_wait(&mut self, number: usize) {
        match self.waits[number] {
            (_, State::Queued) => self.queue.retain(|&other| other != Place::Wait(number)),
            (kind, State::Granted) => self.let_go(kind),
            (_, State::Unpolled) => {}
        }
        self.grant();
    }

    /// Back to being the upgradable reader.
    fn give_up_upgrade(&mut self) {
        match self.upgrade.take() {
            Some(State::Queued) => self.queue.retain(|&other| other != Place::Upgrade),
            Some(State::Granted) => {
                self.writer = false;
                self.upgradable = true;
            }
            _ => {}
        }
        self.grant();
    }
}

enum Guard<'l> {
    Read(RwLockReadGuard<'l, ()>),
    Upgradable(RwLockUpgradableReadGuard<'l, ()>),
    Write(RwLockWriteGuard<'l, ()>),
}

impl Guard<'_> {
    fn kind(&self) -> Kind {
        match self {
            Guard::Read(_) => Kind::Read,
            Guard::Upgradable(_) => Kind::Upgradable,
            Guard::Write(_) => Kind::Write,
        }
    }
}

type BoxedWait<'l> = Pin<Box<dyn Future<Output = Guard<'l>> + 'l>>;

struct Run<'l> {
    lock: &'l RwLock<()>,
    model: Model,
    waits: Vec<(usize, Hand<BoxedWait<'l>>)>,
    guards: Vec<Guard<'l>>,
    upgrade: Option<Pin<Box<Upgrade<&'l RwLock<()>>>>>,
}

impl<'l> Run<'l> {
    fn step(&mut self, step: Step) {
        match step {
            Step::Wait(kind) => {
                self.model.waits.push((kind, State::Unpolled));
                let wait = Hand::new(self.wait(kind));
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
            Step::Try(kind) => {
                let got = match kind {
                    Kind::Read => self.lock.try_read().map(Guard::Read),
                    Kind::Upgradable => self.lock.try_upgradable_read().map(Guard::Upgradable),
                    Kind::Write => self.lock.try_write().map(Guard::Write),
                };
                assert_eq!(got.is_some(), self.model.try_take(kind));
                self.guards.extend(got);
            }
            Step::Release(i) => {
                if let Some(i) = pick(i, &self.guards) {
                    let guard = self.guards.swap_remove(i);
                    self.model.release(guard.kind());
                    drop(guard);
                }
            }
            Step::Downgrade(i, kind) => self.downgrade(i, kind),
            Step::TryUpgrade => self.try_upgrade(),
            Step::Upgrade => self.upgrade(),
            Step::DropUpgrade => {
                if let Some(upgrade) = self.upgrade.take() {
                    self.model.give_up_upgrade();
                    self.model.release(Kind::Upgradable);
                    drop(upgrade);
                }
            }
            Step::GiveUpUpgrade => {
                if let Some(mut upgrade) = self.upgrade.take() {
                    self.model.give_up_upgrade();
                    let guard = upgrade.as_mut().give_up();
                    self.guards.extend(guard.map(Guard::Upgradable));
                }
            }
        }
        self.compare();
    }

    fn wait(&self, kind: Kind) -> BoxedWait<'l> {
        let lock = self.lock;
        match kind {
            Kind::Read => Box::pin(async { Guard::Read(lock.read().await) }),
            Kind::Upgradable => Box::pin(async { Guard::Upgradable(lock.upgradable_read().await) }),
            Kind::Write => Box::pin(async { Guard::Write(lock.write().await) }),
        }
    }

    fn poll(&mut self, i: usize) {
        let Some(i) = pick(i, &self.waits) else {
            return;
        };
        let (number, wait) = &mut self.waits[i];
        let polled = wait.poll();
        assert_eq!(polled.is_ready(), self.model.poll(*number));
        if let Poll::Ready(guard) = polled {
            assert_eq!(guard.kind(), self.model.waits[*number].0);
            self.guards.push(guard);
            drop(self.waits.swap_remove(i));
        }
    }

    fn downgrade(&mut self, i: usize, to: Kind) {
        let Some(i) = pick(i, &self.guards) else {
            return;
        };
        let guard = self.guards.swap_remove(i);
        let from = guard.kind();
        let guard = match guard {
            Guard::Read(guard) => Guard::Read(guard),
            Guard::Upgradable(guard) => Guard::Read(RwLockUpgradableReadGuard::downgrade(guard)),
            Guard::Write(guard) if to == Kind::Upgradable => {
                Guard::Upgradable(RwLockWriteGuard::downgrade_to_upgradable(guard))
            }
            Guard::Write(guard) => Guard::Read(RwLockWriteGuard::downgrade(guard)),
        };
        self.model.let_go(from);
        self.model.take(guard.kind());
        if from != Kind::Read {
            self.model.grant();
        }
        self.guards.push(guard);
    }

    fn upgradable_guard(&mut self) -> Option<RwLockUpgradableReadGuard<'l, ()>> {
        let i = self
            .guards
            .iter()
            .position(|guard| guard.kind() == Kind::Upgradable)?;
        match self.guards.swap_remove(i) {
            Guard::Upgradable(guard) => Some(guard),
            _ => None,
        }
    }

    fn try_upgrade(&mut self) {
        let Some(guard) = self.upgradable_guard() else {
            return;
        };
        let expected = self.model.readers == 0;
        let guard = match RwLockUpgradableReadGuard::try_upgrade(guard) {
            Ok(guard) => Guard::Write(guard),
            Err(guard) => Guard::Upgradable(guard),
        };
        assert_eq!(guard.kind() == Kind::Write, expected);
        if expected {
            self.model.upgrade_now();
        }
        self.guards.push(guard);
    }

    fn upgrade(&mut self) {
        if self.upgrade.is_none()
            && let Some(guard) = self.upgradable_guard()
        {
            self.model.upgrade = Some(State::Unpolled);
            self.upgrade = Some(Box::pin(RwLockUpgradableReadGuard::upgrade(guard)));
        }
        let Some(upgrade) = &mut self.upgrade else {
            return;
        };
        let polled = poll_once(upgrade.as_mut());
        assert_eq!(polled.is_ready(), self.model.poll_upgrade());
        if let Poll::Ready(guard) = polled {
            self.guards.push(Guard::Write(guard));
            self.upgrade = None;
            self.model.upgrade = None;
        }
    }

    fn compare(&self) {
        for (number, wait) in &self.waits {
            let granted = self.model.waits[*number].1 == State::Granted;
            assert_eq!(wait.wakes(), usize::from(granted));
        }
    }
}

fn pick<T>(i: usize, among: &[T]) -> Option<usize> {
    (!among.is_empty()).then(|| i % among.len())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn behaves_like_its_model(program in vec(step(), 0..120)) {
        let lock = RwLock::new(());
        let mut run = Run {
            lock: &lock,
            model: Model::default(),
            waits: Vec::new(),
            guards: Vec::new(),
            upgrade: None,
        };
        for step in program {
            run.step(step);
        }
        // Nobody is stuck: when all who have the lock let go of it, all who stand in line are served.
        run.step(Step::DropUpgrade);
        while !run.guards.is_empty() || !run.waits.is_empty() {
            run.step(Step::Release(0));
            (0..run.waits.len()).for_each(|i| run.step(Step::Poll(i)));
        }
        assert!(lock.try_write().is_some());
    }
}
