//! The suite of `sync-prims`, applied to every wait of a channel.

#![cfg(not(any(loom, shuttle)))]

#[macro_use]
#[path = "../../../sync-prims/tests/conformance/checks/mod.rs"]
mod checks;
mod ends;
#[path = "../../../sync-prims/tests/conformance/harness.rs"]
mod harness;
mod receives;
mod sends;
#[path = "../../../sync-prims/tests/conformance/subject.rs"]
mod subject;
#[path = "../../../sync-prims/tests/support/mod.rs"]
mod support;

#[global_allocator]
static ALLOCATOR: support::allocator::Counting = support::allocator::Counting;

conformance! {
    send: crate::sends::Send<1>,
    send_rendezvous: crate::sends::Send<0>,
    send_refused: crate::sends::Refused<1>,
    send_rendezvous_refused: crate::sends::Refused<0>,
    reserve: crate::sends::Reserve,
    recv: crate::receives::Recv,
    recv_in_place: crate::receives::RecvInPlace,
    recv_eager: crate::receives::RecvEager,
    recv_to_the_end: crate::receives::RecvToTheEnd,
    closed: crate::ends::Closed,
    complete: crate::ends::Complete,
}
