//! The forms of a channel: what it keeps its messages in, and who may use it at the same time.

use core::cell::{Cell, UnsafeCell};
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};

use sync_prims::raw::{Lock, LockGuard};

use super::buffer::{Array, Buffer, Heap};
use super::state::State;

/// A form of channel.
pub trait Form {
    /// A message.
    type Item;
    /// Where messages are kept.
    type Buffer: Buffer<Item = Self::Item>;
    /// What protects the state.
    type Lock: StateLock<State<Self::Buffer>>;
}

/// Messages on the heap; for any thread.
#[derive(Debug)]
pub struct Shared<T>(PhantomData<T>);

/// Messages on the heap; for one thread.
#[derive(Debug)]
pub struct Local<T>(PhantomData<T>);

/// Messages in the channel itself; for any thread.
#[derive(Debug)]
pub struct Inline<T, const N: usize>(PhantomData<T>);

impl<T> Form for Shared<T> {
    type Item = T;
    type Buffer = Heap<T>;
    type Lock = Lock<State<Heap<T>>>;
}

impl<T> Form for Local<T> {
    type Item = T;
    type Buffer = Heap<T>;
    type Lock = Unshared<State<Heap<T>>>;
}

impl<T, const N: usize> Form for Inline<T, N> {
    type Item = T;
    type Buffer = Array<T, N>;
    type Lock = Lock<State<Array<T, N>>>;
}

/// A way to have the state for oneself for a moment.
pub trait StateLock<S> {
    /// The moment.
    type Guard<'l>: DerefMut<Target = S>
    where
        Self: 'l,
        S: 'l;

    /// Begins it.
    fn lock(&self) -> Self::Guard<'_>;
}

impl<S> StateLock<S> for Lock<S> {
    type Guard<'l>
        = LockGuard<'l, S>
    where
        S: 'l;

    #[inline]
    fn lock(&self) -> LockGuard<'_, S> {
        Lock::lock(self)
    }
}

/// A state that one thread alone can reach. No foreign code runs while it is lent, so it is never lent twice.
pub struct Unshared<S> {
    lent: Cell<bool>,
    state: UnsafeCell<S>,
}

impl<S> Unshared<S> {
    pub(crate) const fn new(state: S) -> Unshared<S> {
        Unshared {
            lent: Cell::new(false),
            state: UnsafeCell::new(state),
        }
    }
}

impl<S> StateLock<S> for Unshared<S> {
    type Guard<'l>
        = Lent<'l, S>
    where
        S: 'l;

    #[inline]
    fn lock(&self) -> Lent<'_, S> {
        assert!(
            !self.lent.replace(true),
            "nothing calls back while the state is lent"
        );
        Lent(self)
    }
}

/// The state of an [`Unshared`], lent until this is dropped.
pub struct Lent<'l, S>(&'l Unshared<S>);

impl<S> Deref for Lent<'_, S> {
    type Target = S;

    #[inline]
    fn deref(&self) -> &S {
        // SAFETY: `lent` lets one of these exist at a time.
        unsafe { &*self.0.state.get() }
    }
}

impl<S> DerefMut for Lent<'_, S> {
    #[inline]
    fn deref_mut(&mut self) -> &mut S {
        // SAFETY: as in `deref`, and this one is borrowed mutably.
        unsafe { &mut *self.0.state.get() }
    }
}

impl<S> Drop for Lent<'_, S> {
    #[inline]
    fn drop(&mut self) {
        self.0.lent.set(false);
    }
}
