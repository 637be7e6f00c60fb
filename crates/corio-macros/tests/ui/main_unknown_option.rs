//! There is no such option.

#[corio_macros::main(threads = 2)]
async fn main() {}
