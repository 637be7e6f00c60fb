//! All cases by name.

use std::fmt;

use crate::sync::crowd::Crowd;
use crate::sync::executor::Threads;
use crate::sync::{
    atomic_waker, barrier, condvar, event, mutex, notify, once_cell, rwlock, semaphore, token,
    wait_group,
};

/// What is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case(pub(super) Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Mutex(mutex::Case),
    Semaphore(semaphore::Case),
    RwLock(rwlock::Case),
    Event(event::Case),
    Latch(event::Case),
    Notify(notify::Case),
    Condvar(condvar::Case),
    Barrier(barrier::Case),
    WaitGroup(wait_group::Case),
    OnceCell(once_cell::Case),
    AtomicWaker(atomic_waker::Case),
    Token(token::Case),
}

impl Case {
    /// Every case.
    pub fn all() -> Vec<Self> {
        let mut all = vec![
            Kind::Mutex(mutex::Case::Uncontended),
            Kind::Mutex(mutex::Case::Wait),
        ];
        for policy in [mutex::Case::Contended, mutex::Case::Fair] {
            all.extend(Crowd::of(&[2, 16]).map(policy).map(Kind::Mutex));
        }
        all.extend([
            Kind::Semaphore(semaphore::Case::Uncontended),
            Kind::Semaphore(semaphore::Case::Wait),
        ]);
        all.extend(
            Crowd::of(&[16])
                .map(semaphore::Case::Contended)
                .map(Kind::Semaphore),
        );
        all.extend([
            Kind::RwLock(rwlock::Case::Read),
            Kind::RwLock(rwlock::Case::Write),
        ]);
        all.extend(
            Crowd::of(&[2, 16])
                .map(rwlock::Case::ReadMostly)
                .map(Kind::RwLock),
        );
        for waiters in [1, 100, 10_000] {
            all.push(Kind::Event(event::Case::Wait(waiters)));
            all.push(Kind::Event(event::Case::Tasks(waiters)));
        }
        all.push(Kind::Latch(event::Case::Wait(1)));
        all.push(Kind::Latch(event::Case::Tasks(10)));
        all.push(Kind::WaitGroup(wait_group::Case));
        all.extend([
            Kind::Notify(notify::Case::Wait),
            Kind::Notify(notify::Case::Stored),
        ]);
        for threads in [Threads::One, Threads::Two] {
            all.push(Kind::Notify(notify::Case::PingPong(threads)));
            all.push(Kind::Condvar(condvar::Case(threads)));
            for parties in [4, 16] {
                all.push(Kind::Barrier(barrier::Case { parties, threads }));
            }
        }
        all.extend([
            Kind::OnceCell(once_cell::Case::Get),
            Kind::OnceCell(once_cell::Case::GetOrInit),
            Kind::OnceCell(once_cell::Case::Init),
            Kind::AtomicWaker(atomic_waker::Case::WakeNone),
            Kind::AtomicWaker(atomic_waker::Case::RegisterSame),
            Kind::AtomicWaker(atomic_waker::Case::RegisterWake),
            Kind::Token(token::Case::Check),
            Kind::Token(token::Case::Child),
            Kind::Token(token::Case::Wait),
        ]);
        all.into_iter().map(Case).collect()
    }

    /// Operations in one iteration: a time is divided by them.
    pub fn operations(self) -> u64 {
        match self.0 {
            Kind::Mutex(mutex::Case::Contended(crowd) | mutex::Case::Fair(crowd))
            | Kind::Semaphore(semaphore::Case::Contended(crowd))
            | Kind::RwLock(rwlock::Case::ReadMostly(crowd)) => crowd.tasks,
            Kind::Event(event::Case::Tasks(waiters) | event::Case::Wait(waiters)) => waiters,
            Kind::Latch(_) => u64::from(event::COUNTS),
            Kind::Barrier(case) => case.parties,
            Kind::WaitGroup(_) => wait_group::MEMBERS as u64,
            Kind::Mutex(_)
            | Kind::Semaphore(_)
            | Kind::RwLock(_)
            | Kind::Notify(_)
            | Kind::Condvar(_)
            | Kind::OnceCell(_)
            | Kind::AtomicWaker(_)
            | Kind::Token(_) => 1,
        }
    }

