//! `OnceCell`: one makes the value, and if it does not, the next does.

#![cfg(not(any(loom, shuttle)))]

mod support;

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, MutexGuard};
use std::task::{Context, Poll};
use std::thread;

use static_assertions::{assert_impl_all, assert_not_impl_any};
use support::grid::{GRID_OF_THREADS, released_on_threads};
use support::{Hand, Hooks, Watchdog, forget, poll_with};
use sync_prims::OnceCell;
use sync_prims::blocking::block_on;
use sync_prims::once_cell::{GetOrInit, GetOrTryInit, SetError};

type SendNotSync = Cell<u8>;
type SyncNotSend = MutexGuard<'static, u8>;
type Made<T> = std::future::Ready<T>;
type Get<T, F> = GetOrInit<'static, T, F, Made<T>>;

assert_impl_all!(OnceCell<String>: Send, Sync, Unpin, Default, std::fmt::Debug, From<String>);
assert_impl_all!(OnceCell<SendNotSync>: Send);
assert_not_impl_any!(OnceCell<SendNotSync>: Sync);
assert_not_impl_any!(OnceCell<SyncNotSend>: Send, Sync);
assert_not_impl_any!(OnceCell<Rc<()>>: Send, Sync);
assert_impl_all!(Get<String, fn() -> Made<String>>: Send, Sync, std::fmt::Debug);
assert_not_impl_any!(Get<String, Rc<()>>: Send, Sync);
assert_not_impl_any!(Get<SendNotSync, fn() -> Made<SendNotSync>>: Send, Sync);
assert_not_impl_any!(Get<String, fn() -> Made<String>>: Unpin);
assert_impl_all!(GetOrTryInit<'static, u8, fn() -> Made<Result<u8, ()>>, Made<Result<u8, ()>>>: Send, Sync, std::fmt::Debug);
assert_impl_all!(SetError<Rc<()>>: std::error::Error, PartialEq);

/// An initialiser that makes its value when it is polled for the second time.
fn at_the_second_poll<T>(value: T) -> impl Future<Output = T> {
    let mut value = Some(value);
    let mut polls = 0;
    poll_fn(move |_| {
        polls += 1;
        match polls {
            1 => Poll::Pending,
            _ => Poll::Ready(value.take().unwrap()),
        }
    })
}

#[test]
fn the_first_makes_the_value_and_the_others_see_it() {
    let cell = OnceCell::new();
    assert_eq!(cell.get(), None);
    let mut first = Hand::pending(cell.get_or_init(|| at_the_second_poll("first".to_owned())));
    let mut second = Hand::pending(cell.get_or_init(pending));
    let mut third = Hand::pending(cell.get_or_try_init(pending::<Result<_, ()>>));
    assert_eq!(cell.get(), None);
    assert!(!cell.is_set());
    assert_eq!(first.output(), "first");
    assert_eq!((second.wakes(), third.wakes()), (1, 1));
    assert_eq!(second.output(), "first");
    assert_eq!(third.output().unwrap(), "first");
    assert_eq!(cell.get().unwrap(), "first");
    // Ready again.
    assert_eq!(first.output(), "first");
    assert_eq!(second.output(), "first");
    let late = cell.get_or_init_blocking(|| unreachable!());
    assert!(std::ptr::eq(late, cell.get().unwrap()));
}

#[test]
fn it_can_be_a_static() {
    static CELL: OnceCell<String> = OnceCell::new();
    let make = || CELL.get_or_init_blocking(|| "made".to_owned());
    let other = thread::spawn(make);
    assert!(std::ptr::eq(make(), other.join().unwrap()));
}

#[test]
fn who_fails_gets_its_error_and_the_next_has_the_turn() {
    let cell = OnceCell::new();
    let mut first = Hand::pending(cell.get_or_try_init(|| at_the_second_poll(Err("first"))));
    let mut second = Hand::pending(cell.get_or_try_init(|| ready(Err("second"))));
    let mut third = Hand::pending(cell.get_or_init(|| ready(3)));
    let mut fourth = Hand::pending(cell.get_or_init(|| ready(4)));
    assert_eq!(first.output(), Err("first"));
    assert_eq!((second.wakes(), third.wakes()), (1, 0));
    // The turn is with the one in line: nobody who comes now gets it.
    assert!(matches!(cell.set(5), Err(SetError::Busy(5))));
    assert_eq!(second.output(), Err("second"));
    assert_eq!((third.wakes(), fourth.wakes()), (1, 0));
    assert_eq!(*third.output(), 3);
    assert_eq!(*fourth.output(), 3);
    assert!(matches!(cell.set(5), Err(SetError::Set(5))));
}

#[test]
fn who_is_dropped_gives_the_turn_to_the_next() {
    let cell = OnceCell::new();
    let making = Hand::pending(cell.get_or_init(pending));
    let told = Hand::pending(cell.get_or_init(|| ready(2)));
    let gave_up = Hand::pending(cell.get_or_init(|| ready(3)));
    let mut last = Hand::pending(cell.get_or_init(|| ready(4)));
    drop(gave_up);
    drop(making);
    assert_eq!((told.wakes(), last.wakes()), (1, 0));
    drop(told);
    assert_eq!(last.wakes(), 1);
    assert_eq!(*last.output(), 4);
}

#[test]
fn when_all_are_dropped_the_cell_is_as_new() {
    let cell = OnceCell::new();
    for _ in 0..3 {
        let making = Hand::pending(cell.get_or_init(pending));
        let waits = [(); 3].map(|()| Hand::pending(cell.get_or_init(pending)));
        drop(waits);
        drop(making);
    }
    assert_eq!(cell.set(1), Ok(()));
    assert_eq!(cell.into_inner(), Some(1));
}

#[test]
fn who_panics_gives_the_turn_to_the_next() {
    for in_the_future in [false, true] {
        let cell = OnceCell::new();
        let init = || {
            assert!(in_the_future, "panics when it is called");
            let mut begun = false;
            poll_fn(move |_| {
                assert!(!begun, "panics when it is polled again");
                begun = true;
                Poll::Pending
            })
        };
        let mut panics = Hand::new(cell.get_or_init(init));
        if in_the_future {
            assert!(panics.poll().is_pending());
        }
        let mut waits = in_the_future.then(|| Hand::pending(cell.get_or_init(|| ready(2))));
        assert!(catch_unwind(AssertUnwindSafe(|| panics.poll())).is_err());
        // Though the future that has panicked is there still.
        match &mut waits {
            Some(waits) => {
                assert_eq!(waits.wakes(), 1);
                assert_eq!(*waits.output(), 2);
            }
            None => assert_eq!(cell.set(2), Ok(())),
        }
        assert_eq!(*panics.output(), 2);
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Drop,
    Fail,
    Panic,
}

/// An initialiser that ends in this way when it is polled for the second time, and notes when it is dropped.
struct Noted<'l> {
    log: &'l RefCell<Vec<&'static str>>,
    end: End,
    begun: bool,
}

impl Future for Noted<'_> {
    type Output = Result<u8, ()>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<u8, ()>> {
        if !std::mem::replace(&mut self.begun, true) {
            return Poll::Pending;
        }
        assert_eq!(self.end, End::Fail, "as it should");
        Poll::Ready(Err(()))
    }
}

