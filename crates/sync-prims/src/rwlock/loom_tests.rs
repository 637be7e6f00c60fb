//! Models of the races that [`raw`](super::raw) names.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::pin::Pin;

use loom::cell::UnsafeCell;
use loom::future::block_on;
use loom::thread::{self, JoinHandle};

use super::{Guard, RwLock, RwLockReadGuard, RwLockUpgradableReadGuard, RwLockWriteGuard};
use crate::testing::poll_once;

/// A lock whose value loom watches: it finds a writer that is not alone.
type Watched = RwLock<UnsafeCell<usize>>;

fn watched() -> Arc<Watched> {
    Arc::new(RwLock::new(UnsafeCell::new(0)))
}

fn read(value: &UnsafeCell<usize>) -> usize {
    // SAFETY: a guard lends the value. Loom checks it.
    value.with(|value| unsafe { *value })
}

fn add_one(value: &UnsafeCell<usize>) {
    // SAFETY: a writer's guard lends the value. Loom checks it.
    value.with_mut(|value| unsafe { *value += 1 });
}

fn write_one(lock: &Watched) {
    add_one(&block_on(lock.write()));
}

fn read_one(lock: &Watched) -> usize {
    read(&block_on(lock.read()))
}

/// A wait that is polled once and dropped, with what it may have got.
fn give_up<F: Future>(wait: F) {
    let mut wait = Box::pin(wait);
    let _ = poll_once(wait.as_mut());
}

fn spawn(lock: &Arc<Watched>, work: fn(&Watched)) -> JoinHandle<()> {
    let lock = lock.clone();
    thread::spawn(move || work(&lock))
}

/// Joins all. Nobody has the lock after that, and so many writes were done.
fn end<const N: usize>(lock: &Watched, threads: [JoinHandle<()>; N], writes: usize) {
    for thread in threads {
        thread.join().unwrap();
    }
    lock.raw.assert_free();
    assert_eq!(read_one(lock), writes);
}

/// A reader that leaves at some time.
fn leaving_reader(lock: &Arc<Watched>) -> JoinHandle<()> {
    let guard = lock.try_read_owned().unwrap();
    thread::spawn(move || {
        read(&guard);
        drop(guard);
    })
}

#[test]
fn loom_two_writers() {
    loom::model(|| {
        let lock = watched();
        let other = spawn(&lock, write_one);
        write_one(&lock);
        end(&lock, [other], 2);
    });
}

#[test]
fn loom_write_and_two_reads() {
    loom::model(|| {
        let lock = watched();
        let readers = [(); 2].map(|()| spawn(&lock, |lock| assert!(read_one(lock) <= 1)));
        write_one(&lock);
        end(&lock, readers, 1);
    });
}

#[test]
fn loom_release_and_release() {
    loom::model(|| {
        let lock = watched();
        let readers = [(); 2].map(|()| leaving_reader(&lock));
        write_one(&lock);
        end(&lock, readers, 1);
    });
}

#[test]
fn loom_two_writers_and_a_reader_that_gives_up() {
    loom::model(|| {
        let lock = watched();
        let others = [
            spawn(&lock, write_one),
            spawn(&lock, |lock| give_up(lock.read())),
        ];
        write_one(&lock);
        end(&lock, others, 2);
    });
}

#[test]
fn loom_a_writer_that_gives_up_lets_a_reader_in() {
    loom::model(|| {
        let lock = watched();
        let reading = lock.try_read().unwrap();
        let writer = spawn(&lock, |lock| give_up(lock.write()));
        // Whether behind the writer or not.
        read_one(&lock);
        drop(reading);
        end(&lock, [writer], 0);
    });
}

#[test]
fn loom_two_that_give_up_and_a_release() {
    loom::model(|| {
        let lock = watched();
        let writing = lock.try_write().unwrap();
        let others = [
            spawn(&lock, |lock| give_up(lock.write())),
            spawn(&lock, |lock| give_up(lock.read())),
        ];
        add_one(&writing);
        drop(writing);
        end(&lock, others, 1);
    });
}

#[test]
fn loom_upgrade_and_write() {
    loom::model(|| {
        let lock = watched();
        let writer = spawn(&lock, write_one);
        let seen = block_on(lock.upgradable_read());
        let before = read(&seen);
        let writing = block_on(RwLockUpgradableReadGuard::upgrade(seen));
        assert_eq!(read(&writing), before);
        add_one(&writing);
        drop(writing);
        end(&lock, [writer], 2);
    });
}

#[test]
fn loom_upgrade_goes_before_a_writer_in_line() {
    loom::model(|| {
        let lock = watched();
        let seen = lock.try_upgradable_read().unwrap();
        let others = [leaving_reader(&lock), spawn(&lock, write_one)];
        let writing = block_on(RwLockUpgradableReadGuard::upgrade(seen));
        // The writer, in line or not, comes after.
        assert_eq!(read(&writing), 0);
        add_one(&writing);
        drop(writing);
        end(&lock, others, 2);
    });
}

