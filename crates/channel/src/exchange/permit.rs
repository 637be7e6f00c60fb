//! Places in a channel, to be filled later.

use core::fmt;
use core::future::Future;
use core::mem::ManuallyDrop;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use sync_prims::raw::Waiter;

use super::buffer::Buffer;
use super::slot::places_tag;
use super::state::{GRANTED, REFUSED};
use super::wait::{Left, Standing};
use super::{Exchange, Form};
use crate::error::ReserveError;

/// Places in a channel that nobody else can take.
///
/// A place stays good when the channel is closed: what is sent into it is received, as long as there are receivers.
/// Dropping the permit gives the places
/// that were not used to whoever waits.
#[must_use = "dropping it gives the places back"]
pub struct Permit<'c, F: Form> {
    exchange: &'c Exchange<F>,
    places: usize,
}

pin_project! {
    /// A wait for places.
    ///
    /// Dropping it leaves the line; places that it had been given already go to whoever waits. Polled again when it was
    /// ready, it panics.
    #[must_use = "futures do nothing unless polled"]
    pub struct ReserveFuture<'c, F: Form> {
        exchange: &'c Exchange<F>,
        places: usize,
        ready: bool,
        #[pin]
        waiter: Waiter,
    }

    impl<F: Form> PinnedDrop for ReserveFuture<'_, F> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            this.exchange.stop_reserving(this.waiter.into_ref(), *this.places);
        }
    }
}

impl<'c, F: Form> ReserveFuture<'c, F> {
    pub(crate) fn new(exchange: &'c Exchange<F>, places: usize) -> ReserveFuture<'c, F> {
        ReserveFuture {
            exchange,
            places,
            ready: false,
            waiter: Waiter::new(),
        }
    }
}

impl<'c, F: Form> Future for ReserveFuture<'c, F> {
    type Output = Result<Permit<'c, F>, ReserveError>;

    /// # Panics
    ///
    /// If it was ready before.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let (exchange, places) = (*this.exchange, *this.places);
        assert!(!*this.ready, "a reservation was polled after it was ready");
        let reserved = ready!(exchange.poll_reserve(this.waiter.into_ref(), places, cx));
        *this.ready = true;
        Poll::Ready(reserved.map(|()| Permit { exchange, places }))
    }
}

impl<F: Form> Exchange<F> {
    /// Takes places, or waits for them.
    ///
    /// Whoever lets a waiter wait here calls [`stop_reserving`](Exchange::stop_reserving) before it goes away.
    pub(crate) fn poll_reserve(
        &self,
        waiter: Pin<&Waiter>,
        places: usize,
        cx: &Context<'_>,
    ) -> Poll<Result<(), ReserveError>> {
        Poll::Ready(match self.standing(waiter, cx) {
            Standing::Waiting => return Poll::Pending,
            Standing::Told(GRANTED) => Ok(()),
            Standing::Told(REFUSED) => Err(self.too_many(places)),
            Standing::Told(_) => Err(ReserveError::Closed),
            Standing::New => match self.take_places(places) {
                Err(ReserveError::Full) => {
                    let Some(state) = self.link_sender(waiter, places_tag(places), cx) else {
                        return Poll::Ready(Err(ReserveError::Closed));
                    };
                    self.announce(state);
                    return Poll::Pending;
                }
                decided => decided,
            },
        })
    }

    /// Takes places if that needs no wait.
    pub(crate) fn try_reserve(&self, places: usize) -> Result<Permit<'_, F>, ReserveError> {
        self.take_places(places)?;
        Ok(Permit {
            exchange: self,
            places,
        })
    }

    fn take_places(&self, places: usize) -> Result<(), ReserveError> {
        let mut state = self.lock();
        let capacity = state.buffer.capacity();
        if !state.open {
            return Err(ReserveError::Closed);
        }
        if places > capacity || capacity == 0 {
            return Err(ReserveError::TooMany {
                wanted: places,
                capacity,
            });
        }
        if !state.may_reserve(places) {
            return Err(ReserveError::Full);
        }
        state.reserved += places;
        Ok(())
    }

    /// So many places can never be had. The capacity is that of now: it may have changed.
    #[cold]
    fn too_many(&self, wanted: usize) -> ReserveError {
        ReserveError::TooMany {
            wanted,
            capacity: self.capacity(),
        }
    }

    /// Fills a place that was reserved.
    pub(crate) fn fill(&self, value: F::Item) {
        loop {
            let mut state = self.lock();
            if state.abandoned {
                drop(state);
                drop(value);
                return self.release(1);
            }
            if state.buffer.spare() == 0 {
                drop(state);
                self.make_memory(1);
                continue;
            }
            state.reserved -= 1;
            let receiver = state.put(value);
            drop(state);
            if let Some(receiver) = receiver {
                receiver.wake();
            }
            return;
        }
    }

    /// Gives places back that will not be filled.
    pub(crate) fn release(&self, places: usize) {
        if places == 0 {
            return;
        }
        let mut state = self.lock();
        state.reserved -= places;
        self.settle(state);
    }

    /// Ends a wait for places; places that were given already go to whoever waits.
    pub(crate) fn stop_reserving(&self, waiter: Pin<&Waiter>, places: usize) {
        match self.leave(waiter, |state| &mut state.senders) {
            Left::Nothing => {}
            Left::Told(GRANTED) => self.release(places),
            Left::Told(_) => {}
            Left::List(state, waker) => {
                // Who stood behind may have a place now.
                self.settle(state);
                drop(waker);
            }
        }
    }
}

impl<F: Form> Permit<'_, F> {
    /// How many places are left.
    pub fn places(&self) -> usize {
        self.places
    }

    /// Fills one place; needs no wait and cannot fail.
    ///
    /// # Panics
    ///
    /// If none is left.
    pub fn send(&mut self, value: F::Item) {
        assert!(self.places > 0, "all places of this permit are filled");
        self.places -= 1;
        self.exchange.fill(value);
    }

    /// Takes the places out, to be given back by hand.
    pub(crate) fn into_places(self) -> usize {
        ManuallyDrop::new(self).places
    }
}

impl<F: Form> Drop for Permit<'_, F> {
    fn drop(&mut self) {
        self.exchange.release(self.places);
    }
}

impl<F: Form> fmt::Debug for Permit<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("places", &self.places)
            .finish_non_exhaustive()
    }
}

impl<F: Form> fmt::Debug for ReserveFuture<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReserveFuture")
            .field("places", &self.places)
            .finish_non_exhaustive()
    }
}
