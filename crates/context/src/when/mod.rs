//! Several futures as one: [`when_all`] waits for all of them, [`when_any`] for the first.
//!
//! Both take a [`Group`]: a tuple of up to twelve futures of different types, an array, or a `Vec`; and with
//! [`when_all_iter`] and [`when_any_iter`] whatever can be iterated. Nothing is spawned: the children run inside
//! the task that waits, may borrow from it, and are dropped with the future.
//!
//! A few children are all polled whenever the task is: that is cheaper than telling them apart. From
//! [`DIRECT`](children::DIRECT) on, each has a waker of its own, and only those that were woken are polled
//! (`wakers.rs`). The wakers are allocated once, at the first poll.
//!
//! All of this needs nothing but `core::task::Waker`, and runs under any executor.

mod all;
mod any;
mod children;
mod one_of;
mod poller;
mod ready;
mod tuples;
mod wakers;

pub use all::{WhenAll, when_all, when_all_iter};
pub use any::{WhenAny, when_any, when_any_iter};
pub use children::Group;
pub use one_of::{
    OneOf1, OneOf2, OneOf3, OneOf4, OneOf5, OneOf6, OneOf7, OneOf8, OneOf9, OneOf10, OneOf11,
    OneOf12,
};
pub(crate) use wakers::task_of;
