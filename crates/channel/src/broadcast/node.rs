//! A message that many receive: one allocation, and a count of those who have a claim to it.

use alloc::boxed::Box;
use core::mem::{ManuallyDrop, MaybeUninit};
use core::ptr::NonNull;

use crate::sync::{AtomicUsize, Ordering, UnsafeCell, Watched};

/// A message, and how many claims to it there are. It is freed with the last one.
pub(super) struct Node<T> {
    claims: AtomicUsize,
    /// There until the last claim goes.
    message: UnsafeCell<MaybeUninit<T>>,
    _watched: Watched,
}

/// Some of the claims to a message; dropping them gives them up.
pub(super) struct Claims<T> {
    node: NonNull<Node<T>>,
    count: usize,
}

impl<T> Node<T> {
    /// A message with one claim, its sender's.
    pub(super) fn allocate(message: T) -> NonNull<Node<T>> {
        NonNull::from(Box::leak(Box::new(Node {
            claims: AtomicUsize::new(1),
            message: UnsafeCell::new(MaybeUninit::new(message)),
            _watched: Watched::new(),
        })))
    }
}

impl<T> Claims<T> {
    /// Takes over so many claims to a message.
    ///
    /// # Safety
    ///
    /// The node is there, and nobody else makes use of these claims.
    pub(super) unsafe fn new(node: NonNull<Node<T>>, count: usize) -> Claims<T> {
        Claims { node, count }
    }

    /// Says how many claims there are, instead of one. To be called by the sender, whose claim is the only one.
    #[inline]
    pub(super) fn set(node: NonNull<Node<T>>, count: usize) {
        // SAFETY: the sender's claim keeps the node.
        unsafe { node.as_ref() }
            .claims
            .store(count, Ordering::Relaxed);
    }

    /// One more claim to a message. To be called under the lock, for a node that a slot has claims to.
    pub(super) fn add(node: NonNull<Node<T>>) {
        // SAFETY: the slot's claims keep the node.
        unsafe { node.as_ref() }
            .claims
            .fetch_add(1, Ordering::Relaxed);
    }

    /// Gives up one claim for the message: a clone, or if there is no other claim, itself.
    ///
    /// Nobody can make another claim when this one is the only one: that needs a slot that has one.
    #[inline]
    pub(super) fn into_message(self) -> T
    where
        T: Clone,
    {
        // SAFETY: this claim keeps the node.
        let node = unsafe { self.node.as_ref() };
        // Acquire: the others are done with the message.
        if node.claims.load(Ordering::Acquire) == self.count {
            return self.into_only();
        }
        // SAFETY: a message with claims is only looked at.
        node.message
            .with(|message| unsafe { (*message).assume_init_ref().clone() })
    }

    /// Takes the message out; there is no other claim to it.
    #[inline]
    pub(super) fn into_only(self) -> T {
        let this = ManuallyDrop::new(self);
        // SAFETY: nobody else has the node, which was allocated as a box, and is gone with this.
        let node = unsafe { Box::from_raw(this.node.as_ptr()) };
        // SAFETY: the message is there until the last claim goes, which this is.
        node.message
            .with_mut(|message| unsafe { (*message).assume_init_read() })
    }
}

impl<T> Drop for Claims<T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: these claims keep the node.
        let claims = unsafe { &self.node.as_ref().claims };
        // Release: this side is done with the message. Acquire: so are the others, if this was the last claim.
        if claims.fetch_sub(self.count, Ordering::AcqRel) == self.count {
            // SAFETY: as in `into_only`. The box frees the node even if the message's destructor panics.
            let node = unsafe { Box::from_raw(self.node.as_ptr()) };
            // SAFETY: as in `into_only`.
            node.message
                .with_mut(|message| unsafe { (*message).assume_init_drop() });
        }
    }
}