    /// Whether each operation is a wait whose allocations are counted as well.
    pub fn counts_allocations(self) -> bool {
        matches!(
            self.0,
            Kind::Mutex(mutex::Case::Wait)
                | Kind::Semaphore(semaphore::Case::Wait)
                | Kind::Event(event::Case::Wait(100))
                | Kind::Notify(notify::Case::Wait)
                | Kind::Condvar(condvar::Case(Threads::One))
        )
    }
}

/// What command lines and reports call it.
impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let threads = |threads: Threads| match threads {
            Threads::One => "on 1 thread",
            Threads::Two => "on 2 threads",
        };
        match self.0 {
            Kind::Mutex(mutex::Case::Uncontended) => f.write_str("mutex uncontended"),
            Kind::Mutex(mutex::Case::Wait) => f.write_str("mutex wait"),
            Kind::Mutex(mutex::Case::Contended(crowd)) => write!(f, "mutex {}", crowd.name()),
            Kind::Mutex(mutex::Case::Fair(crowd)) => write!(f, "mutex fair {}", crowd.name()),
            Kind::Semaphore(semaphore::Case::Uncontended) => f.write_str("semaphore uncontended"),
            Kind::Semaphore(semaphore::Case::Wait) => f.write_str("semaphore wait"),
            Kind::Semaphore(semaphore::Case::Contended(crowd)) => {
                write!(f, "semaphore {}", crowd.name())
            }
            Kind::RwLock(rwlock::Case::Read) => f.write_str("rwlock read"),
            Kind::RwLock(rwlock::Case::Write) => f.write_str("rwlock write"),
            Kind::RwLock(rwlock::Case::ReadMostly(crowd)) => write!(f, "rwlock {}", crowd.name()),
            Kind::Event(event::Case::Tasks(waiters)) => write!(f, "event {waiters} tasks"),
            Kind::Event(event::Case::Wait(waiters)) => write!(f, "event {waiters} waits"),
            Kind::Latch(event::Case::Tasks(waiters)) => write!(f, "latch {waiters} tasks"),
            Kind::Latch(event::Case::Wait(waiters)) => write!(f, "latch {waiters} waits"),
            Kind::Notify(notify::Case::Wait) => f.write_str("notify wait"),
            Kind::Notify(notify::Case::Stored) => f.write_str("notify stored"),
            Kind::Notify(notify::Case::PingPong(on)) => {
                write!(f, "notify ping-pong {}", threads(on))
            }
            Kind::Condvar(condvar::Case(on)) => write!(f, "condvar {}", threads(on)),
            Kind::Barrier(case) => {
                write!(
                    f,
                    "barrier {} parties {}",
                    case.parties,
                    threads(case.threads)
                )
            }
            Kind::WaitGroup(wait_group::Case) => f.write_str("wait group"),
            Kind::OnceCell(once_cell::Case::Get) => f.write_str("once cell get"),
            Kind::OnceCell(once_cell::Case::GetOrInit) => f.write_str("once cell get_or_init"),
            Kind::OnceCell(once_cell::Case::Init) => f.write_str("once cell init"),
            Kind::AtomicWaker(atomic_waker::Case::WakeNone) => f.write_str("waker wake none"),
            Kind::AtomicWaker(atomic_waker::Case::RegisterSame) => {
                f.write_str("waker register same")
            }
            Kind::AtomicWaker(atomic_waker::Case::RegisterWake) => {
                f.write_str("waker register+wake")
            }
            Kind::Token(token::Case::Check) => f.write_str("token check"),
            Kind::Token(token::Case::Child) => f.write_str("token child"),
            Kind::Token(token::Case::Wait) => f.write_str("token wait+drop"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Case;

    #[test]
    fn names_are_unique() {
        let all = Case::all();
        let names: BTreeSet<String> = all.iter().map(Case::to_string).collect();
        assert_eq!(names.len(), all.len());
    }
}
