//! `async` is missing.

#[corio_macros::main]
fn main() {}
