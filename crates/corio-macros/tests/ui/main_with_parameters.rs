//! A program's arguments come from `std::env::args`.

#[corio_macros::main]
async fn main(arguments: Vec<String>) {}
