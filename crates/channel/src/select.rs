//! Waiting for the first of several sends, receives and other futures, of which exactly one happens.
//!
//! [`select!`](crate::select!) is the way to write it; [`select`] is the function under it.
//!
//! # The protocol
//!
//! A receive in a select is a receive as any other: it takes a message when it is polled and finds one, or nothing. A send is
//! different: while it waits, whoever receives takes its message out of the future. Two such sends of one select might be taken by
//! two receivers at the same time, or one of them while another branch is found ready. So all branches share a claim, a flag that one of them gets to set:
//!
//! | who | when | then |
//! |---|---|---|
//! | a receiver, under its channel's lock | it finds a message that is offered by a select | sets the claim, and takes the message; if it was set, tells the sender *lost*, and looks at the next |
//! | a poll of the select | it begins | sets the claim; if it was set, some message was taken, and the branch that was told so has won |
//! | the same | a branch is ready | leaves the claim set, so that nobody takes what the others offer |
//! | the same | no branch is ready | unsets it, then announces what it offers to those who wait to receive |
//!
//! An offer that was told *lost* while the poll held the claim is made again: being told wakes the task.
//!
//! When the select is dropped, each branch is: a send puts its message back to where it came from, unless it was sent.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use alloc::boxed::Box;
use alloc::vec::Vec;

use pin_project_lite::pin_project;

use crate::error::{RecvError, SendError};
use crate::exchange::{Claim, Form, ReadyFuture, RecvFuture, ReserveFuture, SendFromFuture};
use crate::sync::{AtomicUsize, Ordering};

/// Something that a select waits for: a receive, a send out of an [`Option`], a reservation, or a [`wait`] for any future.
pub trait Branch: sealed::Branch {}

impl<B: sealed::Branch> Branch for B {}

/// Several branches: a tuple of up to eight, or a vector.
pub trait Branches: sealed::Branches {}

impl<B: sealed::Branches> Branches for B {}

mod sealed {
    use super::{Claim, Context, Pin, Poll};

    pub trait Branch {
        /// What it comes to.
        type Output;

        /// Before the first poll.
        ///
        /// # Safety
        ///
        /// The claim is there until this is dropped, or for good if it never is.
        unsafe fn enter(self: Pin<&mut Self>, claim: &Claim) {
            let _ = claim;
        }

        /// Looks whether it is ready, by who has set the claim.
        fn poll_branch(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output>;

        /// The claim is not set any more.
        fn announce(self: Pin<&mut Self>) {}

        /// The claim was set by somebody else: whether it was for this.
        fn poll_taken(self: Pin<&mut Self>, cx: &Context<'_>) -> Poll<Self::Output> {
            let _ = cx;
            Poll::Pending
        }
    }

    pub trait Branches {
        type Output;

        /// How many there are.
        fn count(&self) -> usize;

        /// # Safety
        ///
        /// As for [`Branch::enter`].
        unsafe fn enter(self: Pin<&mut Self>, claim: &Claim);

        /// Looks at each, beginning with the `first`.
        fn poll_branches(
            self: Pin<&mut Self>,
            first: usize,
            cx: &mut Context<'_>,
        ) -> Poll<Self::Output>;

        fn announce(self: Pin<&mut Self>);

