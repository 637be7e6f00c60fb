//! Those who wait for one direction of a descriptor: first in, first out.
//!
//! An awaiter that is alone is not in the queue: it tries its call at once, and queues up only when the call would block.
//!
//! | event | under the lock | after it |
//! |---|---|---|
//! | polled, somebody is before it | its waker goes into its entry | |
//! | polled, its turn, ready | makes the call; if that is done, leaves | wakes the new first one, if there may be more |
//! | polled, its turn, would block | notes that; its waker goes into its entry; the first one to wait arms the descriptor | |
//! | the descriptor is ready | notes it, takes the waker of the first | wakes it |
//! | dropped | removes its entry by its number; the last one disarms | wakes the new first one, if it is ready |
//!
//! An entry stays until its awaiter has left, so nobody overtakes one that was told; only its waker is taken. So a waker is used
//! once, and an awaiter that is gone is not looked at. Calls are made under the lock: they do not block, and an edge that comes
//! during the call waits for the lock and is not lost.
//!
//! An awaiter that was told and is neither polled nor dropped keeps its turn, and holds up those behind it.
//!
//! Between a call that would block and the entry the lock is free, for the waker is cloned there, which may be anybody's code. An edge
//! that comes in between is seen when the entry is to be made: the call is made again.

use std::collections::VecDeque;
use std::io;
use std::sync::PoisonError;
use std::task::{Context, Poll, Waker};

use crate::contained::wake;
use crate::sync::{Mutex, MutexGuard};

/// The queue of one direction.
pub(crate) struct Awaiters(Mutex<State>);

/// What a call that did not block has done.
pub(crate) struct Attempt<T> {
    pub(crate) value: T,
    /// It has taken all there was: the next byte makes a new edge.
    pub(crate) drained: bool,
}

impl<T> Attempt<T> {
    /// There may be more.
    pub(crate) fn of(value: T) -> Self {
        let drained = false;
        Self { value, drained }
    }
}

/// An awaiter's place in the queue, if it has one.
#[derive(Debug, Default)]
pub(crate) struct Place(Option<u64>);

struct State {
    /// A call is worth a try.
    ready: bool,
    /// There may be no further edge for what is there: calls have to find its end by themselves.
    ended: bool,
    /// The descriptor is armed.
    armed: bool,
    next_number: u64,
    queue: VecDeque<Entry>,
}

struct Entry {
    number: u64,
    /// Taken when it is woken.
    waker: Option<Waker>,
}

impl State {
    fn is_turn(&self, place: &Place) -> bool {
        match self.queue.front() {
            Some(first) => Some(first.number) == place.0,
            None => true,
        }
    }

    /// Leaves a waker, in a new entry if there is none. The waker it replaces is to be dropped without the lock.
    fn wait(&mut self, place: &mut Place, waker: Waker) -> Option<Waker> {
        let entry = place
            .0
            .and_then(|number| self.queue.iter_mut().find(|entry| entry.number == number));
        if let Some(entry) = entry {
            return entry.waker.replace(waker);
        }
        let number = self.next_number;
        self.next_number += 1;
        place.0 = Some(number);
        let waker = Some(waker);
        self.queue.push_back(Entry { number, waker });
        None
    }

    /// Leaves the queue. The entry is to be dropped without the lock.
    fn leave(&mut self, place: &mut Place) -> Option<Entry> {
        let number = place.0.take()?;
        if self.queue.front()?.number == number {
            return self.queue.pop_front();
        }
        let at = self.queue.iter().position(|entry| entry.number == number)?;
        self.queue.remove(at)
    }

    /// The waker of the first in the queue.
    fn first(&mut self) -> Option<Waker> {
        self.queue.front_mut()?.waker.take()
    }
}

