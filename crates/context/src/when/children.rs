//! What a group of futures is to those who wait for it: a number of children that are polled one by one, keep their
//! outputs until all are wanted, and can be dropped at any moment.

use std::future::{Future, IntoFuture};
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Futures that are waited for together: a tuple of one to twelve, an array or a `Vec`.
pub trait Group {
    /// All outputs, in the order of the futures: a tuple, an array or a `Vec`.
    type Outputs;
    /// The output that came first: for a tuple one of [`OneOf2`](super::OneOf2) and its like, for arrays and `Vec`s
    /// the place of the future and its output.
    type First;
    #[doc(hidden)]
    type Children: Children<Outputs = Self::Outputs, First = Self::First>;

    #[doc(hidden)]
    fn into_children(self) -> Self::Children;
}

/// Up to this many children are all polled whenever one of them is woken; more have a waker each.
///
/// Measured where children are woken one at a time, the worst case for polling all: both ways cost 31 ns a child at
/// this count. Where all are woken together, polling all costs half at any count.
pub(super) const DIRECT: usize = 24;

const POLLED_AGAIN: &str = "a group of futures was polled after it was ready";

/// The storage of a group. Not to be named or implemented elsewhere.
pub trait Children {
    /// See [`Group::Outputs`].
    type Outputs;
    /// See [`Group::First`].
    type First;

    /// How many there are, finished or not.
    fn count(&self) -> usize;

    /// Polls one child; ready if this very poll finished it, never again afterwards.
    fn poll_child(self: Pin<&mut Self>, index: usize, cx: &mut Context<'_>) -> Poll<()>;

    /// Polls all children, beginning with child `start`. Calls `finished` with each that this finished, until it
    /// breaks.
    #[inline]
    fn poll_all(
        mut self: Pin<&mut Self>,
        start: usize,
        cx: &mut Context<'_>,
        mut finished: impl FnMut(usize) -> ControlFlow<()>,
    ) {
        // Internal iteration: the compiler turns it into two plain loops.
        let _ = rotation(self.count(), start).try_for_each(|index| {
            match self.as_mut().poll_child(index, cx) {
                Poll::Ready(()) => finished(index),
                Poll::Pending => ControlFlow::Continue(()),
            }
        });
    }

    /// Takes all outputs. Panics unless all children are finished and none was taken.
    fn take_outputs(self: Pin<&mut Self>) -> Self::Outputs;

    /// Takes the output of one child. Panics unless that child is finished and was not taken.
    fn take_first(self: Pin<&mut Self>, index: usize) -> Self::First;

    /// Drops all futures and outputs.
    fn clear(self: Pin<&mut Self>);
}

pin_project_lite::pin_project! {
    /// One child: running, finished, or gone.
    #[derive(Debug)]
    #[project = SlotProjection]
    #[project_replace = SlotReplaced]
    pub enum Slot<F: Future> {
        Running { #[pin] future: F },
        Finished { output: F::Output },
        Gone,
    }
}

impl<F: Future> Slot<F> {
    pub(super) fn new(future: F) -> Slot<F> {
        Slot::Running { future }
    }

    #[inline]
    pub(super) fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let SlotProjection::Running { future } = self.as_mut().project() else {
            return Poll::Pending;
        };
        match future.poll(cx) {
            Poll::Ready(output) => {
                // Drops the future, too: what it holds is not held longer than it runs.
                self.set(Slot::Finished { output });
                Poll::Ready(())
            }
            Poll::Pending => Poll::Pending,
        }
    }

    #[inline]
    pub(super) fn take(self: Pin<&mut Self>) -> F::Output {
        match self.project_replace(Slot::Gone) {
            SlotReplaced::Finished { output } => output,
            _ => panic!("{POLLED_AGAIN}"),
        }
    }

    #[inline]
    fn into_output(self) -> F::Output {
        match self {
            Slot::Finished { output } => output,
            _ => panic!("{POLLED_AGAIN}"),
        }
    }

    #[inline]
    pub(super) fn clear(mut self: Pin<&mut Self>) {
        self.set(Slot::Gone);
    }
}

impl<F: IntoFuture, const N: usize> Group for [F; N] {
    type Outputs = [F::Output; N];
    type First = (usize, F::Output);
    type Children = [Slot<F::IntoFuture>; N];

    fn into_children(self) -> Self::Children {
        self.map(|future| Slot::new(future.into_future()))
    }
}

impl<F: Future, const N: usize> Children for [Slot<F>; N] {
    type Outputs = [F::Output; N];
    type First = (usize, F::Output);

    #[inline]
    fn count(&self) -> usize {
        N
    }

    #[inline]
    fn poll_child(self: Pin<&mut Self>, index: usize, cx: &mut Context<'_>) -> Poll<()> {
        element(as_slice(self), index).poll(cx)
    }

    #[inline]
    fn poll_all(
        self: Pin<&mut Self>,
        start: usize,
        cx: &mut Context<'_>,
        finished: impl FnMut(usize) -> ControlFlow<()>,
    ) {
        poll_slots(as_slice(self), start, cx, finished);
    }

