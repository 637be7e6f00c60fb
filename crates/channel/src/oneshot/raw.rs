//! The word of a one-message channel, the two wakers beside it, and every transition.
//!
//! # States
//!
//! One word of six bits, shared by two sides that mirror each other.
//!
//! | bit | name | means |
//! |---|---|---|
//! | 0, 1 | `WAITS` of the sender, of the receiver | the waker of that side lies in its place |
//! | 2 | `ENDED` | one side has done its last: the sender has sent or gone, or the receiver has closed or gone; final |
//! | 3 | `SENT` | with `ENDED`: by a message, which is the receiver's |
//! | 4, 5 | `GONE` of the sender, of the receiver | that side touches the memory no more |
//!
//! | from | a side polls | a side ends | a side leaves |
//! |---|---|---|---|
//! | open, nobody waits | + its `WAITS` | + `ENDED` (and `SENT`), + its `GONE` | – |
//! | open, it waits itself | the same waker: nothing; another one: − `WAITS`, then + `WAITS` | + `ENDED`; takes its waker; leaves; drops it | – |
//! | open, the other waits | + its `WAITS` | + `ENDED`; takes the other's waker; leaves; wakes | – |
//! | `ENDED` by the other | ready | refused: what it wanted to send stays its own | + its `GONE`; the second one frees the memory |
//!
//! # Who may touch what
//!
//! - *The message*: the sender before its end, the receiver after an end with `SENT`.
//! - *The waker of a side*: that side while its `WAITS` is not set; nobody while it is; and whoever makes the step to `ENDED`
//!   has the wakers of both sides from then on, whatever `WAITS` still says.
//! - *The memory*: both, until they have set their `GONE`. The second to do so frees it. A side that sees the other's `GONE`
//!   is alone and needs no step of its own.
//!
//! # Races
//!
//! - *Register and end*: both are steps of one word. Either the registration comes first, and the end finds `WAITS`, with a
//!   waker that was written before (release, acquire); or it finds `ENDED`, and takes its own waker back.
//! - *End and end* (a message is sent while the receiver closes): one of them makes the step, the other one is refused. A
//!   sender that is refused has its message still.
//! - *Another waker and end*: the side takes `WAITS` away before it touches its place. If it cannot, because the other one
//!   has ended, it is ready.
//! - *End and leave*: the side that ends with somebody to wake takes the waker out, then sets `GONE`, and wakes last, from
//!   its own stack: the other side may free the memory as soon as `GONE` is set.

use core::mem::MaybeUninit;
use core::task::{Context, Poll, Waker};

use crate::sync::{AtomicUsize, Ordering, UnsafeCell};

const ENDED: usize = 1 << 2;
const SENT: usize = 1 << 3;

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
    const fn gone(self) -> usize {
        1 << 4 << self as usize
    }
}

/// A word as it was once seen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen(usize);

impl Seen {
    /// Whether one of the sides has done its last.
    #[inline]
    pub(super) const fn is_ended(self) -> bool {
        self.0 & ENDED != 0
    }

    /// Whether that was to send a message.
    #[inline]
    pub(super) const fn is_sent(self) -> bool {
        self.0 & SENT != 0
    }

    /// Whether this side is alone with the memory.
    #[inline]
    const fn is_alone(self, me: Side) -> bool {
        self.0 & me.other().gone() != 0
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
        self.register(me, cx.waker().clone())
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
    fn register(&self, me: Side, waker: Waker) -> Poll<Seen> {
        let _replaced = match self.take_back(me) {
            Ok(waker) => waker,
            Err(seen) => return Poll::Ready(seen),
        };
        // SAFETY: this side's `WAITS` is not set.
        self.wakers[me as usize].with_mut(|place| unsafe { (*place).write(waker) });
        match self.step(|state| (state & ENDED == 0).then_some(state | me.waits())) {
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
        let seen = self.look();
        if seen.is_ended() {
            return Err(seen);
        }
        if seen.0 & me.waits() == 0 {
            return Ok(None);
        }
        self.step(|state| (state & ENDED == 0).then_some(state & !me.waits()))?;
        // SAFETY: `WAITS` was set, so a waker was there, and is not any more, so it is this side's.
        Ok(Some(unsafe { self.take_waker(me) }))
    }

    /// Does this side's last, unless the other one has done its; `sends`: with a message.
    #[inline]
    pub(super) fn end(&self, me: Side, sends: bool) -> End {
        let ended = ENDED | if sends { SENT } else { 0 };
        let waits = me.waits() | me.other().waits();
        let step = |state| match state {
            state if state & ENDED != 0 => None,
            state if state & waits != 0 => Some(state | ended),
            state => Some(state | ended | me.gone()),
        };
        match self.step(step) {
            Err(seen) => End::Refused(seen),
            Ok(Seen(before)) if before & waits == 0 => End::Quiet,
            Ok(Seen(before)) => {
                let take = |side: Side| {
                    // SAFETY: the step to `ENDED` gave the wakers of both sides to this one, which takes each once.
                    (before & side.waits() != 0).then(|| unsafe { self.take_waker(side) })
                };
                End::Loud {
                    seen: Seen(before),
                    other: take(me.other()),
                    own: take(me),
                }
            }
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

    /// One step of the word, if there is one from where it is; the word before it.
    #[inline]
    fn step(&self, next: impl Fn(usize) -> Option<usize>) -> Result<Seen, Seen> {
        self.state
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, next)
            .map(Seen)
            .map_err(Seen)
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
