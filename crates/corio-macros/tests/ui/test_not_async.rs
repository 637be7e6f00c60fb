//! `async` is missing.

#[corio_macros::test]
fn adds() {}

fn main() {}
