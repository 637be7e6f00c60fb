//! Random programs: reads and writes of random sizes, other bytes after `Pending`, adapters that come and go.

use std::cell::Cell;
use std::future::poll_fn;
use std::io::{IoSlice, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::task::{Context, Poll};
use std::thread::{self, JoinHandle};

use uring_io::compat::Compat;

use crate::families::{Futures, Hyper, Tokio, Traits};
use crate::support::{Random, bytes_at, check_bytes};
use crate::{on_both, pair};

type Stream = uring_io::net::TcpStream;

/// Bytes that the peer sends.
const FROM_PEER: u64 = 1_000_000;

/// Bytes that the program sends at least.
const TO_PEER: u64 = 1_000_000;

#[test]
fn random_programs_lose_nothing() {
    let waits = Cell::new(0);
    for seed in 1..=4 {
        on_both(|| program::<Tokio>(seed, &waits));
        on_both(|| program::<Futures>(seed + 100, &waits));
        on_both(|| program::<Hyper>(seed + 200, &waits));
    }
    assert!(waits.get() > 10, "{} waits", waits.get());
}

async fn program<T: Traits<Compat<Stream>>>(seed: u64, waits: &Cell<u64>) {
    let (stream, peer) = pair();
    stream.set_send_buffer_size(8 * 1024).unwrap();
    let (reader, writer) = independent_peer(peer, seed);
    // With another task that has something to do, writes may be left to the ring.
    let company = seed.is_multiple_of(2).then(|| {
        context::spawn(async {
            loop {
                context::yield_now().await;
            }
        })
    });
    let mut actor = Actor {
        stream: Some(Compat::new(stream)),
        random: Random(seed * 7919 + 13),
        sent: 0,
        received: 0,
        waits: 0,
    };
    while actor.sent < TO_PEER || actor.received < FROM_PEER {
        actor.step::<T>().await;
    }
    poll_fn(|cx| T::flush(actor.stream(), cx)).await.unwrap();
    poll_fn(|cx| T::shutdown(actor.stream(), cx)).await.unwrap();
    let count = poll_fn(|cx| T::read(actor.stream(), cx, &mut [0; 10])).await;
    assert_eq!(count.unwrap(), 0);
    waits.set(waits.get() + actor.waits);
    if let Some(company) = company {
        company.abort();
    }
    // The peer ends when it has read everything.
    let sent = actor.sent;
    let received = context::spawn_blocking(move || {
        writer.join().unwrap();
        reader.join().unwrap()
    });
    assert_eq!(received.await.unwrap(), sent);
}

/// One end of the program.
struct Actor {
    stream: Option<Compat<Stream>>,
    random: Random,
    sent: u64,
    received: u64,
    waits: u64,
}

impl Actor {
    fn stream(&mut self) -> &mut Compat<Stream> {
        self.stream.as_mut().unwrap()
    }

    async fn step<T: Traits<Compat<Stream>>>(&mut self) {
        match self.random.below(12) {
            // Waits until one direction goes on, or either, with other bytes at every poll.
            0..=5 => {
                let direction = self.random.below(3);
                let writes = direction != 0 && self.sent < 2 * TO_PEER;
                poll_fn(|cx| {
                    let wrote = writes && self.try_write::<T>(cx);
                    let read = (direction != 1 || !writes) && self.try_read::<T>(cx);
                    if wrote || read {
                        return Poll::Ready(());
                    }
                    self.waits += 1;
                    Poll::Pending
                })
                .await;
            }
            // A call that nobody comes back to.
            6 => self.once(|this, cx| this.try_read::<T>(cx)).await,
            7 => self.once(|this, cx| this.try_write::<T>(cx)).await,
            8 => {
                self.once(|this, cx| T::flush(this.stream(), cx).is_ready())
                    .await;
            }
            9 => self.as_itself().await,
            10 => {
                let stream = self.stream.take().unwrap().into_inner();
                self.stream = Some(Compat::new(stream));
            }
            _ => context::yield_now().await,
        }
    }

    async fn once(&mut self, mut call: impl FnMut(&mut Self, &mut Context<'_>) -> bool) {
        poll_fn(|cx| {
            call(self, cx);
            Poll::Ready(())
        })
        .await;
    }

    /// Some operations of the stream itself.
    async fn as_itself(&mut self) {
        let stream = self.stream.take().unwrap().into_inner();
        if self.random.below(2) == 0 && self.received < FROM_PEER {
            let bytes = stream.recv().await.unwrap().expect("not the end");
            check_bytes(1, self.received, &bytes);
            self.received += bytes.len() as u64;
        }
        let bytes = bytes_at(2, self.sent, self.random.below(5_000) as usize);
        self.sent += bytes.len() as u64;
        stream.write_all(bytes).await.0.unwrap();
        self.stream = Some(Compat::new(stream));
    }

    fn try_read<T: Traits<Compat<Stream>>>(&mut self, cx: &mut Context<'_>) -> bool {
        let room = match self.random.below(4) {
            0 => self.random.below(5),
            1 => self.random.below(100),
            _ => self.random.below(40_000),
        };
        let mut into = vec![0; room as usize];
        match T::read(self.stream(), cx, &mut into) {
            Poll::Pending => false,
            Poll::Ready(count) => {
                let count = count.unwrap();
                assert!(count > 0 || room == 0 || self.received == FROM_PEER);
                check_bytes(1, self.received, &into[..count]);
                self.received += count as u64;
                true
            }
        }
    }

    fn try_write<T: Traits<Compat<Stream>>>(&mut self, cx: &mut Context<'_>) -> bool {
        let length = match self.random.below(4) {
            0 => self.random.below(5),
            1 => self.random.below(200),
            _ => self.random.below(100_000),
        } as usize;
        let mut bytes = bytes_at(2, self.sent, length);
        let result = if self.random.below(3) == 0 {
            let middle = self.random.below(length as u64 + 1) as usize;
            let (one, other) = bytes.split_at(middle);
            let pieces = [one, &[], other].map(IoSlice::new);
            T::write_pieces(self.stream(), cx, &pieces)
        } else {
            T::write(self.stream(), cx, &bytes)
        };
        // Whoever looks at them later sees something else.
        bytes.fill(0);
        match result {
            Poll::Pending => false,
            Poll::Ready(count) => {
                let count = count.unwrap();
                assert!((count > 0 || length == 0) && count <= length);
                self.sent += count as u64;
                true
            }
        }
    }
}

/// Sends its bytes and ends; reads and checks until the end, and says how many there were.
fn independent_peer(peer: TcpStream, seed: u64) -> (JoinHandle<u64>, JoinHandle<()>) {
    let mut receiving = peer.try_clone().unwrap();
    let mut random = Random(seed + 31);
    let reader = thread::spawn(move || {
        let mut position = 0;
        let mut into = vec![0; 50_000];
        loop {
            let room = 1 + random.below(50_000) as usize;
            let count = receiving.read(&mut into[..room]).unwrap();
            if count == 0 {
                return position;
            }
            check_bytes(2, position, &into[..count]);
            position += count as u64;
        }
    });
    let mut sending = peer;
    let mut random = Random(seed + 77);
    let writer = thread::spawn(move || {
        let mut position = 0;
        while position < FROM_PEER {
            let length = (1 + random.below(30_000)).min(FROM_PEER - position);
            let bytes = bytes_at(1, position, length as usize);
            sending.write_all(&bytes).unwrap();
            position += length;
            if random.below(8) == 0 {
                thread::yield_now();
            }
        }
        sending.shutdown(Shutdown::Write).unwrap();
    });
    (reader, writer)
}
