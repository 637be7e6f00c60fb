//! Random programs.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};

/// An index picks among what there is at that moment.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    // Waits begin, without a poll.
    Send,
    SendMany(usize),
    Reserve(usize),
    Receive,
    ReceiveMany(usize),
    Ready,
    UntilClosed,
    UntilComplete,
    /// Polls any wait, perhaps with another waker.
    Poll(usize, bool),
    /// Polls one that was woken.
    PollWoken(usize),
    Cancel(usize),
    // What does not wait.
    TrySend,
    TryReceive,
    TrySendMany(usize),
    TryReceiveMany(usize),
    TryReserve(usize),
    ForceSend,
    Fill(usize),
    DropPermit(usize),
    Close,
    SetCapacity(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        16 => Just(Step::Send),
        4 => (0..5usize).prop_map(Step::SendMany),
        4 => (0..4usize).prop_map(Step::Reserve),
        16 => Just(Step::Receive),
        3 => (0..5usize).prop_map(Step::ReceiveMany),
        2 => Just(Step::Ready),
        1 => Just(Step::UntilClosed),
        1 => Just(Step::UntilComplete),
        40 => (0..16usize, any::<bool>()).prop_map(|(i, another)| Step::Poll(i, another)),
        16 => (0..16usize).prop_map(Step::PollWoken),
        10 => (0..16usize).prop_map(Step::Cancel),
        6 => Just(Step::TrySend),
        6 => Just(Step::TryReceive),
        2 => (0..5usize).prop_map(Step::TrySendMany),
        2 => (0..5usize).prop_map(Step::TryReceiveMany),
        3 => (0..4usize).prop_map(Step::TryReserve),
        2 => Just(Step::ForceSend),
        6 => (0..4usize).prop_map(Step::Fill),
        4 => (0..4usize).prop_map(Step::DropPermit),
        1 => Just(Step::Close),
    ]
}

/// Without changes of the capacity.
pub(crate) fn program() -> impl Strategy<Value = Vec<Step>> {
    vec(step(), 0..100)
}

/// With changes of the capacity.
pub(crate) fn resizing_program() -> impl Strategy<Value = Vec<Step>> {
    let resize = prop_oneof![Just(0usize), 0..4usize, Just(usize::MAX)];
    let step = prop_oneof![30 => step(), 1 => resize.prop_map(Step::SetCapacity)];
    vec(step, 0..100)
}
