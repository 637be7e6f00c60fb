//! What the guards of a mutex do: they lead to the value, narrow it, unlock once, and may be sent where the value may.

mod support;

use std::cell::Cell;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::{Arc, MutexGuard as StdMutexGuard};

use static_assertions::{assert_impl_all, assert_not_impl_any};
use sync_prims::Mutex;
use sync_prims::mutex::{
    Lock, LockOwned, MappedMutexGuard, MutexGuard, OwnedMappedMutexGuard, OwnedMutexGuard,
};

use support::Hand;

/// May be shared, and not sent.
type SyncOnly = StdMutexGuard<'static, u8>;
/// May be sent, and not shared.
type SendOnly = Cell<u8>;
type Neither = Rc<u8>;

assert_impl_all!(Mutex<SendOnly>: Send, Sync);
assert_not_impl_any!(Mutex<SyncOnly>: Send, Sync);
// They hold the node that the queue points to.
assert_not_impl_any!(Lock<'static, u8>: Unpin);
assert_not_impl_any!(LockOwned<u8>: Unpin);
assert_impl_all!(Lock<'static, SendOnly>: Send);
assert_impl_all!(LockOwned<SendOnly>: Send);
assert_not_impl_any!(Lock<'static, SyncOnly>: Send);
assert_not_impl_any!(LockOwned<SyncOnly>: Send);

// Shared, a guard also gives away the mutex, for longer than it lives: so `Sync` asks for `Send` too.
assert_impl_all!(MutexGuard<'static, u8>: Send, Sync);
assert_impl_all!(MutexGuard<'static, SendOnly>: Send);
assert_not_impl_any!(MutexGuard<'static, SendOnly>: Sync);
assert_not_impl_any!(MutexGuard<'static, SyncOnly>: Send, Sync);
assert_impl_all!(OwnedMutexGuard<u8>: Send, Sync);
assert_impl_all!(OwnedMutexGuard<SendOnly>: Send);
assert_not_impl_any!(OwnedMutexGuard<SendOnly>: Sync);
assert_not_impl_any!(OwnedMutexGuard<SyncOnly>: Send, Sync);

// A mapped guard does not.
assert_impl_all!(MappedMutexGuard<'static, u8>: Send, Sync);
assert_impl_all!(MappedMutexGuard<'static, SendOnly>: Send);
assert_not_impl_any!(MappedMutexGuard<'static, SendOnly>: Sync);
assert_impl_all!(MappedMutexGuard<'static, SyncOnly>: Sync);
assert_not_impl_any!(MappedMutexGuard<'static, SyncOnly>: Send);
assert_not_impl_any!(MappedMutexGuard<'static, Neither>: Send, Sync);
assert_impl_all!(OwnedMappedMutexGuard<SendOnly, u8>: Send, Sync);
assert_impl_all!(OwnedMappedMutexGuard<Neither, u8>: Sync);
assert_not_impl_any!(OwnedMappedMutexGuard<Neither, u8>: Send);
assert_not_impl_any!(OwnedMappedMutexGuard<u8, SendOnly>: Sync);
assert_not_impl_any!(OwnedMappedMutexGuard<u8, SyncOnly>: Send);

/// Both kinds.
fn each(test: impl Fn(Mutex<usize>)) {
    test(Mutex::new(0));
    test(Mutex::barging(0));
}

fn assert_free(mutex: &Mutex<usize>) {
    assert!(!mutex.is_locked());
    drop(mutex.try_lock().expect("it is free"));
    assert!(!mutex.is_locked());
}

#[test]
fn a_guard_may_be_moved_and_unlocks_once() {
    each(|mutex| {
        let mutex = Arc::new(mutex);
        let guard = mutex.try_lock_owned().unwrap();
        let moved = Some(Box::new(guard));
        let mut next = Hand::pending(mutex.lock());
        let mut after_next = Hand::pending(mutex.lock());
        std::thread::spawn(move || drop(moved)).join().unwrap();
        assert_eq!((next.wakes(), after_next.wakes()), (1, 0));
        drop(next.output());
        drop(after_next.output());
        assert_free(&mutex);
    });
}

#[test]
fn guards_lead_back_to_their_mutex() {
    let mutex = Arc::new(Mutex::new(0));
    let guard = mutex.try_lock().unwrap();
    assert!(std::ptr::eq(MutexGuard::mutex(&guard), &*mutex));
    drop(guard);
    let guard = mutex.try_lock_owned().unwrap();
    assert!(Arc::ptr_eq(OwnedMutexGuard::mutex(&guard), &mutex));
}

#[test]
fn an_owned_guard_keeps_the_mutex_alive_until_it_has_unlocked() {
    let mutex = Arc::new(Mutex::new(vec![1]));
    let weak = Arc::downgrade(&mutex);
    let guard = Hand::new(mutex.lock_owned()).output();
    drop(mutex);
    assert_eq!(*guard, [1]);
    let guard = OwnedMutexGuard::map(guard, |numbers| &mut numbers[0]);
    assert_eq!(*guard, 1);
    drop(guard);
    assert!(weak.upgrade().is_none());
}

#[test]
fn a_dropped_owned_wait_lets_go_of_the_mutex() {
    let mutex = Arc::new(Mutex::new(()));
    let held = mutex.try_lock_owned().unwrap();
    let waiting = Hand::pending(mutex.lock_owned());
    assert_eq!(Arc::strong_count(&mutex), 3);
    drop(held);
    drop(waiting);
    assert_eq!(Arc::strong_count(&mutex), 1);
    assert!(mutex.try_lock().is_some());
}

#[test]
fn a_mapped_guard_keeps_the_lock() {
    let mutex = Arc::new(Mutex::new((1, [2, 3])));
    let pair = MutexGuard::map(mutex.try_lock().unwrap(), |value| &mut value.1);
    let mut last = MappedMutexGuard::map(pair, |pair| &mut pair[1]);
    *last += 10;
    assert!(mutex.is_locked());
    drop(last);

    let pair = OwnedMutexGuard::map(mutex.try_lock_owned().unwrap(), |value| &mut value.1);
    let mut first = OwnedMappedMutexGuard::map(pair, |pair| &mut pair[0]);
    *first += 10;
    assert!(mutex.is_locked());
    drop(first);
    assert_eq!(*mutex.try_lock().unwrap(), (1, [12, 13]));
}

#[test]
fn a_part_that_is_not_there_gives_the_guard_back() {
    let mutex = Arc::new(Mutex::new(vec![1]));
    let guard = mutex.try_lock().unwrap();
    let Err(guard) = MutexGuard::try_map(guard, |numbers| numbers.get_mut(1)) else {
        panic!("there is no such part");
    };
    assert!(mutex.is_locked());
    let numbers = MutexGuard::try_map(guard, |numbers| Some(&mut numbers[..])).unwrap();
    let Err(numbers) = MappedMutexGuard::try_map(numbers, |numbers| numbers.get_mut(1)) else {
        panic!("there is no such part");
    };
    let number = MappedMutexGuard::try_map(numbers, |numbers| numbers.first_mut()).unwrap();
    assert_eq!(*number, 1);
    drop(number);

    let guard = mutex.try_lock_owned().unwrap();
    let Err(guard) = OwnedMutexGuard::try_map(guard, |numbers| numbers.get_mut(1)) else {
        panic!("there is no such part");
    };
    let numbers = OwnedMutexGuard::try_map(guard, |numbers| Some(&mut numbers[..])).unwrap();
    let Err(numbers) = OwnedMappedMutexGuard::try_map(numbers, |numbers| numbers.get_mut(1)) else {
        panic!("there is no such part");
    };
    let number = OwnedMappedMutexGuard::try_map(numbers, |numbers| numbers.first_mut()).unwrap();
    assert_eq!(*number, 1);
    drop(number);
    assert!(!mutex.is_locked());
    assert_eq!(Arc::strong_count(&mutex), 1);
}

#[test]
fn a_panic_while_a_guard_is_narrowed_unlocks() {
    fn narrow(_: &mut i32) -> &mut i32 {
        panic!("no")
    }

    let mutex = Arc::new(Mutex::new(0));
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        drop(MutexGuard::map(mutex.try_lock().unwrap(), narrow));
    }));
    assert!(panicked.is_err());
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        drop(OwnedMutexGuard::map(
            mutex.try_lock_owned().unwrap(),
            narrow,
        ));
    }));
    assert!(panicked.is_err());
    assert!(!mutex.is_locked());
    assert_eq!(Arc::strong_count(&mutex), 1);
}

#[test]
fn the_value_may_be_unsized() {
    let slice: &Mutex<[u8]> = &Mutex::new([1, 2]);
    assert_eq!(slice.try_lock().unwrap().len(), 2);
    let shown: Arc<Mutex<dyn Debug + Send>> = Arc::new(Mutex::barging(7));
    let guard = Hand::new(shown.lock_owned()).output();
    assert_eq!(format!("{:?}", &*guard), "7");
}

#[test]
fn who_has_it_alone_needs_no_lock() {
    let mut mutex = Mutex::from(1);
    *mutex.get_mut() += 1;
    assert_eq!(mutex.into_inner(), 2);
    assert_eq!(Mutex::<u8>::default().into_inner(), 0);
}

#[test]
fn it_is_a_const() {
    static COUNT: Mutex<usize> = Mutex::new(0);
    static BARGING: Mutex<usize> = Mutex::barging(0);
    *COUNT.lock_blocking() += 1;
    *BARGING.lock_blocking() += 1;
    assert_eq!(*COUNT.lock_blocking() + *BARGING.lock_blocking(), 2);
}

#[test]
fn all_can_be_shown() {
    let mutex = Arc::new(Mutex::new(7));
    assert_eq!(
        format!("{mutex:?}"),
        "Mutex { value: 7, barging: false, .. }"
    );
    let guard = mutex.try_lock_owned().unwrap();
    assert_eq!(
        format!("{mutex:?}"),
        "Mutex { value: <locked>, barging: false, .. }"
    );
    assert_eq!(format!("{guard:?} {guard}"), "7 7");
    let guard = OwnedMutexGuard::map(guard, |value| value);
    assert_eq!(format!("{guard:?} {guard}"), "7 7");
    drop(guard);
    let guard = mutex.try_lock().unwrap();
    assert_eq!(format!("{guard:?} {guard}"), "7 7");
    let guard = MutexGuard::map(guard, |value| value);
    assert_eq!(format!("{guard:?} {guard}"), "7 7");
    assert_eq!(format!("{:?}", mutex.lock()), "Lock { .. }");
    assert_eq!(format!("{:?}", mutex.lock_owned()), "LockOwned { .. }");
}
