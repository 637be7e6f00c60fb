//! The word of a one-message channel, the two wakers beside it, and every transition.
//!
//! # States
//!
//! One word of seven bits, shared by two sides that mirror each other.
//!
//! | bit | name | means |
//! |---|---|---|
//! | 0, 1 | `WAITS` of the sender, of the receiver | the waker of that side lies in its place |
//! | 2, 3 | `ENDED` of the sender, of the receiver | that side has done its last: has sent or gone, has closed or gone |
//! | 4 | `SENT` | with the sender's `ENDED`: it had a message |
//! | 5, 6 | `GONE` of the sender, of the receiver | that side touches the memory no more |
//!
//! What counts is who ends first. The one that comes second finds that the other one has ended, and is *refused*: a message
//! that it wanted to send stays its own.
//!
//! | from | a side polls | a side ends | a side leaves |
//! |---|---|---|---|
//! | open, nobody waits | + its `WAITS` | + its `ENDED` (and `SENT`), and has left by that | – |
//! | open, it waits itself | the same waker: nothing; another one: − `WAITS`, then + `WAITS` | + its `ENDED`; takes its waker; leaves; drops it | – |
//! | open, the other waits | + its `WAITS` | + its `ENDED`; takes the other's waker; leaves; wakes | – |
//! | the other has ended | ready | + its `ENDED`: refused | + its `GONE`; the second one to leave frees the memory |
//!
//! # Who may touch what
//!
//! - *The message*: the sender before its end and when it was refused, the receiver when the sender was not.
//! - *The waker of a side*: that side while its `WAITS` is not set; nobody while it is; and whoever ends first has the wakers
//!   of both sides from then on. `WAITS` is not changed after the first `ENDED`.
//! - *The memory*: both, until they have left. Whoever ends first while nobody waits has left by that step, and everybody else
//!   by setting `GONE`. The second to leave frees the memory; if it sees that the other one has left, it needs no step of
//!   its own.
//!
//! # Races
//!
//! - *Register and end*: both are steps of one word. Either the registration comes first, and the end finds `WAITS`, with a
//!   waker that was written before (release, acquire); or it finds `ENDED`, and takes its own waker back.
//! - *End and end* (a message is sent while the receiver closes): one of them is the first, the other one is refused. A
//!   sender that is refused has its message still.
//! - *Another waker and end*: the side takes `WAITS` away before it touches its place. If it cannot, because the other one
//!   has ended, it is ready.
//! - *End and leave*: the side that ends with somebody to wake takes the waker out, then sets `GONE`, and wakes last, from
//!   its own stack: the other side may free the memory as soon as `GONE` is set.

use core::mem::MaybeUninit;
use core::task::{Context, Poll, Waker};

use crate::sync::{AtomicUsize, Ordering, UnsafeCell};

const WAITS: usize = 0b11;
const ENDED: usize = 0b11 << 2;
const SENT: usize = 1 << 4;

/// One of the two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Sender,
    Receiver,
}

impl Side {
    #[inline]
    const fn other(self) -> Side {
        match self {
            Side::Sender => Side::Receiver,
            Side::Receiver => Side::Sender,
        }
    }

    #[inline]
    const fn waits(self) -> usize {
        1 << self as usize
    }

    #[inline]
    const fn ended(self) -> usize {
        1 << 2 << self as usize
    }

    #[inline]
    const fn gone(self) -> usize {
        1 << 5 << self as usize
    }
}

/// A word as it was once seen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen(usize);

impl Seen {
    /// Whether the other side has done its last; to a side that has not.
    #[inline]
    pub(super) const fn is_ended(self) -> bool {
        self.0 & ENDED != 0
    }

    /// Whether that was to send a message; to the receiver.
    #[inline]
    pub(super) const fn is_sent(self) -> bool {
        self.0 & SENT != 0
    }

    /// Whether the other side has left.
    #[inline]
    const fn is_alone(self, me: Side) -> bool {
        let has_left_by_ending = self.0 & me.other().ended() != 0 && self.0 & WAITS == 0;
        has_left_by_ending || self.0 & me.other().gone() != 0
    }
}

/// The part of the shared memory that does not depend on the message.
pub(super) struct Link {
    state: AtomicUsize,
    wakers: [UnsafeCell<MaybeUninit<Waker>>; 2],
}

/// What is left to do for a side that has ended, or could not.
#[must_use]
pub(super) enum End {
    /// It has ended and left; that woke nobody.
    Quiet,
    /// It has ended, not left yet: these are to be woken and dropped after it has.
    Loud {
        seen: Seen,
        other: Option<Waker>,
        own: Option<Waker>,
    },
    /// The other side had ended before.
    Refused(Seen),
}

impl Link {
    pub(super) fn new() -> Link {
        Link {
            state: AtomicUsize::new(0),
            wakers: core::array::from_fn(|_| UnsafeCell::new(MaybeUninit::uninit())),
        }
    }

    /// Looks at the word. What the other side wrote before a step that is seen here is visible.
    #[inline]
    pub(super) fn look(&self) -> Seen {
        Seen(self.state.load(Ordering::Acquire))
    }