impl Drop for Noted<'_> {
    fn drop(&mut self) {
        self.log.borrow_mut().push("dropped");
    }
}

#[test]
fn an_initialiser_is_dropped_before_the_next_has_the_turn() {
    for end in [End::Drop, End::Fail, End::Panic] {
        let log = RefCell::new(Vec::new());
        let cell = OnceCell::new();
        let init = || Noted {
            log: &log,
            end,
            begun: false,
        };
        let mut first = Some(Hand::pending(cell.get_or_try_init(init)));
        let mut second = Hand::pending(cell.get_or_init(|| {
            log.borrow_mut().push("called");
            ready(2)
        }));
        if end == End::Drop {
            first = None;
        }
        if let Some(first) = &mut first {
            let polled = catch_unwind(AssertUnwindSafe(|| first.poll()));
            assert_eq!(polled.is_err(), end == End::Panic);
        }
        assert_eq!(*second.output(), 2);
        assert_eq!(*log.borrow(), ["dropped", "called"], "{end:?}");
    }
}

#[test]
fn an_initialiser_whose_destructor_panics_gives_the_turn_away() {
    struct PanicsOnDrop;

    impl Drop for PanicsOnDrop {
        fn drop(&mut self) {
            panic!("as it should");
        }
    }

    for finishes in [false, true] {
        let cell = OnceCell::new();
        let init = || {
            let panics = PanicsOnDrop;
            let mut begun = false;
            poll_fn(move |_| {
                let _ = &panics;
                if std::mem::replace(&mut begun, finishes) {
                    Poll::Ready(1)
                } else {
                    Poll::Pending
                }
            })
        };
        let mut first = Hand::pending(cell.get_or_init(init));
        let mut second = Hand::pending(cell.get_or_init(|| ready(2)));
        if finishes {
            assert!(catch_unwind(AssertUnwindSafe(|| first.poll())).is_err());
        } else {
            assert!(catch_unwind(AssertUnwindSafe(|| drop(first))).is_err());
        }
        assert_eq!(*second.output(), 2);
    }
}