        fn poll_taken(self: Pin<&mut Self>, cx: &Context<'_>) -> Poll<Self::Output>;
    }
}

pin_project! {
    /// A wait for the first of several branches; see [`select`].
    ///
    /// Dropping it drops the branches: nothing is received, and messages that were not sent are where they came from.
    #[must_use = "futures do nothing unless polled"]
    pub struct Select<B> {
        stage: Stage,
        is_biased: bool,
        #[pin]
        branches: B,
        // Dropped after the branches, whose offers others may look at until then.
        #[pin]
        claim: Claim,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    New,
    /// Polled, beginning with this branch the last time.
    Waiting(usize),
    Done,
}

pin_project! {
    /// A look at several branches; see [`try_select`].
    #[must_use = "futures do nothing unless polled"]
    pub struct TrySelect<B> {
        #[pin]
        select: Select<B>,
    }
}

pin_project! {
    /// Any future, as a branch; see [`wait`].
    #[derive(Debug)]
    pub struct Wait<F> {
        #[pin]
        future: F,
    }
}

/// Waits for the first of several branches.
///
/// Of a tuple, the output is a tuple of options, of which exactly one is there; of a vector, it is the position of the branch
/// and its output.
///
/// It is fair: every poll begins with another branch, chosen in turn. It loses nothing: of the branches that did not win, a
/// receive has taken nothing, and a send has its message where it came from.
///
/// A select must not both send into and receive from the same channel of capacity 0: the two never meet, and keep waking it.
///
/// ```
/// use channel::select::{select, wait};
///
/// # sync_prims::blocking::block_on(async {
/// let (numbers, from_numbers) = channel::bounded(1);
/// let (_words, from_words) = channel::bounded::<&str>(1);
/// let mut seven = Some(7);
///
/// let outcome = select((from_words.recv(), numbers.send_from(&mut seven))).await;
/// assert_eq!(outcome, (None, Some(Ok(()))));
/// assert_eq!(seven, None);
///
/// let outcome = select((from_words.recv(), from_numbers.recv(), wait(async { "too late" }))).await;
/// assert!(matches!(outcome, (None, Some(Ok(7)), None) | (None, None, Some("too late"))));
/// # });
/// ```
pub fn select<B: Branches>(branches: B) -> Select<B> {
    Select {
        claim: Claim::new(),
        stage: Stage::New,
        is_biased: false,
        branches,
    }
}

/// As [`select`], but every poll begins with the first branch.
pub fn select_biased<B: Branches>(branches: B) -> Select<B> {
    Select {
        is_biased: true,
        ..select(branches)
    }
}

/// As [`select`], but if no branch is ready now, none happens, and it does not wait: the output is `None`.
pub fn try_select<B: Branches>(branches: B) -> TrySelect<B> {
    TrySelect {
        select: select(branches),
    }
}

/// Waits for the first of branches of one kind, however many; its position, and its output.
///
/// # Panics
///
/// The future does, if there is no branch.
pub fn select_all<B: Branch>(branches: impl IntoIterator<Item = B>) -> Select<Many<B>> {
    let branches: Vec<B> = branches.into_iter().collect();
    select(Many(branches.into_boxed_slice()))
}

/// Any future as a branch: a timer, a cancellation.
pub fn wait<F: Future>(future: F) -> Wait<F> {
    Wait { future }
}

impl<B: Branches> Future for Select<B> {
    type Output = B::Output;

    /// # Panics
    ///
    /// If it was ready before, or there is no branch.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<B::Output> {
        let mut this = self.project();
        let claim = this.claim.into_ref().get_ref();
        let first = match *this.stage {
            Stage::New => {
                assert!(this.branches.count() > 0, "a select of nothing never ends");
                // SAFETY: the claim and the branches are pinned in the same place, which stays until both are dropped,
                // and the branches are dropped under this future's eyes: what they have linked, they unlink.
                unsafe { this.branches.as_mut().enter(claim) };
                if *this.is_biased { 0 } else { turn() }
            }
            Stage::Waiting(first) => first.wrapping_add(usize::from(!*this.is_biased)),
            Stage::Done => panic!("a select was polled after it was ready"),
        };
        // Should a branch panic, the claim stays set, and this is at its end.
        *this.stage = Stage::Done;
        if !claim.set() {
            let outcome = this.branches.poll_taken(cx);
            if outcome.is_pending() {
                *this.stage = Stage::Waiting(first);
            }
            return outcome;
        }
        let count = this.branches.count();
        let outcome = this.branches.as_mut().poll_branches(first % count, cx);
        if outcome.is_pending() {
            *this.stage = Stage::Waiting(first);
            claim.unset();
            this.branches.announce();
        }
        outcome
    }
}

impl<B: Branches> Select<B> {
    /// Ends it before a branch has won: nobody takes what is offered any more. `false`: a branch has won.
    fn retract(self: Pin<&mut Self>) -> bool {
        let this = self.project();
        let is_over = this.claim.into_ref().get_ref().set();
        if is_over {
            *this.stage = Stage::Done;
        }
        is_over
    }
}

/// A number that differs from call to call, for the branch to begin with.
fn turn() -> usize {
    #[cfg(not(loom))]
    static TURN: AtomicUsize = AtomicUsize::new(0);
    #[cfg(loom)]
    loom::lazy_static! {
        static ref TURN: AtomicUsize = AtomicUsize::new(0);
    }
    TURN.fetch_add(1, Ordering::Relaxed)
}

impl<B: Branches> Future for TrySelect<B> {
    type Output = Option<B::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut select = self.project().select;
        if let Poll::Ready(outcome) = select.as_mut().poll(cx) {
            return Poll::Ready(Some(outcome));
        }
        if select.as_mut().retract() {
            return Poll::Ready(None);
        }
        // A message was taken since that poll: which one, the branch knows, or is about to be told.
        select.poll(cx).map(Some)
    }
}

impl<F: Form> sealed::Branch for RecvFuture<'_, F> {
    type Output = Result<F::Item, RecvError>;

    fn poll_branch(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll(cx)
    }
}

