//! `RwLock` on threads that block.

mod support;

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use support::Watchdog;
use sync_prims::RwLock;
use sync_prims::blocking::block_on_timeout;
use sync_prims::rwlock::{
    Guard, OwnedRwLockWriteGuard, RwLockUpgradableReadGuard, RwLockWriteGuard,
};

const THREADS: usize = 6;
const ROUNDS: usize = 10_000;

/// Two numbers that a writer changes one after the other, and that a reader must never see differ.
#[derive(Default)]
struct Pair([u64; 2]);

impl Pair {
    fn step(&mut self) {
        self.0[0] += 1;
        thread::yield_now();
        self.0[1] += 1;
    }

    fn seen(&self) -> u64 {
        let [one, other] = self.0;
        assert_eq!(one, other);
        one
    }
}

#[test]
fn readers_see_what_writers_leave() {
    let _watchdog = Watchdog::new("readers_see_what_writers_leave");
    let lock = Arc::new(RwLock::new(Pair::default()));
    let written: u64 = thread::scope(|threads| {
        let threads: Vec<_> = (0..THREADS)
            .map(|i| {
                let lock = &lock;
                threads.spawn(move || (0..ROUNDS).map(|round| turn(lock, i + round)).sum::<u64>())
            })
            .collect();
        threads.into_iter().map(|t| t.join().unwrap()).sum()
    });
    assert_eq!(lock.try_write().unwrap().seen(), written);
}

/// Uses the lock in one of its ways; how often it wrote.
fn turn(lock: &Arc<RwLock<Pair>>, way: usize) -> u64 {
    match way % 8 {
        0 => {
            lock.write_blocking().step();
            1
        }
        1 => {
            let seen = lock.upgradable_read_blocking();
            let before = seen.seen();
            let mut writing = RwLockUpgradableReadGuard::upgrade_blocking(seen);
            assert_eq!(writing.seen(), before);
            writing.step();
            let seen = RwLockWriteGuard::downgrade_to_upgradable(writing);
            assert_eq!(seen.seen(), before + 1);
            drop(RwLockUpgradableReadGuard::downgrade(seen));
            1
        }
        2 => {
            let mut writing = lock.write_owned_blocking();
            writing.step();
            let after = writing.seen();
            assert!(Guard::rwlock(&writing).try_read().is_none());
            assert_eq!(OwnedRwLockWriteGuard::downgrade(writing).seen(), after);
            1
        }
        // Waits that are given up, at any moment.
        3 => {
            let upgraded = block_on_timeout(
                async {
                    let seen = lock.upgradable_read().await;
                    RwLockUpgradableReadGuard::upgrade(seen).await.step();
                },
                Duration::ZERO,
            );
            u64::from(upgraded.is_some())
        }
        4 => {
            let wrote = block_on_timeout(lock.write(), Duration::from_micros(20));
            wrote.map_or(0, |mut pair| {
                pair.step();
                1
            })
        }
        5 => {
            drop(block_on_timeout(lock.read_owned(), Duration::ZERO));
            0
        }
        _ => {
            lock.read_blocking().seen();
            0
        }
    }
}
