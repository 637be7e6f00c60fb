//! `Semaphore`: permits that are added, split, merged, forgotten, and too many.

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use support::Hand;
use sync_prims::Semaphore;
use sync_prims::semaphore::TryAcquireError;

#[test]
fn permits_are_forgotten_merged_and_split() {
    let semaphore = Semaphore::new(5);
    let mut permit = semaphore.try_acquire_many(2).unwrap();
    permit.merge(semaphore.try_acquire_many(3).unwrap());
    assert_eq!(permit.num_permits(), 5);
    assert!(permit.split(6).is_none());
    let split = permit.split(4).unwrap();
    assert_eq!((permit.num_permits(), split.num_permits()), (1, 4));
    split.forget();
    assert_eq!(semaphore.available_permits(), 0);
    drop(permit);
    assert_eq!(semaphore.available_permits(), 1);
    assert_eq!(semaphore.forget_permits(0), 0);
    assert_eq!(semaphore.forget_permits(7), 1);
    assert_eq!(semaphore.available_permits(), 0);
}

#[test]
fn permits_of_two_semaphores_do_not_mix() {
    let (one, two) = (Semaphore::new(1), Semaphore::new(1));
    let mut permit = one.try_acquire().unwrap();
    let other = two.try_acquire().unwrap();
    let merged = catch_unwind(AssertUnwindSafe(|| permit.merge(other)));
    assert!(merged.is_err());
    drop(permit);
    assert_eq!((one.available_permits(), two.available_permits()), (1, 1));
}

#[test]
fn permits_are_forgotten_while_somebody_waits() {
    let semaphore = Semaphore::new(2);
    let mut many = Hand::pending(semaphore.acquire_many(3));
    assert_eq!(semaphore.forget_permits(1), 1);
    semaphore.add_permits(1);
    assert!(!many.is_woken());
    semaphore.add_permits(1);
    many.output().unwrap().forget();
}

#[test]
fn too_many_permits_are_a_panic_that_changes_nothing() {
    let max = Semaphore::MAX_PERMITS;
    assert!(catch_unwind(|| Semaphore::new(max + 1)).is_err());

    let semaphore = Semaphore::new(max);
    let add = |permits| catch_unwind(AssertUnwindSafe(|| semaphore.add_permits(permits)));
    assert!(add(1).is_err());
    assert!(add(usize::MAX).is_err());
    assert_eq!(semaphore.available_permits(), max);
    assert_eq!(
        semaphore.try_acquire_many(usize::MAX).unwrap_err(),
        TryAcquireError::NoPermits
    );
    assert!(catch_unwind(AssertUnwindSafe(|| semaphore.acquire_many(max + 1))).is_err());

    // While somebody waits it is the same.
    let held = semaphore.try_acquire().unwrap();
    let mut all = Hand::pending(semaphore.acquire_many(max));
    assert!(add(2).is_err());
    assert!(!all.is_woken());
    drop(held);
    drop(all.output().unwrap());
    assert_eq!(semaphore.available_permits(), max);
}

#[test]
fn permits_beyond_the_maximum_are_lost() {
    let semaphore = Semaphore::new(2);
    let permit = semaphore.try_acquire_many(2).unwrap();
    semaphore.add_permits(Semaphore::MAX_PERMITS - 1);
    drop(permit);
    assert_eq!(semaphore.available_permits(), Semaphore::MAX_PERMITS);
}

#[test]
fn owned_permits_keep_the_semaphore() {
    let semaphore = Arc::new(Semaphore::new(3));
    let mut permit = semaphore.try_acquire_many_owned(2).unwrap();
    permit.merge(semaphore.try_acquire_owned().unwrap());
    let mut wait = Hand::pending(semaphore.acquire_owned());
    let mut many = Hand::pending(semaphore.acquire_many_owned(3));
    let weak = Arc::downgrade(&semaphore);
    drop(semaphore);
    let split = permit.split(1).unwrap();
    assert_eq!(split.semaphore().available_permits(), 0);
    drop(split);
    let granted = wait.output().unwrap();
    drop(wait);
    permit.forget();
    assert_eq!(granted.num_permits(), 1);
    granted.semaphore().add_permits(2);
    drop(granted);
    assert_eq!(many.output().unwrap().num_permits(), 3);
    assert!(weak.upgrade().is_none());
}
