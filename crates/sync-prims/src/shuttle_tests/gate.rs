//! An event opens the gate to a semaphore, whose permits count what is behind it; it is closed while some still wait.

use core::pin::pin;
use core::task::{Context, Waker};

use shuttle::future::block_on;
use shuttle::sync::Arc;
use shuttle::sync::atomic::{AtomicUsize, Ordering};
use shuttle::thread;

use super::check;
use crate::{Event, Semaphore};

const PERMITS: usize = 2;
const VISITORS: usize = 3;

struct Gate {
    opened: Event<usize>,
    room: Semaphore,
    inside: AtomicUsize,
    refused: AtomicUsize,
}

impl Gate {
    /// Waits for the gate, and then for as many places as it is told; leaves after a while.
    async fn visit(&self) {
        let places = *self.opened.wait_value().await;
        for _ in 0..2 {
            let Ok(permit) = self.room.acquire_many(places).await else {
                self.refused.fetch_add(1, Ordering::SeqCst);
                return;
            };
            let inside = self
                .inside
                .fetch_add(permit.num_permits(), Ordering::SeqCst);
            assert!(inside + permit.num_permits() <= PERMITS);
            thread::yield_now();
            self.inside
                .fetch_sub(permit.num_permits(), Ordering::SeqCst);
        }
    }

    /// Stands in line for one place, and leaves the line again, or the place.
    fn give_up(&self) {
        let mut wait = pin!(self.room.acquire());
        for _ in 0..2 {
            if wait
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_ready()
            {
                return;
            }
            thread::yield_now();
        }
    }
}

fn visits(places: usize, closed: bool) {
    let gate = Arc::new(Gate {
        opened: Event::new(),
        room: Semaphore::new(PERMITS),
        inside: AtomicUsize::new(0),
        refused: AtomicUsize::new(0),
    });
    let mut threads = Vec::new();
    for _ in 0..VISITORS {
        let gate = gate.clone();
        threads.push(thread::spawn(move || block_on(gate.visit())));
    }
    let gives_up = gate.clone();
    threads.push(thread::spawn(move || gives_up.give_up()));
    for _ in 0..2 {
        let opener = gate.clone();
        threads.push(thread::spawn(move || {
            let _ = opener.opened.set_value(places);
        }));
    }
    if closed {
        gate.room.close();
    }
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(gate.room.available_permits(), PERMITS);
    assert!(closed || gate.refused.load(Ordering::SeqCst) == 0);
}

#[test]
fn shuttle_an_event_opens_a_semaphore_one_place_each() {
    check(|| visits(1, false));
}

#[test]
fn shuttle_an_event_opens_a_semaphore_all_places_each() {
    check(|| visits(PERMITS, false));
}

#[test]
fn shuttle_a_semaphore_is_closed_while_some_wait() {
    check(|| visits(PERMITS, true));
}
