//! Which of the two would hold?

#[corio_macros::main(contexts = 1, contexts = 2)]
async fn main() {}