impl<F: Form> sealed::Branch for ReadyFuture<'_, F> {
    type Output = bool;

    fn poll_branch(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<bool> {
        self.poll(cx)
    }
}

impl<'c, F: Form> sealed::Branch for ReserveFuture<'c, F> {
    type Output = <ReserveFuture<'c, F> as Future>::Output;

    fn poll_branch(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll(cx)
    }
}

impl<F: Form> sealed::Branch for SendFromFuture<'_, F> {
    type Output = Result<(), SendError<()>>;

    unsafe fn enter(self: Pin<&mut Self>, claim: &Claim) {
        // SAFETY: the caller's promise.
        unsafe { self.contest(claim) };
    }

    fn poll_branch(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_send(cx)
    }

    fn announce(self: Pin<&mut Self>) {
        SendFromFuture::announce(self);
    }

    fn poll_taken(self: Pin<&mut Self>, cx: &Context<'_>) -> Poll<Self::Output> {
        SendFromFuture::poll_taken(self, cx)
    }
}

impl<F: Future> sealed::Branch for Wait<F> {
    type Output = F::Output;

    fn poll_branch(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.project().future.poll(cx)
    }
}

/// Branches of one kind; see [`select_all`].
#[derive(Debug)]
pub struct Many<B>(Box<[B]>);

impl<B> Many<B> {
    fn branch(self: Pin<&mut Self>, index: usize) -> Pin<&mut B> {
        // SAFETY: the boxed branches are never moved, and are dropped in place.
        unsafe { self.map_unchecked_mut(|many| &mut many.0[index]) }
    }
}

impl<B: Branch> sealed::Branches for Many<B> {
    type Output = (usize, B::Output);

    fn count(&self) -> usize {
        self.0.len()
    }

    unsafe fn enter(mut self: Pin<&mut Self>, claim: &Claim) {
        for index in 0..self.0.len() {
            // SAFETY: the caller's promise.
            unsafe { self.as_mut().branch(index).enter(claim) };
        }
    }

    fn poll_branches(
        mut self: Pin<&mut Self>,
        first: usize,
        cx: &mut Context<'_>,
    ) -> Poll<Self::Output> {
        let count = self.0.len();
        for index in (first..count).chain(0..first) {
            if let Poll::Ready(output) = self.as_mut().branch(index).poll_branch(cx) {
                return Poll::Ready((index, output));
            }
        }
        Poll::Pending
    }

    fn announce(mut self: Pin<&mut Self>) {
        for index in 0..self.0.len() {
            self.as_mut().branch(index).announce();
        }
    }

    fn poll_taken(mut self: Pin<&mut Self>, cx: &Context<'_>) -> Poll<Self::Output> {
        for index in 0..self.0.len() {
            if let Poll::Ready(output) = self.as_mut().branch(index).poll_taken(cx) {
                return Poll::Ready((index, output));
            }
        }
        Poll::Pending
    }
}

macro_rules! tuple_of_branches {
    ($($branch:ident $index:tt)+) => {
        impl<$($branch: Branch),+> sealed::Branches for ($($branch,)+) {
            type Output = ($(Option<$branch::Output>,)+);

            fn count(&self) -> usize {
                [$($index),+].len()
            }

            unsafe fn enter(mut self: Pin<&mut Self>, claim: &Claim) {
                $(
                    // SAFETY: the branches are not moved; the claim is the caller's promise.
                    unsafe { self.as_mut().map_unchecked_mut(|all| &mut all.$index).enter(claim) };
                )+
            }

            fn poll_branches(mut self: Pin<&mut Self>, first: usize, cx: &mut Context<'_>) -> Poll<Self::Output> {
                let mut outputs: Self::Output = ($(None::<$branch::Output>,)+);
                for index in (first..self.count()).chain(0..first) {
                    match index {
                        $(
                            $index => {
                                // SAFETY: the branches are not moved.
                                let branch = unsafe { self.as_mut().map_unchecked_mut(|all| &mut all.$index) };
                                if let Poll::Ready(output) = branch.poll_branch(cx) {
                                    outputs.$index = Some(output);
                                    return Poll::Ready(outputs);
                                }
                            }
                        )+
                        _ => unreachable!("there are so many branches"),
                    }
                }
                Poll::Pending
            }

            fn announce(mut self: Pin<&mut Self>) {
                $(
                    // SAFETY: the branches are not moved.
                    unsafe { self.as_mut().map_unchecked_mut(|all| &mut all.$index) }.announce();
                )+
            }

            fn poll_taken(mut self: Pin<&mut Self>, cx: &Context<'_>) -> Poll<Self::Output> {
                let mut outputs: Self::Output = ($(None::<$branch::Output>,)+);
                $(
                    // SAFETY: the branches are not moved.
                    let branch = unsafe { self.as_mut().map_unchecked_mut(|all| &mut all.$index) };
                    if let Poll::Ready(output) = branch.poll_taken(cx) {
                        outputs.$index = Some(output);
                        return Poll::Ready(outputs);
                    }
                )+
                Poll::Pending
            }
        }
    };
}

