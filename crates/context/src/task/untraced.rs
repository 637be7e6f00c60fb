//! What stands in for traced polls without feature `trace-waits`: every poll is an ordinary one.

use std::task::{RawWakerVTable, Waker};

use super::waker;

#[derive(Clone, Copy)]
pub(crate) struct Wakers;

impl Wakers {
    pub(crate) const ORDINARY: Self = Self;

    #[inline]
    pub(super) fn vtable(self) -> &'static RawWakerVTable {
        &waker::VTABLE
    }
}

#[inline]
pub(super) fn is_tracing(_waker: &Waker) -> bool {
    false
}
