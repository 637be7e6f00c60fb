//! What the guards and the futures are generic over: how the lock is held, and by what it is reached.
//!
//! The traits are public for being bounds of public items, and cannot be named from outside.

use alloc::sync::Arc;

use super::RwLock;
use super::raw::{EXCLUSIVE, RawRwLock, Request, SHARED, UPGRADABLE};

/// How a lock is held.
pub trait Mode {
    /// What its future is called.
    const FUTURE: &str;
    /// What it asks of the lock.
    const REQUEST: Request;
}

/// Held to read.
#[derive(Debug)]
pub enum Shared {}

/// Held to read, by the one reader who can upgrade.
#[derive(Debug)]
pub enum Upgradable {}

/// Held to write.
#[derive(Debug)]
pub enum Exclusive {}

impl Mode for Shared {
    const FUTURE: &str = "Read";
    const REQUEST: Request = SHARED;
}

impl Mode for Upgradable {
    const FUTURE: &str = "UpgradableRead";
    const REQUEST: Request = UPGRADABLE;
}

impl Mode for Exclusive {
    const FUTURE: &str = "Write";
    const REQUEST: Request = EXCLUSIVE;
}

/// A reference to a lock, borrowed or counted, the data forgotten or not.
///
/// # Safety
///
/// It always gives the same lock, and keeps it alive.
pub unsafe trait Keep {
    /// The lock without its data.
    fn raw(&self) -> &RawRwLock;
}

/// A reference to a lock with its data, borrowed or counted.
///
/// # Safety
///
/// It always gives the same lock, which is the one that [`Keep::raw`] gives.
pub unsafe trait Handle: Keep {
    /// The data.
    type Value: ?Sized;
    /// What is left of the reference in a guard of a part of the data.
    type Mapped: Keep;

    /// The lock.
    fn lock(&self) -> &RwLock<Self::Value>;

    /// Forgets the data; the lock is the same.
    fn into_mapped(self) -> Self::Mapped;
}

// SAFETY: a reference always leads to the same lock, and borrows it.
unsafe impl<T: ?Sized> Keep for &RwLock<T> {
    #[inline]
    fn raw(&self) -> &RawRwLock {
        &self.raw
    }
}

// SAFETY: as above.
unsafe impl<'l, T: ?Sized> Handle for &'l RwLock<T> {
    type Value = T;
    type Mapped = &'l RawRwLock;

    #[inline]
    fn lock(&self) -> &RwLock<T> {
        self
    }

    #[inline]
    fn into_mapped(self) -> &'l RawRwLock {
        &self.raw
    }
}

// SAFETY: as above.
unsafe impl Keep for &RawRwLock {
    #[inline]
    fn raw(&self) -> &RawRwLock {
        self
    }
}

// SAFETY: a counted reference always leads to the same lock, and keeps it.
unsafe impl<T: ?Sized> Keep for Arc<RwLock<T>> {
    #[inline]
    fn raw(&self) -> &RawRwLock {
        &self.raw
    }
}

// SAFETY: as above.
unsafe impl<T: ?Sized> Handle for Arc<RwLock<T>> {
    type Value = T;
    type Mapped = Arc<RwLock<T>>;

    #[inline]
    fn lock(&self) -> &RwLock<T> {
        self
    }

    #[inline]
    fn into_mapped(self) -> Arc<RwLock<T>> {
        self
    }
}
