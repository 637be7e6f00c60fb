//! Something has to run the body.

#[corio_macros::main(contexts = 0)]
async fn main() {}
