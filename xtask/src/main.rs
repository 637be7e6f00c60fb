//! Development commands of corio.

fn main() {}