#[test]
fn loom_upgrade_and_release() {
    loom::model(|| {
        let lock = watched();
        let readers = [(); 2].map(|()| leaving_reader(&lock));
        let seen = lock.try_upgradable_read().unwrap();
        add_one(&block_on(RwLockUpgradableReadGuard::upgrade(seen)));
        end(&lock, readers, 1);
    });
}

#[test]
fn loom_upgrade_and_upgrade() {
    loom::model(|| {
        let lock = watched();
        let upgrade_one = |lock: &Watched| {
            let seen = block_on(lock.upgradable_read());
            let before = read(&seen);
            let writing = block_on(RwLockUpgradableReadGuard::upgrade(seen));
            assert_eq!(read(&writing), before);
            add_one(&writing);
        };
        let other = spawn(&lock, upgrade_one);
        upgrade_one(&lock);
        end(&lock, [other], 2);
    });
}

#[test]
fn loom_an_upgrade_that_gives_up_lets_a_reader_in() {
    loom::model(|| {
        let lock = watched();
        let reading = lock.try_read().unwrap();
        let seen = lock.try_upgradable_read_owned().unwrap();
        let upgrader = thread::spawn(move || {
            let mut upgrade = Box::pin(Guard::upgrade(seen));
            assert!(poll_once(upgrade.as_mut()).is_pending());
            let seen = upgrade.as_mut().give_up().unwrap();
            assert_eq!(read(&seen), 0);
        });
        // Whether behind the upgrade or not.
        read_one(&lock);
        upgrader.join().unwrap();
        drop(reading);
        end(&lock, [], 0);
    });
}

#[test]
fn loom_an_upgrade_that_gives_up_and_a_release() {
    loom::model(|| {
        let lock = watched();
        let threads = [leaving_reader(&lock), spawn(&lock, write_one)];
        if let Some(seen) = lock.try_upgradable_read() {
            let mut upgrade = Box::pin(RwLockUpgradableReadGuard::upgrade(seen));
            if poll_once(upgrade.as_mut()).is_pending() {
                let seen = Pin::as_mut(&mut upgrade).give_up().unwrap();
                assert_eq!(read(&seen), 0);
            }
        }
        end(&lock, threads, 1);
    });
}

#[test]
fn loom_an_upgrade_at_once_and_a_grant_to_a_reader() {
    loom::model(|| {
        let lock = watched();
        let seen = lock.try_upgradable_read().unwrap();
        let others = [
            // When it leaves the line, a reader behind it is let in.
            spawn(&lock, |lock| give_up(lock.write())),
            spawn(&lock, |lock| {
                read_one(lock);
            }),
        ];
        let mut writes = 0;
        if let Ok(writing) = RwLockUpgradableReadGuard::try_upgrade(seen) {
            add_one(&writing);
            writes = 1;
        }
        end(&lock, others, writes);
    });
}

#[test]
fn loom_downgrade_and_queued_readers() {
    loom::model(|| {
        let lock = watched();
        let writing = lock.try_write().unwrap();
        let readers = [(); 2].map(|()| spawn(&lock, |lock| assert_eq!(read_one(lock), 1)));
        add_one(&writing);
        let reading = RwLockWriteGuard::downgrade(writing);
        // Held until both have read: who is not let in now never is.
        for reader in readers {
            reader.join().unwrap();
        }
        assert_eq!(read(&reading), 1);
        drop(reading);
        end(&lock, [], 1);
    });
}

#[test]
fn loom_downgrade_and_queued_writer() {
    loom::model(|| {
        let lock = watched();
        let writing = lock.try_write().unwrap();
        let writer = spawn(&lock, write_one);
        add_one(&writing);
        let reading = RwLockWriteGuard::downgrade(writing);
        assert_eq!(read(&reading), 1);
        drop(reading);
        end(&lock, [writer], 2);
    });
}

#[test]
fn loom_an_upgradable_reader_that_is_content_lets_the_next_in() {
    loom::model(|| {
        let lock = watched();
        let seen = lock.try_upgradable_read().unwrap();
        let next = spawn(&lock, |lock| {
            read(&block_on(lock.upgradable_read()));
        });
        let reading = RwLockUpgradableReadGuard::downgrade(seen);
        // Held until the next one was let in.
        next.join().unwrap();
        drop(reading);
        end(&lock, [], 0);
    });
}

#[test]
fn loom_a_mapped_guard_releases() {
    loom::model(|| {
        let lock = watched();
        let writer = spawn(&lock, write_one);
        let part = RwLockReadGuard::map(block_on(lock.read()), |value| value);
        read(&part);
        drop(part);
        end(&lock, [writer], 1);
    });
}
