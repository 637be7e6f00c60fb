//! `RwLock`, with futures driven by hand.

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;

use support::{Hand, Hooks, poll_once, poll_with};
use sync_prims::RwLock;
use sync_prims::rwlock::{
    Guard, MappedRwLockReadGuard, MappedRwLockWriteGuard, OwnedRwLockReadGuard,
    OwnedRwLockWriteGuard, RwLockReadGuard, RwLockUpgradableReadGuard, RwLockWriteGuard,
};

static SHARED: RwLock<u32> = RwLock::new(7);

#[test]
fn stands_in_a_static() {
    assert_eq!(*SHARED.try_read().unwrap(), 7);
}

#[test]
fn many_read_or_one_writes() {
    let lock = RwLock::new(1);
    let reading = [lock.try_read().unwrap(), lock.try_read().unwrap()];
    assert_eq!(reading.iter().map(|guard| **guard).sum::<i32>(), 2);
    assert!(lock.try_write().is_none());
    drop(reading);
    let mut writing = lock.try_write().unwrap();
    *writing += 1;
    assert!(lock.try_read().is_none());
    assert!(lock.try_upgradable_read().is_none());
    assert!(lock.try_write().is_none());
    drop(writing);
    assert_eq!(lock.into_inner(), 2);
}

#[test]
fn one_reads_upgradably_beside_the_others() {
    let lock = RwLock::new(());
    let seen = lock.try_upgradable_read().unwrap();
    assert!(lock.try_upgradable_read().is_none());
    assert!(lock.try_write().is_none());
    let mut next = Hand::pending(lock.upgradable_read());
    drop(seen);
    assert!(next.is_woken());
    let seen = next.output();
    let _reading = lock.try_read().unwrap();
    drop(RwLockUpgradableReadGuard::downgrade(seen));
    assert!(lock.try_upgradable_read().is_some());
}

#[test]
fn whoever_waits_is_not_passed() {
    let lock = RwLock::new(());
    let reading = lock.try_read().unwrap();
    let mut writer = Hand::pending(lock.write());
    assert!(lock.try_read().is_none());
    assert!(lock.try_upgradable_read().is_none());
    let mut reader = Hand::pending(lock.read());
    let mut second_writer = Hand::pending(lock.write());
    drop(reading);
    assert_eq!((writer.wakes(), reader.wakes()), (1, 0));
    drop(writer.output());
    assert_eq!((reader.wakes(), second_writer.wakes()), (1, 0));
    drop(reader.output());
    drop(second_writer.output());
    assert!(lock.try_write().is_some());
}

#[test]
fn a_writer_lets_in_the_readers_before_the_next_writer() {
    let lock = RwLock::new(());
    let writing = lock.try_write().unwrap();
    let mut readers: Vec<_> = (0..100).map(|_| Hand::pending(lock.read())).collect();
    readers.push(Hand::pending(lock.read()));
    let mut upgradable = Hand::pending(lock.upgradable_read());
    let mut writer = Hand::pending(lock.write());
    let mut late = Hand::pending(lock.read());
    drop(writing);
    assert!(readers.iter().all(|reader| reader.wakes() == 1));
    assert!(upgradable.is_woken() && !writer.is_woken() && !late.is_woken());
    let guards: Vec<_> = readers.iter_mut().map(Hand::output).collect();
    drop(upgradable.output());
    drop(guards);
    assert!(writer.is_woken() && !late.is_woken());
    drop(writer.output());
    drop(late.output());
}

#[test]
fn of_many_readers_the_last_lets_the_writer_in() {
    let lock = RwLock::new(());
    let mut guards: Vec<_> = (0..10).map(|_| lock.try_read().unwrap()).collect();
    let mut writer = Hand::pending(lock.write());
    while let Some(guard) = guards.pop() {
        assert!(!writer.is_woken());
        drop(guard);
    }
    drop(writer.output());
}

#[test]
fn a_dropped_writer_lets_those_behind_it_in() {
    let lock = RwLock::new(());
    let reading = lock.try_read().unwrap();
    let writer = Hand::pending(lock.write());
    let mut reader = Hand::pending(lock.read());
    let mut second = Hand::pending(lock.read());
    drop(writer);
    assert!(reader.is_woken() && second.is_woken());
    drop((reader.output(), second.output(), reading));
    assert!(lock.try_write().is_some());
}

#[test]
fn a_dropped_waiter_passes_the_lock_on() {
    let lock = RwLock::new(());
    let writing = lock.try_write().unwrap();
    let granted = Hand::pending(lock.write());
    let mut reader = Hand::pending(lock.read());
    let last = Hand::pending(lock.upgradable_read());
    drop(writing);
    assert!(granted.is_woken() && !reader.is_woken());
    drop(granted);
    assert!(reader.is_woken() && last.is_woken());
    drop(last);
    drop(reader.output());
    assert!(lock.try_write().is_some());
}

#[test]
fn the_end_of_the_line_may_leave() {
    let lock = RwLock::new(());
    let reading = lock.try_read().unwrap();
    let writer = Hand::pending(lock.write());
    let reader = Hand::pending(lock.read());
    drop(reader);
    assert!(lock.try_read().is_none());
    drop(writer);
    assert!(lock.try_read().is_some());
    drop(reading);
}

