//! One allocation that is owned in two ways.
//!
//! A socket has a part that its handles alone use, and a part that operations in flight share with them, which may outlive them.
//! Both lie in one block of memory:
//!
//! ```text
//! Owner ──▶ ┌─────────────────┐ ◀── Share
//! Owner ──▶ │ owners   shares │ ◀── Share
//!           │ held            │       of operations in flight
//!           │ shared          │
//!           └─────────────────┘
//! ```
//!
//! | | reached by | dropped when |
//! |---|---|---|
//! | `held` | owners | the last owner goes |
//! | `shared` | owners and shares | the last share goes, and then the memory is freed |
//!
//! All owners together have one share. So `shared` is there as long as there is an owner, and the memory as long as anybody
//! points at it. All of it belongs to one thread.

use std::cell::{Cell, UnsafeCell};
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::ptr::NonNull;

/// What owners refer to: `H`, and beside it `S`, which is shared. It lies behind an [`Owner`] and never moves.
///
/// In a cell as a whole, so that a pointer made of a reference to it may be what frees the memory in the end.
#[repr(transparent)]
pub(crate) struct Twofold<H, S>(UnsafeCell<Contents<H, S>>);

struct Contents<H, S> {
    owners: Cell<u32>,
    shares: Cell<u32>,
    held: ManuallyDrop<H>,
    shared: S,
}

/// One of those that keep all of it.
pub(crate) struct Owner<H, S>(NonNull<Twofold<H, S>>);

/// One of those that keep what is shared.
pub(crate) struct Share<H, S>(NonNull<Twofold<H, S>>);

impl<H, S> Twofold<H, S> {
    /// What is shared.
    #[inline]
    pub(crate) fn shared(&self) -> &S {
        // SAFETY: whoever has a reference borrowed it from an owner, and nothing makes an exclusive reference to `shared` while
        // there is one.
        unsafe { &(*self.0.get()).shared }
    }

    /// A share of it.
    #[inline]
    pub(crate) fn share(&self) -> Share<H, S> {
        count_one(self.shares());
        Share(NonNull::from(self))
    }

    #[inline]
    fn owners(&self) -> &Cell<u32> {
        // SAFETY: the memory is valid as long as anybody refers to it; the counts are only reached in this way.
        unsafe { &(*self.0.get()).owners }
    }

    #[inline]
    fn shares(&self) -> &Cell<u32> {
        // SAFETY: as above.
        unsafe { &(*self.0.get()).shares }
    }
}

#[inline]
fn count_one(count: &Cell<u32>) {
    let more = count.get().checked_add(1);
    count.set(more.expect("2³² handles of one socket"));
}

impl<H, S> Deref for Twofold<H, S> {
    type Target = H;

    #[inline]
    fn deref(&self) -> &H {
        // SAFETY: whoever has a reference borrowed it from an owner, and `held` is only dropped by the last one.
        unsafe { &(*self.0.get()).held }
    }
}

impl<H, S> Owner<H, S> {
    pub(crate) fn new(held: H, shared: S) -> Self {
        let contents = Contents {
            owners: Cell::new(1),
            shares: Cell::new(1),
            held: ManuallyDrop::new(held),
            shared,
        };
        let memory = Box::new(Twofold(UnsafeCell::new(contents)));
        Self(NonNull::from(Box::leak(memory)))
    }

    /// Whether both own the same.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    /// Drops what is held, and gives up the owners' share.
    ///
    /// # Safety
    ///
    /// There is no owner left but this, which is not used again.
    #[inline(never)]
    unsafe fn drop_held(&self) {
        // Given up also if a destructor panics.
        let share = Share(self.0);
        // SAFETY: by contract nobody refers to `held` any more, nor will.
        unsafe { ManuallyDrop::drop(&mut (*share.cell()).held) };
    }

    /// Drops what is held, and keeps a share; `None` if there are other owners.
    pub(crate) fn into_share(self) -> Option<Share<H, S>> {
        (self.owners().get() == 1).then(|| self.share())
    }
}

impl<H, S> Deref for Owner<H, S> {
    type Target = Twofold<H, S>;

    #[inline]
    fn deref(&self) -> &Twofold<H, S> {
        // SAFETY: an owner keeps the memory, and what is in it is only reached through its cell.
        unsafe { self.0.as_ref() }
    }
}

impl<H, S> Clone for Owner<H, S> {
    #[inline]
    fn clone(&self) -> Self {
        count_one(self.owners());
        Self(self.0)
    }
}

impl<H, S> Drop for Owner<H, S> {
    #[inline]
    fn drop(&mut self) {
        let owners = self.owners().get() - 1;
        self.owners().set(owners);
        if owners == 0 {
            // SAFETY: this was the last owner.
            unsafe { self.drop_held() };
        }
    }
}

impl<H, S> Share<H, S> {
    #[inline]
    fn cell(&self) -> *mut Contents<H, S> {
        // SAFETY: a share keeps the memory.
        unsafe { self.0.as_ref() }.0.get()
    }

    #[inline]
    fn count(&self) -> &Cell<u32> {
        // SAFETY: a share keeps the memory; the counts are only reached in this way.
        unsafe { &(*self.cell()).shares }
    }

