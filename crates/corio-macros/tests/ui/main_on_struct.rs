//! Not a function.

#[corio_macros::main]
struct Main;