tuple_of_branches!(A 0);
tuple_of_branches!(A 0 B 1);
tuple_of_branches!(A 0 B 1 C 2);
tuple_of_branches!(A 0 B 1 C 2 D 3);
tuple_of_branches!(A 0 B 1 C 2 D 3 E 4);
tuple_of_branches!(A 0 B 1 C 2 D 3 E 4 F 5);
tuple_of_branches!(A 0 B 1 C 2 D 3 E 4 F 5 G 6);
tuple_of_branches!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7);

impl<B> fmt::Debug for Select<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Select")
            .field("stage", &self.stage)
            .finish_non_exhaustive()
    }
}

impl<B> fmt::Debug for TrySelect<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrySelect").finish_non_exhaustive()
    }
}

/// Waits for the first of several sends, receives and other futures, of which exactly one happens; see
/// [the module](mod@crate::select).
///
/// Branches are what [`select()`](crate::select::select()) takes: `receiver.recv()`, `sender.send_from(&mut option)`,
/// `sender.reserve()`, `wait(any_future)`. `biased;` in front makes every poll begin with the first branch; a last branch
/// `else => ...` is for when none is ready now, and makes it not wait.
///
/// ```
/// # sync_prims::blocking::block_on(async {
/// let (sender, receiver) = channel::bounded(1);
/// let mut next = Some(1);
/// loop {
///     channel::select! {
///         sent = sender.send_from(&mut next) => {
///             sent?;
///             next = Some(2);
///         }
///         message = receiver.recv() => {
///             assert_eq!(message, Ok(1));
///             break;
///         }
///     }
/// }
/// # Ok::<(), channel::SendError<()>>(())
/// # }).unwrap();
/// ```
#[macro_export]
macro_rules! select {
    (biased; $($branches:tt)+) => {
        $crate::select!(@parse (select_biased) [] $($branches)+)
    };
    // With a comma or without after a block, as in a match.
    (@parse ($how:ident) [$($done:tt)*] else => $body:expr $(,)?) => {
        $crate::select!(@try [$($done)*] ($body))
    };
    (@parse ($how:ident) [$($done:tt)*] $pattern:pat = $branch:expr => $body:block, $($rest:tt)*) => {
        $crate::select!(@parse ($how) [$($done)* (output $pattern, $branch, $body)] $($rest)*)
    };
    (@parse ($how:ident) [$($done:tt)*] $pattern:pat = $branch:expr => $body:block $($rest:tt)*) => {
        $crate::select!(@parse ($how) [$($done)* (output $pattern, $branch, $body)] $($rest)*)
    };
    (@parse ($how:ident) [$($done:tt)*] $pattern:pat = $branch:expr => $body:expr, $($rest:tt)*) => {
        $crate::select!(@parse ($how) [$($done)* (output $pattern, $branch, $body)] $($rest)*)
    };
    (@parse ($how:ident) [$($done:tt)*] $pattern:pat = $branch:expr => $body:expr) => {
        $crate::select!(@parse ($how) [$($done)* (output $pattern, $branch, $body)])
    };
    (@parse ($how:ident) [$(($output:ident $pattern:pat, $branch:expr, $body:expr))+]) => {{
        let ($($output,)+) = $crate::select::$how(($($branch,)+)).await;
        $crate::select!(@match (::core::unreachable!("one branch has won")) $(($output $pattern, $body))+)
    }};
    (@try [$(($output:ident $pattern:pat, $branch:expr, $body:expr))+] ($none:expr)) => {{
        match $crate::select::try_select(($($branch,)+)).await {
            ::core::option::Option::Some(($($output,)+)) => {
                $crate::select!(@match (::core::unreachable!("one branch has won")) $(($output $pattern, $body))+)
            }
            ::core::option::Option::None => $none,
        }
    }};
    (@match ($none:expr) ($output:ident $pattern:pat, $body:expr) $($rest:tt)*) => {
        match $output {
            ::core::option::Option::Some(output) => {
                let $pattern = output;
                $body
            }
            ::core::option::Option::None => $crate::select!(@match ($none) $($rest)*),
        }
    };
    (@match ($none:expr)) => { $none };
    ($($branches:tt)+) => {
        $crate::select!(@parse (select) [] $($branches)+)
    };
}
