//! Wakers that call back, and wakers that panic.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Waker;

use crate::harness::{Wait, finish, future, pending, wait};
use crate::subject::{Lets, Subject};
use crate::support::{Hand, Hooks, Wakes, poll_with};

/// What a waker does to the primitive that calls it.
#[derive(Clone, Copy, Debug)]
enum Call {
    Look,
    PollAnother,
    DropAnother,
    Notify,
}

const CALLS: [Call; 4] = [
    Call::Look,
    Call::PollAnother,
    Call::DropAnother,
    Call::Notify,
];

#[derive(Clone, Copy, Debug)]
enum From {
    Clone,
    Wake,
    Drop,
}

pub(crate) fn calls_from_clone<S: Subject>() {
    CALLS
        .into_iter()
        .for_each(|call| calls::<S>(From::Clone, call));
}

pub(crate) fn calls_from_wake<S: Subject>() {
    CALLS
        .into_iter()
        .for_each(|call| calls::<S>(From::Wake, call));
}

pub(crate) fn calls_from_drop<S: Subject>() {
    CALLS
        .into_iter()
        .for_each(|call| calls::<S>(From::Drop, call));
}

/// Between two ordinary waiters stands one whose waker calls back. It is polled, polled with another waker, notified or
/// dropped; none of this may deadlock, and the others get through.
fn calls<S: Subject>(from: From, call: Call) {
    for dropped in [false, true] {
        let waiters = 3.min(S::MOST_WAITERS);
        // One more can wait: the one that the waker polls.
        let subject = Arc::new(S::blocked(waiters));
        let others: Vec<_> = (1..waiters).map(|_| pending(&subject)).collect();
        let others = Arc::new(Mutex::new(others));
        let called = Arc::new(AtomicBool::new(false));
        let hook = hook(&subject, &others, &called, call);
        let mut hooks = Hooks::default();
        match from {
            From::Clone => hooks.clone = Some(hook),
            From::Wake => hooks.wake = Some(hook),
            From::Drop => hooks.drop = Some(hook),
        }
        let waker = Arc::new(hooks).waker();
        let mut reentrant = future(&subject);
        let mut through = poll_with(reentrant.as_mut(), &waker).is_ready();
        let plain = Wakes::new();
        if !through && matches!(from, From::Drop) && !dropped {
            // Takes the place of the waker that calls back, which is dropped.
            through = poll_with(reentrant.as_mut(), &plain.waker()).is_ready();
        }
        let mut reentrant = (!through && !dropped).then_some(reentrant);
        // Everybody gets through, in whatever order the calls have left them.
        for _ in 0..8 {
            subject.notify_one();
            let mut waiting = std::mem::take(&mut *others.lock().unwrap());
            waiting.retain_mut(|wait| wait.poll().is_pending());
            others.lock().unwrap().append(&mut waiting);
            if let Some(wait) = &mut reentrant
                && poll_with(wait.as_mut(), &waker).is_ready()
            {
                reentrant = None;
            }
        }
        let still = others.lock().unwrap().len();
        assert!(
            reentrant.is_none() && still == 0,
            "{from:?} {call:?}: {still} wait"
        );
        drop(waker);
        let never_called = matches!((from, dropped), (From::Wake, true));
        assert!(called.load(Ordering::SeqCst) || never_called, "{from:?}");
    }
}

fn hook<S: Subject>(
    subject: &Arc<S>,
    others: &Arc<Mutex<Vec<Wait>>>,
    called: &Arc<AtomicBool>,
    call: Call,
) -> Box<dyn Fn() + Send + Sync> {
    // Weak, or the hooks and the waits would keep each other.
    let subject = Arc::downgrade(subject);
    let others = others.clone();
    let called = called.clone();
    Box::new(move || {
        called.store(true, Ordering::SeqCst);
        let Some(subject) = subject.upgrade() else {
            return;
        };
        match call {
            Call::Look => subject.look(),
            Call::PollAnother => {
                if wait(&subject).poll().is_ready() {
                    // It came before the one that this was for.
                    subject.notify_one();
                }
            }
            Call::DropAnother => {
                let other = others.lock().unwrap().pop();
                drop(other);
            }
            Call::Notify => subject.notify_one(),
        }
    })
}

/// A waker that polls the wait that it is of, as executors do that run a task where it is woken; the wait is over by then.
pub(crate) fn a_waker_that_polls<S: Subject>() {
    let next = inside_its_own_wake::<S>(|subject, wait| {
        let mut wait = wait.expect("it was put there before it was notified");
        if poll_with(wait.as_mut(), Waker::noop()).is_pending() {
            panic!("the one that was notified is not through");
        }
        drop(subject);
    });
    assert!(next.is_none_or(|wakes| wakes == usize::from(S::LETS == Lets::All)));
}

/// A waker that drops the wait that it is of; if the notification was for one, it goes to the next.
pub(crate) fn a_waker_that_drops<S: Subject>() {
    let next = inside_its_own_wake::<S>(|_, wait| drop(wait));
    assert!(next.is_none_or(|wakes| wakes == 1));
}

type Boxed = Pin<Box<dyn Future<Output = ()> + Send>>;

