//! The macro adds `#[test]`.

#[corio_macros::test]
#[test]
async fn adds() {}

fn main() {}
