//! Only `main` can be the main function.

#[corio_macros::main]
async fn start() {}
