//! A channel for one message.
//!
//! ```
//! use channel::oneshot;
//!
//! # sync_prims::blocking::block_on(async {
//! let (sender, receiver) = oneshot::channel();
//! sender.send("done")?;
//! assert_eq!(receiver.await, Ok("done"));
//! # Ok::<(), channel::SendError<&str>>(())
//! # }).unwrap();
//! ```
//!
//! A send never waits: the message is in the channel, or the receiver is gone and the message comes back. The
//! [`Receiver`] is the future of the message. The protocol between the two stands on top of the file `raw.rs`.
//!
//! # Cost
//!
//! One allocation. A send is one atomic read-modify-write, two if the receiver waits; a receive is none if the message is
//! there; and a wait is one, plus one if the receiver comes to look before the sender has left.

mod raw;
mod receiver;
mod sender;

#[cfg(all(test, loom))]
mod loom_tests;

pub use receiver::Receiver;
pub use sender::{Closed, Sender};

use alloc::boxed::Box;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use crate::sync::{UnsafeCell, Watched};
use raw::{End, Link, Seen, Side};

/// Makes a channel for one message.
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let shared = Box::new(Shared {
        link: Link::new(),
        message: UnsafeCell::new(MaybeUninit::uninit()),
        _watched: Watched::new(),
    });
    let shared = NonNull::from(Box::leak(shared));
    (Sender::new(Half(shared)), Receiver::new(Half(shared)))
}

/// What the two sides share.
struct Shared<T> {
    link: Link,
    message: UnsafeCell<MaybeUninit<T>>,
    _watched: Watched,
}

/// One side's part in the memory. Whoever has it has to [`finish`](Half::finish) it or [`leave`](Half::leave).
struct Half<T>(NonNull<Shared<T>>);

// SAFETY: what is shared goes by the protocol of `raw`; a message may be moved to, or dropped on, another thread by it.
unsafe impl<T: Send> Send for Half<T> {}
// SAFETY: through a shared half one can look at the word and no more.
unsafe impl<T: Send> Sync for Half<T> {}

impl<T> Half<T> {
    #[inline]
    fn link(&self) -> &Link {
        // SAFETY: the memory is there until both sides have left, and leaving consumes the half.
        unsafe { &self.0.as_ref().link }
    }

    /// Puts the message into its place.
    ///
    /// # Safety
    ///
    /// This is the sender, which has not ended.
    #[inline]
    unsafe fn write(&self, message: T) {
        // SAFETY: as in `link`; the message is the sender's before the end.
        unsafe {
            self.0
                .as_ref()
                .message
                .with_mut(|place| (*place).write(message))
        };
    }

    /// Takes the message out of its place.
    ///
    /// # Safety
    ///
    /// There is one, it belongs to this side, and is not taken again.
    #[inline]
    unsafe fn read(&self) -> T {
        // SAFETY: as in `link`; the caller promises the rest.
        unsafe {
            self.0
                .as_ref()
                .message
                .with_mut(|place| (*place).assume_init_read())
        }
    }

    /// Ends this side and leaves, unless the other side has ended: then the half is handed back, with what was seen.
    #[inline]
    fn end(self, me: Side, sends: bool) -> Result<(), (Half<T>, Seen)> {
        match self.link().end(me, sends) {
            End::Quiet => Ok(()),
            End::Loud { seen, other, own } => {
                self.leave(me, seen);
                if let Some(other) = other {
                    other.wake();
                }
                drop(own);
                Ok(())
            }
            End::Refused(seen) => Err((self, seen)),
        }
    }

    /// Leaves, after an end.
    #[inline]
    fn leave(self, me: Side, seen: Seen) {
        if self.link().leave(me, seen) {
            self.link().assert_unused();
            // SAFETY: the memory was made as a box, and both sides have left. What is in it was taken out.
            drop(unsafe { Box::from_raw(self.0.as_ptr()) });
        }
    }
}