#[test]
fn a_waker_that_panics_costs_neither_the_value_nor_the_turn() {
    for makes in [false, true] {
        let cell = OnceCell::new();
        let mut first = Hand::pending(cell.get_or_try_init(|| {
            at_the_second_poll(if makes {
                Ok("first".to_owned())
            } else {
                Err(())
            })
        }));
        let hooks = Arc::new(Hooks {
            wake: Some(Box::new(|| panic!("as it should"))),
            ..Hooks::default()
        });
        let mut panics = Box::pin(cell.get_or_init(|| ready("second".to_owned())));
        assert!(poll_with(panics.as_mut(), &hooks.waker()).is_pending());
        let mut last = Hand::pending(cell.get_or_init(|| ready("third".to_owned())));
        assert!(catch_unwind(AssertUnwindSafe(|| first.poll())).is_err());
        let value = if makes { "first" } else { "third" };
        assert_eq!(last.wakes(), usize::from(makes));
        drop(panics);
        assert_eq!(last.output(), value);
    }
}

#[test]
fn polled_again_after_an_error_it_panics_or_has_the_value() {
    let cell = OnceCell::new();
    let mut failed = Hand::new(cell.get_or_try_init(|| ready(Err(()))));
    assert_eq!(failed.output(), Err(()));
    // Also while another has the turn; and it does not take it itself.
    for another_makes_it in [true, false] {
        let _making = another_makes_it.then(|| Hand::pending(cell.get_or_init(pending)));
        assert!(catch_unwind(AssertUnwindSafe(|| failed.poll())).is_err());
    }
    assert_eq!(cell.set(1), Ok(()));
    assert_eq!(failed.output(), Ok(&1));
}

#[test]
fn the_value_can_be_changed_and_taken_by_its_only_owner() {
    let mut cell = OnceCell::default();
    assert_eq!(cell.get_mut(), None);
    assert_eq!(cell.take(), None);
    assert_eq!(cell.get_or_init_blocking(|| 1), &1);
    *cell.get_mut().unwrap() = 2;
    assert_eq!(cell.take(), Some(2));
    assert_eq!(cell.get_or_try_init_blocking(|| Err(3)), Err(3));
    assert_eq!(cell.get_or_try_init_blocking(|| Ok::<_, ()>(4)), Ok(&4));
    assert_eq!(cell.into_inner(), Some(4));
}

#[test]
fn the_value_is_dropped_once() {
    let value = Arc::new(());
    drop(OnceCell::<Arc<()>>::new());
    let cell = OnceCell::from(value.clone());
    let refused = cell.set(value.clone()).unwrap_err();
    assert_eq!(Arc::strong_count(&value), 3);
    drop(refused.into_inner());
    drop(cell);
    assert_eq!(Arc::strong_count(&value), 1);
    let made = OnceCell::new();
    block_on(made.get_or_init(|| ready(value.clone())));
    assert_eq!(Arc::strong_count(&value), 2);
    drop(made);
    assert_eq!(Arc::strong_count(&value), 1);
    assert!(OnceCell::from(value.clone()).into_inner().is_some());
    assert_eq!(Arc::strong_count(&value), 1);
}

