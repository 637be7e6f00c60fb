//! `Semaphore` on threads that block.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use sync_prims::Semaphore;
use sync_prims::blocking::{block_on, block_on_timeout};

const PERMITS: usize = 3;
const ROUNDS: usize = 3_000;

#[test]
fn never_more_permits_are_out_than_exist() {
    let semaphore = Arc::new(Semaphore::new(PERMITS));
    let out = AtomicUsize::new(0);
    thread::scope(|threads| {
        for i in 0..6 {
            let (semaphore, out) = (&semaphore, &out);
            threads.spawn(move || {
                for round in 0..ROUNDS {
                    let wanted = 1 + (i + round) % PERMITS;
                    let permit = semaphore.acquire_many_blocking(wanted).unwrap();
                    let before = out.fetch_add(wanted, Ordering::Relaxed);
                    assert!(before + wanted <= PERMITS);
                    out.fetch_sub(wanted, Ordering::Relaxed);
                    drop(permit);
                    // Waits that are given up in between, at any moment.
                    let wait = semaphore.acquire_many_owned(PERMITS);
                    drop(block_on_timeout(wait, std::time::Duration::ZERO));
                }
            });
        }
    });
    assert_eq!(semaphore.available_permits(), PERMITS);
    assert!(semaphore.try_acquire_many(PERMITS).is_ok());
}

#[test]
fn closing_ends_all_waits() {
    let semaphore = Arc::new(Semaphore::new(1));
    let threads: Vec<_> = (0..8)
        .map(|i| {
            let semaphore = semaphore.clone();
            thread::spawn(move || {
                let mut got = 0;
                while let Ok(permit) = block_on(semaphore.acquire_many(1 + i % 2)) {
                    got += permit.num_permits();
                    permit.forget();
                }
                got
            })
        })
        .collect();
    for _ in 0..1000 {
        semaphore.add_permits(1);
    }
    semaphore.close();
    let got: usize = threads.into_iter().map(|t| t.join().unwrap()).sum();
    assert_eq!(got + semaphore.available_permits(), 1001);
}
