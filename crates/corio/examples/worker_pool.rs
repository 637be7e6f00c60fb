//! Workers on every processor that take their jobs from one channel: who is free takes the next one.
//!
//! `cargo run --release -p corio --features channel --example worker_pool -- 10000 --workers 8`

use clap::Parser;
use corio::Scheduler;
use corio::channel::{self, Receiver, Sender};

#[derive(Parser)]
#[command(about = "Counts the primes below N, each number tested by whichever worker is free")]
struct Options {
    /// How many numbers
    n: u64,
    /// How many workers
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..))]
    workers: u64,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options::parse();
    let mut scheduler = Scheduler::builder().build();
    // A rendezvous: a job is with a worker, or not given out yet.
    let (jobs, to_do) = channel::rendezvous();
    let (reports, results) = channel::unbounded();
    for _ in 0..options.workers {
        let worker = work(to_do.clone(), reports.clone());
        scheduler.handle().submit(worker)?.detach();
    }
    scheduler
        .handle()
        .submit(give_out(options.n, jobs))?
        .detach();
    drop((to_do, reports));
    scheduler.run()?;
    // Every worker has reported and gone, so this is all there will be.
    let (tested, primes) = results.try_iter().fold((0, 0), |sum: (u64, u64), done| {
        (sum.0 + done.0, sum.1 + done.1)
    });
    println!("{primes} of {tested} numbers are primes");
    Ok(())
}

async fn give_out(n: u64, jobs: Sender<u64>) {
    for number in 0..n {
        jobs.send(number).await.expect("there are workers");
    }
}

/// Works until there are no more jobs; reports how many it has done, and how many were primes.
async fn work(to_do: Receiver<u64>, reports: Sender<(u64, u64)>) {
    let (mut tested, mut primes) = (0, 0);
    while let Ok(number) = to_do.recv().await {
        tested += 1;
        primes += u64::from(is_prime(number));
    }
    reports.try_send((tested, primes)).expect("it has no limit");
}

fn is_prime(number: u64) -> bool {
    let divides = |divisor: u64| number.is_multiple_of(divisor);
    number > 1
        && !(2..)
            .take_while(|divisor| divisor * divisor <= number)
            .any(divides)
}