    fn take_outputs(self: Pin<&mut Self>) -> Self::Outputs {
        let mut slots = as_slice(self);
        std::array::from_fn(|index| element(slots.as_mut(), index).take())
    }

    fn take_first(self: Pin<&mut Self>, index: usize) -> Self::First {
        (index, element(as_slice(self), index).take())
    }

    fn clear(self: Pin<&mut Self>) {
        clear_slots(as_slice(self));
    }
}

impl<F: IntoFuture> Group for Vec<F> {
    type Outputs = Vec<F::Output>;
    type First = (usize, F::Output);
    type Children = Pin<Box<[Slot<F::IntoFuture>]>>;

    fn into_children(self) -> Self::Children {
        boxed_slots(self)
    }
}

/// The storage of a group that was collected from an iterator.
pub(super) fn boxed_slots<F: IntoFuture>(
    futures: impl IntoIterator<Item = F>,
) -> Pin<Box<[Slot<F::IntoFuture>]>> {
    let slots: Box<[_]> = futures
        .into_iter()
        .map(|future| Slot::new(future.into_future()))
        .collect();
    Box::into_pin(slots)
}

impl<F: Future> Children for Pin<Box<[Slot<F>]>> {
    type Outputs = Vec<F::Output>;
    type First = (usize, F::Output);

    #[inline]
    fn count(&self) -> usize {
        self.len()
    }

    #[inline]
    fn poll_child(self: Pin<&mut Self>, index: usize, cx: &mut Context<'_>) -> Poll<()> {
        element(self.get_mut().as_mut(), index).poll(cx)
    }

    #[inline]
    fn poll_all(
        self: Pin<&mut Self>,
        start: usize,
        cx: &mut Context<'_>,
        finished: impl FnMut(usize) -> ControlFlow<()>,
    ) {
        poll_slots(self.get_mut().as_mut(), start, cx, finished);
    }

    fn take_outputs(self: Pin<&mut Self>) -> Self::Outputs {
        let finished = |slot: &Slot<F>| matches!(slot, Slot::Finished { .. });
        assert!(self.iter().all(finished), "{POLLED_AGAIN}");
        let slots = std::mem::replace(self.get_mut(), Box::pin([]));
        // SAFETY: all slots are finished, as was just checked: no future is left that would be moved.
        let slots = unsafe { Pin::into_inner_unchecked(slots) };
        // Collected in place: the outputs stay in the allocation that the futures had.
        slots
            .into_vec()
            .into_iter()
            .map(Slot::into_output)
            .collect()
    }

    fn take_first(self: Pin<&mut Self>, index: usize) -> Self::First {
        (index, element(self.get_mut().as_mut(), index).take())
    }

    fn clear(self: Pin<&mut Self>) {
        clear_slots(self.get_mut().as_mut());
    }
}

/// What [`Children::poll_all`] does, without an index check for each child.
#[inline]
fn poll_slots<F: Future>(
    mut slots: Pin<&mut [Slot<F>]>,
    start: usize,
    cx: &mut Context<'_>,
    mut finished: impl FnMut(usize) -> ControlFlow<()>,
) {
    for (index, slot) in elements(slots.as_mut()).enumerate().skip(start) {
        if slot.poll(cx).is_ready() && finished(index).is_break() {
            return;
        }
    }
    for (index, slot) in elements(slots).enumerate().take(start) {
        if slot.poll(cx).is_ready() && finished(index).is_break() {
            return;
        }
    }
}

fn clear_slots<F: Future>(slots: Pin<&mut [Slot<F>]>) {
    elements(slots).for_each(Slot::clear);
}

/// The numbers below `count`, beginning with `start`.
#[inline]
pub(super) fn rotation(count: usize, start: usize) -> impl Iterator<Item = usize> {
    (start..count).chain(0..start)
}

#[inline]
fn as_slice<T, const N: usize>(array: Pin<&mut [T; N]>) -> Pin<&mut [T]> {
    // SAFETY: the slice is the array: what is pinned stays pinned.
    unsafe { array.map_unchecked_mut(|array| array.as_mut_slice()) }
}

#[inline]
fn element<T>(slice: Pin<&mut [T]>, index: usize) -> Pin<&mut T> {
    // SAFETY: pinning is structural for the elements: nothing here moves one out of a pinned slice.
    unsafe { slice.map_unchecked_mut(|slice| &mut slice[index]) }
}

#[inline]
fn elements<T>(slice: Pin<&mut [T]>) -> impl Iterator<Item = Pin<&mut T>> {
    // SAFETY: as for `element`; the slice is only taken apart into its pinned elements.
    let slice = unsafe { slice.get_unchecked_mut() };
    // SAFETY: each is an element of a pinned slice.
    slice
        .iter_mut()
        .map(|element| unsafe { Pin::new_unchecked(element) })
}
