//! The suite of `sync-prims` for whatever makes somebody wait, applied to receives.
//!
//! Its parts are described there; here are the subjects.

#![cfg(not(any(loom, shuttle)))]

#[macro_use]
#[path = "../../../sync-prims/tests/conformance/checks/mod.rs"]
mod checks;
#[path = "../../../sync-prims/tests/conformance/harness.rs"]
mod harness;
#[path = "../../../sync-prims/tests/conformance/subject.rs"]
mod subject;
mod subjects;
#[path = "../../../sync-prims/tests/support/mod.rs"]
mod support;

#[global_allocator]
static ALLOCATOR: support::allocator::Counting = support::allocator::Counting;

conformance! {
    receives: crate::subjects::Receives,
    receives_by_reference: crate::subjects::ReceivesByReference,
}
