//! The stages of the pipeline: they know channels, and no runtime.

use crate::channel::{Receiver, Sender};

/// Makes numbers, as fast as the next stage takes them.
pub(crate) async fn numbers(count: u64, out: Sender<u64>) {
    for number in 0..count {
        // Nobody is left to take it: the work is over.
        if out.send(number).await.is_err() {
            return;
        }
    }
}

/// Squares what comes; the most that it found waiting.
pub(crate) async fn squares(numbers: Receiver<u64>, out: Sender<u128>) -> usize {
    let mut most = 0;
    while let Ok(number) = numbers.recv().await {
        most = most.max(numbers.len());
        if out.send(u128::from(number).pow(2)).await.is_err() {
            break;
        }
    }
    most
}

/// Adds what comes, a batch at a time.
pub(crate) async fn sum(squares: Receiver<u128>) -> u128 {
    let (mut sum, mut batch) = (0, Vec::new());
    while squares.recv_many(&mut batch, 64).await.is_ok() {
        sum += batch.drain(..).sum::<u128>();
    }
    sum
}
