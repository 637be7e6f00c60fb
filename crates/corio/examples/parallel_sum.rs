//! Adds the numbers below N, spread over one context for each processor.
//!
//! `cargo run --release -p corio --example parallel_sum -- 1000000000`

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use corio::{Scheduler, parallel_reduce};

#[derive(Parser)]
#[command(about = "Adds the numbers below N on all processors")]
struct Options {
    /// How many numbers
    n: u64,
    /// Pieces that the work is cut into
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..))]
    pieces: u64,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("parallel_sum: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Box<dyn std::error::Error>> {
    let mut scheduler = Scheduler::builder().build();
    scheduler.start()?;
    let handle = scheduler.handle();
    let (n, pieces) = (options.n, options.pieces);
    // The bounds of the pieces: wide, as the product may not fit 64 bits.
    let bound = move |piece: u64| (u128::from(n) * u128::from(piece) / u128::from(pieces)) as u64;
    let begun = Instant::now();
    let sum = corio::block_on(async move {
        let sum_piece = move |piece: u64| async move {
            (bound(piece)..bound(piece + 1))
                .map(u128::from)
                .sum::<u128>()
        };
        parallel_reduce(&handle, 0..pieces, sum_piece, |a, b| a + b).await
    })??;
    println!(
        "the sum of the {n} numbers below {n} is {} ({} contexts, {:.3} s)",
        sum.unwrap_or(0),
        scheduler.contexts().len(),
        begun.elapsed().as_secs_f64()
    );
    Ok(())
}
