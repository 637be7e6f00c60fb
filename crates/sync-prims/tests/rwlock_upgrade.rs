//! `RwLock`: from reading to writing and back.

mod support;

use std::pin::pin;

use support::{Hand, poll_once};
use sync_prims::RwLock;
use sync_prims::rwlock::{RwLockUpgradableReadGuard, RwLockWriteGuard};

#[test]
fn an_upgrade_waits_for_the_readers() {
    let lock = RwLock::new(1);
    let seen = lock.try_upgradable_read().unwrap();
    let reading = lock.try_read().unwrap();
    let seen = RwLockUpgradableReadGuard::try_upgrade(seen).unwrap_err();
    let mut upgrade = Hand::pending(RwLockUpgradableReadGuard::upgrade(seen));
    // It keeps new readers out, and goes before all who wait.
    assert!(lock.try_read().is_none());
    let mut late = Hand::pending(lock.write());
    drop(reading);
    assert!(upgrade.is_woken() && !late.is_woken());
    let mut writing = upgrade.output();
    *writing += 1;
    drop(writing);
    assert_eq!(*late.output(), 2);
}

#[test]
fn an_upgrade_goes_before_those_who_wait() {
    let lock = RwLock::new(());
    let seen = lock.try_upgradable_read().unwrap();
    let reading = lock.try_read().unwrap();
    let mut writer = Hand::pending(lock.write());
    let mut upgrade = Hand::pending(RwLockUpgradableReadGuard::upgrade(seen));
    drop(reading);
    assert!(upgrade.is_woken() && !writer.is_woken());
    drop(upgrade.output());
    drop(writer.output());
}

#[test]
fn an_upgrade_alone_needs_no_wait() {
    let lock = RwLock::new(());
    let seen = lock.try_upgradable_read().unwrap();
    let writer = Hand::pending(lock.write());
    let writing = RwLockUpgradableReadGuard::try_upgrade(seen).unwrap();
    assert!(lock.try_read().is_none());
    let seen = RwLockWriteGuard::downgrade_to_upgradable(writing);
    drop(Hand::new(RwLockUpgradableReadGuard::upgrade(seen)).output());
    assert!(writer.is_woken());
    drop(writer);
    assert!(lock.try_write().is_some());
}

#[test]
fn an_upgrade_that_is_dropped_releases_the_lock() {
    let lock = RwLock::new(());
    for granted in [false, true] {
        let seen = lock.try_upgradable_read().unwrap();
        let reading = lock.try_read().unwrap();
        let upgrade = Hand::pending(RwLockUpgradableReadGuard::upgrade(seen));
        let mut late = Hand::pending(lock.upgradable_read());
        if granted {
            drop(reading);
            assert!(upgrade.is_woken());
            drop(upgrade);
        } else {
            drop(upgrade);
            drop(reading);
        }
        drop(late.output());
        assert!(lock.try_write().is_some());
    }
    let seen = lock.try_upgradable_read().unwrap();
    drop(RwLockUpgradableReadGuard::upgrade(seen));
    assert!(lock.try_write().is_some());
}

#[test]
fn an_upgrade_that_is_given_up_keeps_the_lock() {
    let lock = RwLock::new(());
    for granted in [false, true] {
        let seen = lock.try_upgradable_read().unwrap();
        let reading = lock.try_read().unwrap();
        let mut upgrade = Box::pin(RwLockUpgradableReadGuard::upgrade(seen));
        assert!(poll_once(upgrade.as_mut()).is_pending());
        let mut late = Hand::pending(lock.read());
        let reading = (!granted).then_some(reading);
        let seen = upgrade.as_mut().give_up().unwrap();
        // Readers are let in again, and nobody else.
        assert!(late.is_woken());
        drop((late.output(), reading));
        assert!(lock.try_write().is_none());
        assert!(lock.try_upgradable_read().is_none());
        drop(seen);
        assert!(upgrade.as_mut().give_up().is_none());
        assert!(lock.try_write().is_some());
    }
    // Not even begun, and done.
    let seen = lock.try_upgradable_read().unwrap();
    let mut upgrade = pin!(RwLockUpgradableReadGuard::upgrade(seen));
    let seen = upgrade.as_mut().give_up().unwrap();
    let mut upgrade = Box::pin(RwLockUpgradableReadGuard::upgrade(seen));
    let writing = poll_once(upgrade.as_mut());
    assert!(writing.is_ready());
    assert!(upgrade.as_mut().give_up().is_none());
}

#[test]
fn a_downgrade_lets_readers_in_and_no_writer() {
    let lock = RwLock::new(1);
    let mut writing = lock.try_write().unwrap();
    let mut readers = [Hand::pending(lock.read()), Hand::pending(lock.read())];
    let mut upgradable = Hand::pending(lock.upgradable_read());
    let mut writer = Hand::pending(lock.write());
    *writing = 2;
    let seen = RwLockWriteGuard::downgrade_to_upgradable(writing);
    for reader in &mut readers {
        assert_eq!(*reader.output(), 2);
    }
    assert!(!upgradable.is_woken());
    let reading = RwLockUpgradableReadGuard::downgrade(seen);
    drop(upgradable.output());
    assert!(!writer.is_woken());
    drop(reading);
    let writing = writer.output();
    let reading = RwLockWriteGuard::downgrade(writing);
    assert!(lock.try_read().is_some() && lock.try_write().is_none());
    drop(reading);
    assert!(lock.try_write().is_some());
}
