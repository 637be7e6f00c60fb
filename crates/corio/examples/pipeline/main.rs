//! Three stages with small channels between them: a stage that is slow holds up the ones before it, and nothing piles up.
//!
//! `cargo run --release -p corio --features channel --example pipeline -- 1000000`
//!
//! The stages know no runtime: `benches/examples/pipeline_on_tokio.rs` runs the same ones on tokio.

mod stages;

use clap::Parser;
use corio::channel;

#[derive(Parser)]
#[command(about = "Adds the squares of the numbers below N in a pipeline")]
struct Options {
    /// How many numbers
    n: u64,
    /// How many may wait between two stages
    #[arg(long, default_value_t = 16)]
    capacity: usize,
}

#[corio::main]
async fn main() {
    let Options { n, capacity } = Options::parse();
    let (to_squares, numbers) = channel::bounded(capacity);
    let (to_sum, squares) = channel::bounded(capacity);
    corio::spawn(stages::numbers(n, to_squares)).detach();
    let squaring = corio::spawn(stages::squares(numbers, to_sum));
    let sum = stages::sum(squares).await;
    let most = squaring.await.expect("the stage does not panic");
    println!("the sum of {n} squares is {sum}; at most {most} numbers waited");
}
