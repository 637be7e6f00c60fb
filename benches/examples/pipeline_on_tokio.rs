//! The stages of corio's `pipeline` example, on tokio: channels need a waker and nothing else of a runtime.
//!
//! `cargo run --release -p benches --example pipeline_on_tokio -- 1000000`

extern crate channel;

#[path = "../../crates/corio/examples/pipeline/stages.rs"]
mod stages;

use clap::Parser;

#[derive(Parser)]
#[command(about = "Adds the squares of the numbers below N in a pipeline")]
struct Options {
    /// How many numbers
    n: u64,
    /// How many may wait between two stages
    #[arg(long, default_value_t = 16)]
    capacity: usize,
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().build();
    runtime.expect("threads can be had").block_on(pipeline());
}

async fn pipeline() {
    let Options { n, capacity } = Options::parse();
    let (to_squares, numbers) = channel::bounded(capacity);
    let (to_sum, squares) = channel::bounded(capacity);
    tokio::spawn(stages::numbers(n, to_squares));
    let squaring = tokio::spawn(stages::squares(numbers, to_sum));
    let sum = stages::sum(squares).await;
    let most = squaring.await.expect("the stage does not panic");
    println!("the sum of {n} squares is {sum}; at most {most} numbers waited");
}