#[test]
fn a_forgotten_turn_keeps_the_others_waiting_and_harms_nothing() {
    let mut cell = OnceCell::new();
    forget(Hand::pending(cell.get_or_init(pending)));
    forget(Hand::pending(cell.get_or_init(pending)));
    drop(Hand::pending(cell.get_or_init(pending)));
    assert_eq!(cell.set(1), Err(SetError::Busy(1)));
    assert_eq!(cell.take(), None);
}

#[test]
fn a_hundred_thousand_wait_for_the_value() {
    let cell = OnceCell::new();
    let mut first = Hand::pending(cell.get_or_init(|| at_the_second_poll(1)));
    let mut others: Vec<_> = (0..100_000)
        .map(|_| Hand::pending(cell.get_or_init(pending)))
        .collect();
    assert_eq!(*first.output(), 1);
    for other in &mut others {
        assert_eq!(other.wakes(), 1);
        assert_eq!(*other.output(), 1);
    }
}

#[test]
fn a_hundred_thousand_fail_one_after_the_other() {
    let cell = OnceCell::<()>::new();
    let mut first = Hand::pending(cell.get_or_try_init(|| at_the_second_poll(Err(0))));
    let mut others: Vec<_> = (1..100_000)
        .map(|number| Hand::pending(cell.get_or_try_init(move || ready(Err(number)))))
        .collect();
    assert_eq!(first.output(), Err(0));
    for (other, number) in others.iter_mut().zip(1..) {
        assert_eq!(other.wakes(), 1);
        assert_eq!(other.output(), Err(number));
    }
    assert_eq!(cell.set(()), Ok(()));
}

#[test]
fn threads_have_one_value() {
    let _watchdog = Watchdog::new("threads_have_one_value");
    for (fail, succeed) in GRID_OF_THREADS {
        let cell = OnceCell::new();
        let (failures, made) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let get = || {
            let value = cell.get_or_init_blocking(|| {
                assert_eq!(made.fetch_add(1, Ordering::Relaxed), 0);
                thread::yield_now();
                "made".to_owned()
            });
            assert_eq!(value, "made");
        };
        let try_and_fail = || match cell.get_or_try_init_blocking(|| Err(())) {
            Ok(value) => assert_eq!(value, "made"),
            Err(()) => drop(failures.fetch_add(1, Ordering::Relaxed)),
        };
        released_on_threads((fail, succeed), get, try_and_fail);
        assert_eq!(made.into_inner(), 1);
    }
}

#[test]
fn threads_that_give_up_leave_the_turn_to_others() {
    let _watchdog = Watchdog::new("threads_that_give_up_leave_the_turn_to_others");
    for _ in 0..500 {
        let cell = OnceCell::new();
        thread::scope(|threads| {
            for _ in 0..2 {
                threads.spawn(|| {
                    let _ = Hand::new(cell.get_or_init(pending)).poll();
                });
                threads.spawn(|| cell.get_or_try_init_blocking(|| Err(())).is_ok());
                threads.spawn(|| assert_eq!(*cell.get_or_init_blocking(|| 1), 1));
            }
        });
        assert_eq!(cell.get(), Some(&1));
    }
}

#[test]
fn it_says_what_it_is() {
    let cell = OnceCell::new();
    let get = Hand::pending(cell.get_or_init(pending));
    assert_eq!(format!("{cell:?}"), "OnceCell { value: None, .. }");
    assert_eq!(
        format!("{:?}", cell.get_or_init(pending)),
        "GetOrInit { cell: OnceCell { value: None, .. }, has_turn: false, .. }"
    );
    assert_eq!(format!("{:?}", cell.set(1)), "Err(Busy(..))");
    drop(get);
    cell.set(1).unwrap();
    assert_eq!(format!("{cell:?}"), "OnceCell { value: Some(1), .. }");
    assert_eq!(
        cell.set(2).unwrap_err().to_string(),
        "the cell has a value already"
    );
}