impl Awaiters {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(State {
            ready: true,
            ended: false,
            armed: false,
            next_number: 0,
            queue: VecDeque::new(),
        }))
    }

    /// Makes a call when it is the caller's turn and the call does not block.
    ///
    /// `call` says `WouldBlock` if it has to wait, and keeps what it has done so far to itself. `arm` has the descriptor watched, or
    /// not any more.
    #[inline]
    pub(crate) fn poll<T>(
        &self,
        place: &mut Place,
        cx: &mut Context<'_>,
        mut call: impl FnMut() -> io::Result<Attempt<T>>,
        arm: impl Fn(bool) -> io::Result<()>,
    ) -> Poll<io::Result<T>> {
        loop {
            if let Some(result) = self.attempt(place, &mut call, &arm) {
                return Poll::Ready(result);
            }
            let waker = cx.waker().clone();
            let mut state = self.lock();
            if state.ready && state.is_turn(place) {
                continue;
            }
            let replaced = state.wait(place, waker);
            let armed = if state.armed { Ok(()) } else { arm(true) };
            state.armed = armed.is_ok();
            drop(state);
            drop(replaced);
            if let Err(error) = armed {
                self.leave(place, &arm);
                return Poll::Ready(Err(error));
            }
            return Poll::Pending;
        }
    }

    /// `None` if it has to wait.
    #[inline]
    fn attempt<T>(
        &self,
        place: &mut Place,
        call: &mut impl FnMut() -> io::Result<Attempt<T>>,
        arm: &impl Fn(bool) -> io::Result<()>,
    ) -> Option<io::Result<T>> {
        let mut state = self.lock();
        if !state.ready || !state.is_turn(place) {
            return None;
        }
        let result = loop {
            match call() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    state.ready = false;
                    return None;
                }
                result => break result,
            }
        };
        if let Ok(Attempt { drained: true, .. }) = result {
            state.ready = state.ended;
        }
        if place.0.is_some() || !state.queue.is_empty() {
            leave_locked(state, place, arm);
        }
        Some(result.map(|attempt| attempt.value))
    }

    /// Ends a wait: of an awaiter that is dropped. Whoever is next is told.
    #[inline]
    pub(crate) fn leave(&self, place: &mut Place, arm: impl Fn(bool) -> io::Result<()>) {
        if place.0.is_some() {
            leave_locked(self.lock(), place, &arm);
        }
    }

    /// Takes note that a call is worth a try, and hands out whom to wake.
    pub(crate) fn set_ready(&self, ended: bool) -> Option<Waker> {
        let mut state = self.lock();
        state.ready = true;
        state.ended |= ended;
        state.first()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A call may panic under it (it is a closure of this crate that copies into a caller's buffer), but changes nothing.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn leave_locked(
    mut state: MutexGuard<'_, State>,
    place: &mut Place,
    arm: &impl Fn(bool) -> io::Result<()>,
) {
    let was_first = state.is_turn(place);
    let entry = state.leave(place);
    let next = if was_first && state.ready {
        state.first()
    } else {
        None
    };
    if state.armed && state.queue.is_empty() {
        // It stays armed if this fails, which costs an event and no more.
        state.armed = arm(false).is_err();
    }
    drop(state);
    // The next one first: the destructor of a waker may panic.
    if let Some(waker) = next {
        wake(waker);
    }
    drop(entry);
}

#[cfg(all(test, loom))]
mod loom_tests {
    use std::future::poll_fn;
    use std::io;
    use std::sync::Arc;
    use std::task::{Context, Poll, Waker};

    use loom::future::block_on;
    use loom::sync::atomic::{AtomicUsize, Ordering};
    use loom::thread;

    use super::{Attempt, Awaiters, Place};
    use crate::contained::wake;

    /// A socket, and the loop that hears of its edges.
    struct Socket {
        bytes: AtomicUsize,
        awaiters: Awaiters,
        armed: AtomicUsize,
    }

    impl Socket {
        fn new() -> Arc<Self> {
            Arc::new(Self {
                bytes: AtomicUsize::new(0),
                awaiters: Awaiters::new(),
                armed: AtomicUsize::new(0),
            })
        }

        fn arm(&self, on: bool) -> io::Result<()> {
            self.armed.store(usize::from(on), Ordering::SeqCst);
            Ok(())
        }

        /// Bytes come, and then the edge that says so.
        fn deliver(&self, bytes: usize) {
            self.bytes.fetch_add(bytes, Ordering::SeqCst);
            if let Some(waker) = self.awaiters.set_ready(false) {
                wake(waker);
            }
        }

        /// Receives one byte, or as many as there are.
        fn poll(&self, all: bool, place: &mut Place, cx: &mut Context<'_>) -> Poll<usize> {
            let call = || {
                let there = self.bytes.load(Ordering::SeqCst);
                let taken = if all { there } else { there.min(1) };
                if taken == 0 {
                    return Err(io::ErrorKind::WouldBlock.into());
                }
                self.bytes.fetch_sub(taken, Ordering::SeqCst);
                Ok(Attempt {
                    value: taken,
                    drained: all,
                })
            };
            let polled = self.awaiters.poll(place, cx, call, |on| self.arm(on));
            polled.map(Result::unwrap)
        }

        fn receive(&self, all: bool) -> usize {
            let mut place = Place::default();
            block_on(poll_fn(|cx| self.poll(all, &mut place, cx)))
        }

        fn give_up(&self, place: &mut Place) {
            self.awaiters.leave(place, |on| self.arm(on));
        }
    }

    #[test]
    fn loom_an_edge_between_the_call_and_the_wait_is_not_lost() {
        loom::model(|| {
            let socket = Socket::new();
            let peer = {
                let socket = socket.clone();
                thread::spawn(move || socket.deliver(1))
            };
            assert_eq!(socket.receive(false), 1);
            peer.join().unwrap();
            assert_eq!(socket.armed.load(Ordering::SeqCst), 0);
        });
    }

    #[test]
    fn loom_two_edges_of_which_one_is_for_a_call_that_takes_all() {
        loom::model(|| {
            let socket = Socket::new();
            let peer = {
                let socket = socket.clone();
                thread::spawn(move || {
                    socket.deliver(1);
                    socket.deliver(1);
                })
            };
            let first = socket.receive(true);
            if first == 1 {
                assert_eq!(socket.receive(true), 1);
            }
            peer.join().unwrap();
        });
    }

    #[test]
    fn loom_one_edge_serves_two_who_wait() {
        loom::model(|| {
            let socket = Socket::new();
            let other = {
                let socket = socket.clone();
                thread::spawn(move || socket.receive(false))
            };
            let peer = {
                let socket = socket.clone();
                thread::spawn(move || socket.deliver(2))
            };
            assert_eq!(socket.receive(false) + other.join().unwrap(), 2);
            peer.join().unwrap();
            assert_eq!(socket.armed.load(Ordering::SeqCst), 0);
        });
    }

    /// It may have been told, or not yet, or not have waited at all.
    #[test]
    fn loom_one_who_gives_up_passes_the_turn_on() {
        loom::model(|| {
            let socket = Socket::new();
            let mut place = Place::default();
            let polled = socket.poll(false, &mut place, &mut Context::from_waker(Waker::noop()));
            assert!(polled.is_pending());
            let other = {
                let socket = socket.clone();
                thread::spawn(move || socket.receive(false))
            };
            let peer = {
                let socket = socket.clone();
                thread::spawn(move || socket.deliver(1))
            };
            socket.give_up(&mut place);
            assert_eq!(other.join().unwrap(), 1);
            peer.join().unwrap();
            assert_eq!(socket.armed.load(Ordering::SeqCst), 0);
        });
    }
}