#[test]
fn owned_guards_keep_the_lock() {
    let lock = Arc::new(RwLock::new(vec![1]));
    let weak = Arc::downgrade(&lock);
    let reading = lock.try_read_owned().unwrap();
    let seen = lock.try_upgradable_read_owned().unwrap();
    assert!(lock.try_write_owned().is_none());
    let mut waits = Hand::pending(lock.write_owned());
    drop(lock);
    drop(reading);
    let upgrade = Hand::new(Guard::upgrade(seen)).output();
    assert!(!waits.is_woken());
    drop(upgrade);
    let mut writing = waits.output();
    drop(waits);
    writing.push(2);
    assert!(OwnedRwLockWriteGuard::rwlock(&writing).try_read().is_none());
    let reading = OwnedRwLockReadGuard::map(OwnedRwLockWriteGuard::downgrade(writing), |numbers| {
        &numbers[1]
    });
    assert_eq!(*reading, 2);
    assert!(weak.upgrade().is_some());
    drop(reading);
    assert!(weak.upgrade().is_none());
}

#[test]
fn a_dropped_owned_wait_passes_the_lock_on() {
    let lock = Arc::new(RwLock::new(()));
    let writing = lock.try_write_owned().unwrap();
    let granted = Hand::pending(lock.write_owned());
    let mut read = Hand::pending(lock.read_owned());
    let mut seen = Hand::pending(lock.upgradable_read_owned());
    drop(writing);
    drop(granted);
    drop((read.output(), seen.output()));
    drop((read, seen));
    assert_eq!(Arc::strong_count(&lock), 1);
}

#[test]
fn guards_are_narrowed() {
    let lock = RwLock::new((1, Some(2)));
    let writing = RwLockWriteGuard::map(lock.try_write().unwrap(), |pair| &mut pair.1);
    let mut writing = MappedRwLockWriteGuard::try_map(writing, Option::as_mut).unwrap();
    *writing = 3;
    let writing = MappedRwLockWriteGuard::try_map(writing, |_| None::<&mut ()>).unwrap_err();
    let mut reader = Hand::pending(lock.read());
    let reading = MappedRwLockWriteGuard::downgrade(writing);
    assert_eq!(*reading, 3);
    drop(reader.output());
    let reading = MappedRwLockReadGuard::map(reading, |number| number);
    assert!(lock.try_write().is_none());
    drop(reading);

    let none = RwLockReadGuard::try_map(lock.try_read().unwrap(), |_| None::<&()>);
    let reading = RwLockReadGuard::try_map(none.unwrap_err(), |pair| Some(&pair.0)).unwrap();
    let reading = MappedRwLockReadGuard::try_map(reading, |_| None::<&()>).unwrap_err();
    let reading = MappedRwLockReadGuard::try_map(reading, |number| Some(number)).unwrap();
    assert!(lock.try_write().is_none());
    drop(reading);

    let none = RwLockWriteGuard::try_map(lock.try_write().unwrap(), |_| None::<&mut ()>);
    let writing = RwLockWriteGuard::try_map(none.unwrap_err(), |pair| Some(&mut pair.0)).unwrap();
    let mut writing = MappedRwLockWriteGuard::map(writing, |number| number);
    *writing = 4;
    drop(writing);
    assert_eq!(*lock.try_read().unwrap(), (4, Some(3)));
}

#[test]
fn a_part_that_panics_releases_the_lock() {
    let lock = RwLock::new(());
    let reading = lock.try_read().unwrap();
    let map = || RwLockReadGuard::map(reading, |_| -> &() { panic!("on purpose") });
    assert!(catch_unwind(AssertUnwindSafe(|| drop(map()))).is_err());
    let writing = lock.try_write().unwrap();
    let map = || RwLockWriteGuard::map(writing, |_| -> &mut () { panic!("on purpose") });
    assert!(catch_unwind(AssertUnwindSafe(|| drop(map()))).is_err());
    assert!(lock.try_write().is_some());
}

#[test]
fn unsized_values_are_locked() {
    let lock: Arc<RwLock<[u8]>> = Arc::new(RwLock::new([1, 2, 3]));
    lock.try_write().unwrap()[0] = 4;
    let middle = OwnedRwLockReadGuard::map(lock.try_read_owned().unwrap(), |numbers| &numbers[..2]);
    assert_eq!(*middle, [4, 2]);
    let shown: Box<RwLock<dyn std::fmt::Debug>> = Box::new(RwLock::new(5));
    assert_eq!(format!("{:?}", shown.try_read().unwrap()), "5");
}

#[test]
fn polling_after_the_end_panics() {
    let lock = RwLock::new(());
    let mut read = Hand::new(lock.read());
    drop(read.output());
    assert!(catch_unwind(AssertUnwindSafe(|| read.poll().is_ready())).is_err());
    let seen = lock.try_upgradable_read().unwrap();
    let mut upgrade = Hand::new(RwLockUpgradableReadGuard::upgrade(seen));
    drop(upgrade.output());
    assert!(catch_unwind(AssertUnwindSafe(|| upgrade.poll().is_ready())).is_err());
    drop(upgrade);
    assert!(lock.try_write().is_some());
}

