//! A test has no one to choose a type for it.

#[corio_macros::test]
async fn adds<T>() {}

fn main() {}
