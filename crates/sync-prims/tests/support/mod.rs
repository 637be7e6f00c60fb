//! What the tests share: wakers that count, wakers that do as they are told, and polling by hand.

// Each test binary uses some of it.
#![allow(dead_code, unused_imports)]

pub(crate) mod allocator;
pub(crate) mod grid;
mod hooks;
pub(crate) mod pool;
mod watchdog;

use std::future::Future;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::pin::Pin;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Wake, Waker};

pub(crate) use hooks::Hooks;
pub(crate) use watchdog::Watchdog;

/// Counts the wakes of the wakers made from it.
#[derive(Debug, Default)]
pub(crate) struct Wakes(AtomicUsize);

impl Wakes {
    /// A count of zero.
    pub(crate) fn new() -> Arc<Wakes> {
        Arc::default()
    }

    /// A waker that counts here.
    pub(crate) fn waker(self: &Arc<Wakes>) -> Waker {
        Waker::from(self.clone())
    }

    /// A waker that has nothing but the place of the count's owner, as executors make them to spare the reference count; its
    /// clones count their references like others.
    pub(crate) fn borrowing_waker(owner: &Arc<Wakes>) -> BorrowingWaker<'_> {
        // SAFETY: the waker lives as long as the borrow of the owner, and `BORROWING` treats its data as that.
        let waker = unsafe { Waker::new(ptr::from_ref(owner).cast(), &BORROWING) };
        BorrowingWaker(waker, PhantomData)
    }

    /// How many wakes there were.
    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    /// How many of its wakers exist.
    pub(crate) fn wakers(self: &Arc<Wakes>) -> usize {
        Arc::strong_count(self) - 1
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// See [`Wakes::borrowing_waker`].
pub(crate) struct BorrowingWaker<'w>(Waker, PhantomData<&'w Wakes>);

impl Deref for BorrowingWaker<'_> {
    type Target = Waker;

    fn deref(&self) -> &Waker {
        &self.0
    }
}

static BORROWING: RawWakerVTable = RawWakerVTable::new(
    |owner| {
        let waker = ManuallyDrop::new(owner_at(owner).waker());
        RawWaker::new(waker.data(), waker.vtable())
    },
    |owner| owner_at(owner).wake_by_ref(),
    |owner| owner_at(owner).wake_by_ref(),
    |_| {},
);

fn owner_at<'w>(owner: *const ()) -> &'w Arc<Wakes> {
    // SAFETY: `owner` comes from `borrowing_waker`, whose waker does not outlive what it points to.
    unsafe { &*owner.cast() }
}

/// Polls once, with this waker.
pub(crate) fn poll_with<F: Future + ?Sized>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

/// Polls once, with a waker that does nothing.
pub(crate) fn poll_once<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    poll_with(future, Waker::noop())
}

/// Forgets a value, whose memory stays reachable: who looks for leaks does not find it.
pub(crate) fn forget<T>(value: T) {
    static FORGOTTEN: Mutex<Vec<usize>> = Mutex::new(Vec::new());
    let place = Box::into_raw(Box::new(value));
    FORGOTTEN.lock().unwrap().push(place.expose_provenance());
}

/// A future on the heap, together with the waker that its polls use.
pub(crate) struct Hand<F: Future + ?Sized> {
    wakes: Arc<Wakes>,
    waker: Waker,
    future: Pin<Box<F>>,
}

impl<F: Future> Hand<F> {
    /// Takes the future; does not poll it.
    pub(crate) fn new(future: F) -> Hand<F> {
        let wakes = Wakes::new();
        Hand {
            waker: wakes.waker(),
            wakes,
            future: Box::pin(future),
        }
    }

    /// Takes the future and polls it, which must leave it pending.
    #[track_caller]
    pub(crate) fn pending(future: F) -> Hand<F> {
        let mut hand = Hand::new(future);
        assert!(hand.poll().is_pending(), "there is nothing to wait for");
        hand
    }
}

impl<F: Future + ?Sized> Hand<F> {
    /// Polls it with its own waker.
    pub(crate) fn poll(&mut self) -> Poll<F::Output> {
        poll_with(self.future.as_mut(), &self.waker)
    }

    /// Polls it with its own waker, which must find it ready.
    #[track_caller]
    pub(crate) fn output(&mut self) -> F::Output {
        match self.poll() {
            Poll::Ready(output) => output,
            Poll::Pending => panic!("there is still something to wait for"),
        }
    }

    /// Polls it with another waker.
    pub(crate) fn poll_with(&mut self, waker: &Waker) -> Poll<F::Output> {
        poll_with(self.future.as_mut(), waker)
    }

    /// How often its waker was woken.
    pub(crate) fn wakes(&self) -> usize {
        self.wakes.count()
    }

    /// Whether its waker was woken.
    pub(crate) fn is_woken(&self) -> bool {
        self.wakes() > 0
    }
}