    /// Waits until the other side has ended. To be called by a side that has not ended.
    #[inline]
    pub(super) fn poll_ended(&self, me: Side, cx: &mut Context<'_>) -> Poll<Seen> {
        let seen = self.look();
        if seen.is_ended() {
            return Poll::Ready(seen);
        }
        if seen.0 & me.waits() != 0 && self.has_stored(me, cx.waker()) {
            return Poll::Pending;
        }
        self.register(me, seen, cx.waker().clone())
    }

    /// Whether the waker in the place of this side, which was there when the word was last seen, would wake the same task.
    #[inline]
    fn has_stored(&self, me: Side, waker: &Waker) -> bool {
        // SAFETY: this side wrote the waker there, and nobody writes to the place before this side does. The other side may
        // take it out meanwhile, which leaves the bytes as they are; they are compared, not followed. It was there when
        // the word was seen, while `waker` exists, so the same bytes are the same task.
        self.wakers[me as usize]
            .with(|place| unsafe { (*place).assume_init_ref().will_wake(waker) })
    }

    #[inline(never)]
    fn register(&self, me: Side, seen: Seen, waker: Waker) -> Poll<Seen> {
        let (seen, _replaced) = match self.take_waker_back(me, seen) {
            Ok(taken) => taken,
            Err(seen) => return Poll::Ready(seen),
        };
        // SAFETY: this side's `WAITS` is not set.
        self.wakers[me as usize].with_mut(|place| unsafe { (*place).write(waker) });
        match self.step(seen, |state| state | me.waits()) {
            Ok(_) => Poll::Pending,
            Err(seen) => {
                // SAFETY: the waker was written above, and without `WAITS` nobody else takes it.
                drop(unsafe { self.take_waker(me) });
                Poll::Ready(seen)
            }
        }
    }

    /// Waits no more; hands out the waker, if there was one. Fails if the other side has ended, and thus has the waker.
    #[inline]
    pub(super) fn take_back(&self, me: Side) -> Result<Option<Waker>, Seen> {
        self.take_waker_back(me, self.look())
            .map(|(_, waker)| waker)
    }

    #[inline]
    fn take_waker_back(&self, me: Side, seen: Seen) -> Result<(Seen, Option<Waker>), Seen> {
        if seen.is_ended() {
            return Err(seen);
        }
        if seen.0 & me.waits() == 0 {
            return Ok((seen, None));
        }
        let seen = self.step(seen, |state| state & !me.waits())?;
        // SAFETY: `WAITS` was set, so a waker was there, and is not any more, so it is this side's.
        Ok((seen, Some(unsafe { self.take_waker(me) })))
    }

    /// Does this side's last; `sends`: with a message. To be called once, unless it was refused and has not left.
    #[inline]
    pub(super) fn end(&self, me: Side, sends: bool) -> End {
        // A receiver may have been refused before.
        if me == Side::Receiver {
            let seen = self.look();
            if seen.is_ended() {
                return End::Refused(seen);
            }
        }
        let ended = me.ended() | if sends { SENT } else { 0 };
        // None of the bits is set, so the addition sets them.
        let before = Seen(self.state.fetch_add(ended, Ordering::AcqRel));
        if before.is_ended() {
            return End::Refused(before);
        }
        if before.0 & WAITS == 0 {
            return End::Quiet;
        }
        let take = |side: Side| {
            // SAFETY: the first to end has the wakers of both sides, and takes each once.
            (before.0 & side.waits() != 0).then(|| unsafe { self.take_waker(side) })
        };
        End::Loud {
            seen: before,
            other: take(me.other()),
            own: take(me),
        }
    }

    /// Touches the memory no more. `true`: nor does the other side, so it is to be freed.
    #[inline]
    pub(super) fn leave(&self, me: Side, seen: Seen) -> bool {
        // Acquire (in `seen`, too): what the other side did to the memory is done when it is freed.
        // Each side adds its bit once; an addition is one instruction where an `or` is a loop.
        seen.is_alone(me) || Seen(self.state.fetch_add(me.gone(), Ordering::AcqRel)).is_alone(me)
    }

    /// Does nothing, except that a model sees an access here which must come after all others.
    #[inline]
    pub(super) fn assert_unused(&self) {
        self.wakers.iter().for_each(|place| place.with_mut(|_| ()));
    }

    /// One step of the word, unless the other side has ended; the word after it.
    #[inline]
    fn step(&self, seen: Seen, next: impl Fn(usize) -> usize) -> Result<Seen, Seen> {
        let mut seen = seen;
        while !seen.is_ended() {
            let next = next(seen.0);
            // Release: a waker that was written is published. What is taken back is this side's own.
            match self.state.compare_exchange_weak(
                seen.0,
                next,
                Ordering::Release,
                Ordering::Acquire,
            ) {
                Ok(_) => return Ok(Seen(next)),
                Err(now) => seen = Seen(now),
            }
        }
        Err(seen)
    }

    /// Takes a side's waker out of its place.
    ///
    /// # Safety
    ///
    /// There is one, it is the caller's, and nobody takes it again.
    unsafe fn take_waker(&self, side: Side) -> Waker {
        // SAFETY: the caller promises it. The bytes stay, for `has_stored`.
        self.wakers[side as usize].with(|place| unsafe { (*place).assume_init_read() })
    }
}