#[test]
fn a_wait_that_is_not_polled_is_not_in_line() {
    let lock = RwLock::new(());
    let reading = lock.try_read().unwrap();
    std::mem::forget(lock.write());
    let _unpolled = lock.write();
    assert!(lock.try_read().is_some());
    drop(reading);
    assert!(lock.try_write().is_some());
}

/// A waker that panics when it is woken.
fn panics() -> std::task::Waker {
    let hooks = Hooks {
        wake: Some(Box::new(|| panic!("on purpose"))),
        ..Hooks::default()
    };
    Arc::new(hooks).waker()
}

#[test]
fn a_waker_that_panics_keeps_nobody_from_entering() {
    let lock = RwLock::new(());
    let writing = lock.try_write().unwrap();
    let mut first = Box::pin(lock.read());
    assert!(poll_with(first.as_mut(), &panics()).is_pending());
    let mut rest: Vec<_> = (0..100).map(|_| Hand::pending(lock.read())).collect();
    assert!(catch_unwind(AssertUnwindSafe(|| drop(writing))).is_err());
    for wait in &mut rest {
        assert_eq!(wait.wakes(), 1);
        drop(wait.output());
    }
    assert!(lock.try_write().is_none());
    drop(first);
    assert!(lock.try_write().is_some());
}

#[test]
fn a_waker_that_panics_in_a_downgrade_releases_the_lock() {
    let lock = RwLock::new(());
    let writing = lock.try_write().unwrap();
    let mut first = Box::pin(lock.read());
    assert!(poll_with(first.as_mut(), &panics()).is_pending());
    let downgrade = || drop(RwLockWriteGuard::downgrade(writing));
    assert!(catch_unwind(AssertUnwindSafe(downgrade)).is_err());
    drop(first);
    assert!(lock.try_write().is_some());

    // Likewise if an upgrade is given up.
    let seen = lock.try_upgradable_read().unwrap();
    let reading = lock.try_read().unwrap();
    let mut upgrade = Box::pin(RwLockUpgradableReadGuard::upgrade(seen));
    assert!(poll_once(upgrade.as_mut()).is_pending());
    let mut late = Box::pin(lock.read());
    assert!(poll_with(late.as_mut(), &panics()).is_pending());
    let give_up = || drop(upgrade.as_mut().give_up());
    assert!(catch_unwind(AssertUnwindSafe(give_up)).is_err());
    drop((upgrade, late, reading));
    assert!(lock.try_write().is_some());
}

#[test]
fn a_waker_may_lock() {
    let lock = Arc::new(RwLock::new(0));
    // Whoever is woken finds the lock with who was let in.
    let hooks = {
        let lock = lock.clone();
        Hooks {
            wake: Some(Box::new(move || {
                assert!(lock.try_write().is_none());
                drop(lock.try_read());
                drop(Hand::new(lock.write()).poll());
                drop(Hand::new(lock.read()).poll());
            })),
            ..Hooks::default()
        }
    };
    let waker = Arc::new(hooks).waker();
    let writing = lock.try_write().unwrap();
    let mut read = pin!(lock.read());
    let mut seen = pin!(lock.upgradable_read());
    let mut write = pin!(lock.write());
    assert!(poll_with(read.as_mut(), &waker).is_pending());
    assert!(poll_with(seen.as_mut(), &waker).is_pending());
    assert!(poll_with(write.as_mut(), &waker).is_pending());
    drop(writing);
    assert!(poll_once(read.as_mut()).is_ready());
    let std::task::Poll::Ready(seen) = poll_once(seen.as_mut()) else {
        panic!("it was let in");
    };
    drop(seen);
    assert!(poll_once(write.as_mut()).is_ready());
    assert!(lock.try_write().is_some());
}

#[test]
fn shows_its_state() {
    let lock = RwLock::new(5);
    assert!(format!("{lock:?}").contains("value: 5"));
    let reading = lock.try_read().unwrap();
    assert_eq!(format!("{reading:?} {reading}"), "5 5");
    assert!(format!("{lock:?}").contains("value: 5"));
    drop(reading);
    let writing = RwLockWriteGuard::map(lock.try_write().unwrap(), |number| number);
    assert_eq!(format!("{writing:?} {writing}"), "5 5");
    assert!(format!("{lock:?}").contains("<locked>"));
    let futures = format!("{:?} {:?}", lock.read(), lock.write());
    assert!(futures.contains("Read") && futures.contains("Write"));
    drop(writing);
    let seen = lock.try_upgradable_read().unwrap();
    let upgrade = RwLockUpgradableReadGuard::upgrade(seen);
    assert!(format!("{upgrade:?} {:?}", lock.upgradable_read()).contains("Upgrad"));
}

#[test]
fn values_come_and_go() {
    let mut lock = RwLock::from(String::from("a"));
    lock.get_mut().push('b');
    assert_eq!(lock.into_inner(), "ab");
    assert_eq!(RwLock::<u8>::default().into_inner(), 0);
}