    /// What is shared, if nobody else shares it.
    ///
    /// # Errors
    ///
    /// This share, if there are others.
    pub(crate) fn try_unwrap(self) -> Result<S, Self> {
        if self.count().get() > 1 {
            return Err(self);
        }
        let share = ManuallyDrop::new(self);
        // SAFETY: this was the last share, so there is no owner either; `shared` is taken out once, and the memory freed without
        // dropping what was in it: `held` is gone.
        unsafe {
            let shared = (&raw const (*share.cell()).shared).read();
            share.free();
            Ok(shared)
        }
    }

    /// Drops what is shared, and frees the memory.
    ///
    /// # Safety
    ///
    /// This is the last share, and is not used again.
    #[inline(never)]
    unsafe fn drop_shared(&self) {
        /// Frees the memory also if a destructor panics.
        struct Free<'a, H, S>(&'a Share<H, S>);
        impl<H, S> Drop for Free<'_, H, S> {
            fn drop(&mut self) {
                // SAFETY: the last share, by the contract of `drop_shared`.
                unsafe { self.0.free() };
            }
        }
        let free = Free(self);
        // SAFETY: by contract nobody refers to `shared` any more, nor will.
        unsafe { (&raw mut (*free.0.cell()).shared).drop_in_place() };
    }

    /// Frees the memory, and drops nothing in it.
    ///
    /// # Safety
    ///
    /// This is the last share, and is not used again.
    unsafe fn free(&self) {
        let memory: NonNull<ManuallyDrop<Twofold<H, S>>> = self.0.cast();
        // SAFETY: `Owner::new` leaked a box of the same layout, and by contract nobody else refers to it.
        drop(unsafe { Box::from_raw(memory.as_ptr()) });
    }
}

impl<H, S> Deref for Share<H, S> {
    type Target = S;

    #[inline]
    fn deref(&self) -> &S {
        // SAFETY: a share keeps `shared`, to which nobody makes an exclusive reference.
        unsafe { &(*self.cell()).shared }
    }
}

impl<H, S> Clone for Share<H, S> {
    #[inline]
    fn clone(&self) -> Self {
        count_one(self.count());
        Self(self.0)
    }
}

impl<H, S> Drop for Share<H, S> {
    #[inline]
    fn drop(&mut self) {
        let shares = self.count().get() - 1;
        self.count().set(shares);
        if shares == 0 {
            // SAFETY: this was the last share, so there is no owner either.
            unsafe { self.drop_shared() };
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::cell::RefCell;
    use std::ops::Deref;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::rc::Rc;

    use super::{Owner, Share};

    /// Says when it goes.
    struct Loud {
        name: &'static str,
        log: Log,
    }

    type Log = Rc<RefCell<Vec<&'static str>>>;

    impl Drop for Loud {
        fn drop(&mut self) {
            self.log.borrow_mut().push(self.name);
            assert_ne!(self.name, "panics");
        }
    }

    fn loud(name: &'static str, log: &Log) -> Loud {
        let log = log.clone();
        Loud { name, log }
    }

    fn owner(log: &Log, held: &'static str) -> Owner<Loud, Loud> {
        Owner::new(loud(held, log), loud("shared", log))
    }

    #[test]
    fn what_is_held_goes_with_the_last_owner_and_what_is_shared_with_the_last_share() {
        let log = Log::default();
        let first = owner(&log, "held");
        let second = first.clone();
        assert!(first.is(&second) && !first.is(&owner(&Log::default(), "other")));
        let share = first.share();
        let other = share.clone();
        assert_eq!(
            (first.name, first.shared().name, share.name),
            ("held", "shared", "shared")
        );
        drop(first);
        drop(other);
        assert!(log.borrow().is_empty());
        drop(second);
        assert_eq!(*log.borrow(), ["held"]);
        assert_eq!(share.name, "shared");
        drop(share);
        assert_eq!(*log.borrow(), ["held", "shared"]);
    }

    #[test]
    fn without_shares_all_goes_with_the_last_owner() {
        let log = Log::default();
        drop(owner(&log, "held"));
        assert_eq!(*log.borrow(), ["held", "shared"]);
    }

    #[test]
    fn only_the_last_owner_becomes_a_share_and_only_the_last_share_is_unwrapped() {
        let log = Log::default();
        let first = owner(&log, "held");
        let second = first.clone();
        assert!(first.into_share().is_none());
        assert!(log.borrow().is_empty());
        let share = second.into_share().expect("the last owner");
        assert_eq!(*log.borrow(), ["held"]);
        let other = share.clone();
        let share = share.try_unwrap().err().expect("not the last share");
        drop(other);
        let shared = share.try_unwrap().ok().expect("the last share");
        assert_eq!(*log.borrow(), ["held"]);
        drop(shared);
        assert_eq!(*log.borrow(), ["held", "shared"]);
    }

    #[test]
    fn what_is_held_may_have_a_share_of_what_is_shared() {
        struct Circle(RefCell<Option<Share<Circle, Loud>>>);
        let log = Log::default();
        let owner = Owner::new(Circle(RefCell::new(None)), loud("shared", &log));
        owner.deref().deref().0.replace(Some(owner.share()));
        drop(owner);
        assert_eq!(*log.borrow(), ["shared"]);
    }

    #[test]
    fn a_destructor_that_panics_leaks_nothing() {
        let log = Log::default();
        let owner = owner(&log, "panics");
        assert!(catch_unwind(AssertUnwindSafe(|| drop(owner))).is_err());
        assert_eq!(*log.borrow(), ["panics", "shared"]);
        let owner = Owner::new((), loud("panics", &log));
        assert!(catch_unwind(AssertUnwindSafe(|| drop(owner))).is_err());
    }
}
