//! How handles are counted, and what they share the channel through: with atomics, or without.

use alloc::rc::Rc;
use alloc::sync::Arc;
use core::cell::Cell;
use core::ops::Deref;

use sync_prims::raw::Lock;

use super::Inner;
use crate::exchange::{Form, Heap, Local, Shared, State, Unshared};
use crate::sync::{AtomicUsize, Ordering};

/// A form of channel that has counted handles.
pub trait Counted: Form + Sized {
    /// The number of handles of one side.
    type Count: HandleCount;
    /// What keeps the channel's memory.
    type Pointer: Clone + Deref<Target = Inner<Self>>;

    /// Makes the lock around a state.
    fn lock(state: State<Self::Buffer>) -> Self::Lock;

    /// Makes the memory.
    fn pointer(inner: Inner<Self>) -> Self::Pointer;
}

/// A number of handles. Zero is final.
pub trait HandleCount {
    /// The first handle.
    fn one() -> Self;
    /// One more, beside one that exists.
    fn add(&self);
    /// One more, unless there is none.
    fn add_unless_none(&self) -> bool;
    /// One less; whether it was the last.
    fn remove(&self) -> bool;
    /// How many there are.
    fn get(&self) -> usize;
}

impl<T> Counted for Shared<T> {
    type Count = AtomicUsize;
    type Pointer = Arc<Inner<Self>>;

    fn lock(state: State<Heap<T>>) -> Lock<State<Heap<T>>> {
        Lock::new(state)
    }

    fn pointer(inner: Inner<Self>) -> Arc<Inner<Self>> {
        Arc::new(inner)
    }
}

impl<T> Counted for Local<T> {
    type Count = Cell<usize>;
    type Pointer = Rc<Inner<Self>>;

    fn lock(state: State<Heap<T>>) -> Unshared<State<Heap<T>>> {
        Unshared::new(state)
    }

    fn pointer(inner: Inner<Self>) -> Rc<Inner<Self>> {
        Rc::new(inner)
    }
}

impl HandleCount for AtomicUsize {
    fn one() -> AtomicUsize {
        AtomicUsize::new(1)
    }

    fn add(&self) {
        // Whoever copies a handle has one, so nothing is published by this.
        let before = self.fetch_add(1, Ordering::Relaxed);
        assert!(before < usize::MAX / 2, "too many handles of a channel");
    }

    fn add_unless_none(&self) -> bool {
        self.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| {
            (count > 0).then_some(count + 1)
        })
        .is_ok()
    }

    fn remove(&self) -> bool {
        self.fetch_sub(1, Ordering::AcqRel) == 1
    }

    fn get(&self) -> usize {
        self.load(Ordering::Relaxed)
    }
}

impl HandleCount for Cell<usize> {
    fn one() -> Cell<usize> {
        Cell::new(1)
    }

    fn add(&self) {
        self.set(self.get() + 1);
    }

    fn add_unless_none(&self) -> bool {
        let any = Cell::get(self) > 0;
        self.set(Cell::get(self) + usize::from(any));
        any
    }

    fn remove(&self) -> bool {
        self.set(Cell::get(self) - 1);
        Cell::get(self) == 0
    }

    fn get(&self) -> usize {
        Cell::get(self)
    }
}
