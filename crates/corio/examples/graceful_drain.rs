//! A service that is told to stop: it takes no more requests, answers those it has taken, and only then ends.
//!
//! `cargo run --release -p corio --features channel --example graceful_drain -- 1000 --stop-after 300`

use clap::Parser;
use corio::channel::{self, Receiver, Sender};

#[derive(Parser)]
#[command(about = "Sends N requests to a service that is stopped meanwhile")]
struct Options {
    /// How many requests
    n: u64,
    /// How many are answered before the service is told to stop
    #[arg(long)]
    stop_after: u64,
}

#[corio::main]
async fn main() {
    let options = Options::parse();
    let (requests, to_answer) = channel::bounded(8);
    let (stop, stopped) = channel::bounded(1);
    let client = corio::spawn(client(options.n, requests.clone()));
    let service = corio::spawn(service(to_answer, options.stop_after, stop));

    // Ends when the service says so, or is done before.
    let _ = stopped.recv().await;
    requests.close_and_drain().await;
    let answered = service.await.expect("the service does not panic");
    let (accepted, refused) = client.await.expect("the client does not panic");
    println!("{accepted} accepted, {refused} refused, {answered} answered");
}

/// Sends all requests; how many were accepted, and how many were handed back.
async fn client(n: u64, requests: Sender<u64>) -> (u64, u64) {
    let (mut accepted, mut refused) = (0, 0);
    for request in 0..n {
        match requests.send(request).await {
            Ok(()) => accepted += 1,
            Err(back) => {
                assert_eq!(back.into_inner(), request);
                refused += 1;
            }
        }
    }
    (accepted, refused)
}

/// Answers until there is nothing left to answer; how many it were.
async fn service(to_answer: Receiver<u64>, stop_after: u64, stop: Sender<()>) -> u64 {
    let mut answered = 0;
    loop {
        if answered == stop_after {
            let _ = stop.try_send(());
        }
        if to_answer.recv().await.is_err() {
            return answered;
        }
        answered += 1;
        corio::yield_now().await;
    }
}