/// How often the next in line was woken, if there is one.
fn inside_its_own_wake<S: Subject>(act: fn(Arc<S>, Option<Boxed>)) -> Option<usize> {
    let waiters = 3.min(S::MOST_WAITERS);
    let subject = Arc::new(S::blocked(waiters));
    let place = Arc::new(Mutex::new(None));
    let (weak, put) = (Arc::downgrade(&subject), place.clone());
    let hooks = Arc::new(Hooks {
        wake: Some(Box::new(move || {
            let wait = put.lock().unwrap().take();
            act(weak.upgrade().expect("the test has it"), wait);
        })),
        ..Hooks::default()
    });
    let mut wait = future(&subject);
    assert!(poll_with(wait.as_mut(), &hooks.waker()).is_pending());
    *place.lock().unwrap() = Some(wait);
    let mut others: Vec<_> = (1..waiters).map(|_| Some(pending(&subject))).collect();
    subject.notify_one();
    assert!(place.lock().unwrap().is_none(), "it was woken");
    let next = others.first().and_then(Option::as_ref).map(Wait::wakes);
    for place in &mut others {
        if place.as_ref().is_some_and(|other| other.wakes() > 0) {
            let through = place
                .take()
                .is_some_and(|mut other| other.poll().is_ready());
            assert!(through, "one that was woken is not through");
        }
    }
    finish(&*subject, &mut others);
    next
}

/// Wakers that panic, one or more, do not cost the others their wake; the one who wakes gets a panic.
pub(crate) fn wakers_that_panic<S: Subject>() {
    let waiters = 100.min(S::MOST_WAITERS);
    let broken: [&[usize]; 5] = [&[0], &[5], &[40], &[99], &[0, 1, 31, 32, 40, 70, 99]];
    for broken in broken {
        let is_broken = |number: usize| broken.contains(&number) || waiters == 1;
        let subject = Arc::new(S::blocked(waiters));
        let panics = Arc::new(Hooks {
            wake: Some(Box::new(|| panic!("as it should"))),
            ..Hooks::default()
        });
        let panics = panics.waker();
        let wakes: Vec<_> = (0..waiters).map(|_| Wakes::new()).collect();
        let mut waits: Vec<_> = (0..waiters).map(|_| future(&subject)).collect();
        for (number, wait) in waits.iter_mut().enumerate() {
            let waker = wakes[number].waker();
            let waker = if is_broken(number) { &panics } else { &waker };
            assert!(poll_with(wait.as_mut(), waker).is_pending());
        }
        let tells_all = S::TELLS_ALL || S::LETS == Lets::All;
        if tells_all {
            assert!(quietly(|| subject.notify_all(waiters)));
        }
        for (number, wait) in waits.iter_mut().enumerate() {
            if !tells_all {
                let panicked = quietly(|| subject.notify_one());
                assert_eq!(panicked, is_broken(number));
            }
            assert_eq!(wakes[number].count(), usize::from(!is_broken(number)));
            assert!(poll_with(wait.as_mut(), Waker::noop()).is_ready());
        }
    }
}

/// A waker that panics in `clone` leaves no trace of the poll.
pub(crate) fn a_waker_that_panics_when_cloned<S: Subject>() {
    let waiters = 3.min(S::MOST_WAITERS);
    let subject = S::blocked(waiters);
    let hooks = Arc::new(Hooks {
        clone: Some(Box::new(|| panic!("as it should"))),
        ..Hooks::default()
    });
    let waker = hooks.waker();
    let mut waits: Vec<_> = (1..waiters)
        .map(|_| Some(Hand::pending(subject.wait())))
        .collect();
    // In place of a waker that is there already; the wait keeps that one.
    if let Some(wait) = waits.first_mut().and_then(Option::as_mut) {
        assert!(quietly(|| wait.poll_with(&waker)));
    }
    // At the first poll; it has no place in line then, and gets one by the next.
    let mut last = Hand::new(subject.wait());
    assert!(quietly(|| last.poll_with(&waker)));
    assert!(last.poll().is_pending());
    waits.push(Some(last));
    finish(&subject, &mut waits);
}

/// A waker that panics in `drop` leaves the primitive as it should be.
pub(crate) fn a_waker_that_panics_when_dropped<S: Subject>() {
    let waiters = 3.min(S::MOST_WAITERS);
    for replaced in [true, false] {
        let subject = S::blocked(waiters);
        let mut waits: Vec<_> = (1..waiters)
            .map(|_| Some(Hand::pending(subject.wait())))
            .collect();
        let panic_once = AtomicBool::new(true);
        let hooks = Arc::new(Hooks {
            drop: Some(Box::new(move || {
                if panic_once.swap(false, Ordering::SeqCst) {
                    panic!("as it should");
                }
            })),
            ..Hooks::default()
        });
        let waker = hooks.waker();
        let mut last = Hand::new(subject.wait());
        assert!(last.poll_with(&waker).is_pending());
        if replaced {
            assert!(quietly(|| last.poll()));
            waits.push(Some(last));
        } else {
            assert!(quietly(|| drop(last)));
        }
        finish(&subject, &mut waits);
    }
}

/// Whether the work panics.
fn quietly<R>(work: impl FnOnce() -> R) -> bool {
    catch_unwind(AssertUnwindSafe(work)).is_err()
}
