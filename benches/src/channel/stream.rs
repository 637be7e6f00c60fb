//! Messages from senders to receivers.

use std::hint::black_box;
use std::time::Duration;

use super::case::{Bytes, Place, Stream};
use super::family::{Blocking, Family, Load, Message};
use super::place::{self, Task};

/// Sends so many messages through a channel of this family, after a warm-up; `None` if it has no such channel, or the place is
/// for threads.
pub(super) fn time<C: Family>(stream: Stream, messages: u64) -> Option<Duration> {
    match stream.bytes {
        Bytes::B8 => time_tasks::<C, 1>(stream, messages),
        Bytes::B64 => time_tasks::<C, 8>(stream, messages),
        Bytes::B1024 => time_tasks::<C, 128>(stream, messages),
    }
}

/// The same for threads; `None` if it has no such channel, or the place is not for threads.
pub(super) fn time_blocking<C: Blocking>(stream: Stream, messages: u64) -> Option<Duration> {
    if stream.place != Place::Threads || stream.bytes != Bytes::B8 {
        return None;
    }
    let (senders, receivers) = blocking_ends::<C, Load<1>>(stream)?;
    let shares = shares(messages, senders.len());
    let sending = senders.into_iter().zip(shares).map(|(mut sender, share)| {
        move || {
            for number in 0..share {
                C::send(&mut sender, Load::new(number));
            }
            0
        }
    });
    let receiving = receivers.into_iter().map(|mut receiver| {
        move || {
            let mut received = 0;
            while let Some(message) = C::recv(&mut receiver) {
                black_box(message.number());
                received += 1;
            }
            received
        }
    });
    let (received, taken) = place::time_threads(sending.collect(), receiving.collect());
    assert_eq!(received, messages, "every message arrives once");
    Some(taken)
}

fn time_tasks<C: Family, const WORDS: usize>(stream: Stream, messages: u64) -> Option<Duration> {
    if stream.place == Place::Threads {
        return None;
    }
    play::<C, WORDS>(stream, messages / 8 + 1)?;
    play::<C, WORDS>(stream, messages)
}

fn play<C: Family, const WORDS: usize>(stream: Stream, messages: u64) -> Option<Duration> {
    let (senders, receivers) = ends::<C, Load<WORDS>>(stream)?;
    let shares = shares(messages, senders.len());
    let sending = senders
        .into_iter()
        .zip(shares)
        .map(|(sender, share)| Box::pin(send_share::<C, WORDS>(sender, share)) as Task);
    let receiving = receivers
        .into_iter()
        .map(|receiver| Box::pin(recv_all::<C, WORDS>(receiver)) as Task);
    let (received, taken) = place::time_tasks(stream.place, sending.collect(), receiving.collect());
    assert_eq!(received, messages, "every message arrives once");
    Some(taken)
}

async fn send_share<C: Family, const WORDS: usize>(
    mut sender: C::Sender<Load<WORDS>>,
    share: u64,
) -> u64 {
    for number in 0..share {
        C::send(&mut sender, Load::new(number)).await;
    }
    0
}

async fn recv_all<C: Family, const WORDS: usize>(mut receiver: C::Receiver<Load<WORDS>>) -> u64 {
    let mut received = 0;
    while let Some(message) = C::recv(&mut receiver).await {
        black_box(message.number());
        received += 1;
    }
    received
}

type Ends<S, R> = Option<(Vec<S>, Vec<R>)>;

fn ends<C: Family, T: Message>(stream: Stream) -> Ends<C::Sender<T>, C::Receiver<T>> {
    let (sender, receiver) = C::channel(stream.capacity)?;
    let senders = copies(sender, stream.senders, C::sender)?;
    let receivers = copies(receiver, stream.receivers, C::receiver)?;
    Some((senders, receivers))
}

fn blocking_ends<C: Blocking, T: Message>(stream: Stream) -> Ends<C::Sender<T>, C::Receiver<T>> {
    let (sender, receiver) = C::channel(stream.capacity)?;
    let senders = copies(sender, stream.senders, C::sender)?;
    let receivers = copies(receiver, stream.receivers, C::receiver)?;
    Some((senders, receivers))
}

fn copies<H>(handle: H, count: u64, copy: impl Fn(&H) -> Option<H>) -> Option<Vec<H>> {
    let mut handles = vec![handle];
    while (handles.len() as u64) < count {
        handles.push(copy(&handles[0])?);
    }
    Some(handles)
}

/// How many of the messages each sender sends.
fn shares(messages: u64, senders: usize) -> Vec<u64> {
    let senders = senders as u64;
    (0..senders)
        .map(|sender| messages / senders + u64::from(sender < messages % senders))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::shares;

    #[test]
    fn shares_make_up_the_whole() {
        assert_eq!(shares(10, 4), [3, 3, 2, 2]);
        assert_eq!(shares(1, 4), [1, 0, 0, 0]);
    }
}
