//! The acceptance grid of channels: so many producers and consumers, so many messages from each producer, for every
//! capacity, on threads and on tasks. Each message is received once, in its producer's order, and dropped once.

#[path = "../../sync-prims/tests/support/mod.rs"]
mod support;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use channel::{Receiver, Sender};
use support::pool::Pool;

const CAPACITIES: [usize; 6] = [0, 1, 3, 16, 1024, usize::MAX];

/// (producers, consumers, messages of each producer).
type Shape = (usize, usize, usize);

const SHAPES: [Shape; 6] = [
    (1, 1, 100),
    (1, 1, 10_000),
    (1, 1_000, 1_000),
    (10, 10, 1_000),
    (100, 100, 10),
    (1_000, 1, 100),
];
const LARGEST: Shape = (1, 1_000, 100_000);
const ON_THREADS: [Shape; 4] = [(1, 1, 100), (1, 10, 2_000), (10, 1, 200), (10, 10, 200)];

/// What a message carries.
trait Payload: Send + 'static {
    fn new(producer: usize, number: usize) -> Self;
    fn read(&self) -> (usize, usize);
}

impl Payload for (usize, usize) {
    fn new(producer: usize, number: usize) -> Self {
        (producer, number)
    }

    fn read(&self) -> (usize, usize) {
        *self
    }
}

impl Payload for String {
    fn new(producer: usize, number: usize) -> Self {
        format!("{producer} {number}")
    }

    fn read(&self) -> (usize, usize) {
        let (producer, number) = self.split_once(' ').unwrap();
        (producer.parse().unwrap(), number.parse().unwrap())
    }
}

impl Payload for [usize; 128] {
    fn new(producer: usize, number: usize) -> Self {
        std::array::from_fn(|index| if index == 0 { producer } else { number })
    }

    fn read(&self) -> (usize, usize) {
        assert!(self[2..].iter().all(|word| *word == self[1]));
        (self[0], self[1])
    }
}

/// A message that counts its drop.
struct Counted<'d, P>(P, &'d AtomicUsize);

impl<P> Drop for Counted<'_, P> {
    fn drop(&mut self) {
        self.1.fetch_add(1, Ordering::Relaxed);
    }
}

/// What the consumers have got: of each producer, how many.
struct Received {
    counts: Mutex<Vec<usize>>,
}

impl Received {
    fn new(producers: usize) -> Received {
        Received {
            counts: Mutex::new(vec![0; producers]),
        }
    }

    /// Checks what one consumer has got: each producer's messages in order.
    fn check(&self, messages: &[(usize, usize)]) {
        let mut counts = self.counts.lock().unwrap();
        let mut last = vec![None; counts.len()];
        for &(producer, number) in messages {
            assert!(last[producer] < Some(number), "out of order");
            last[producer] = Some(number);
            counts[producer] += 1;
        }
    }

    fn check_all(&self, each: usize) {
        let counts = self.counts.lock().unwrap();
        assert!(counts.iter().all(|count| *count == each));
    }
}

fn on_tasks<P: Payload>(capacity: usize, (producers, consumers, each): Shape) {
    let drops = &AtomicUsize::new(0);
    let received = &Received::new(producers);
    let (sender, receiver) = channel::bounded::<Counted<'_, P>>(capacity);
    let mut pool = Pool::default();
    for _ in 0..consumers {
        let receiver = receiver.clone();
        pool.spawn(async move {
            let mut messages = Vec::new();
            while let Ok(message) = receiver.recv().await {
                messages.push(message.0.read());
            }
            received.check(&messages);
        });
    }
    for producer in 0..producers {
        let sender = sender.clone();
        pool.spawn(async move {
            for number in 0..each {
                let message = Counted(P::new(producer, number), drops);
                assert!(sender.send(message).await.is_ok());
            }
        });
    }
    drop((sender, receiver));
    pool.run(2);
    received.check_all(each);
    assert_eq!(drops.load(Ordering::Relaxed), producers * each);
}

fn on_threads<P: Payload>(capacity: usize, (producers, consumers, each): Shape) {
    let drops = &AtomicUsize::new(0);
    let received = &Received::new(producers);
    let (sender, receiver) = channel::bounded::<Counted<'_, P>>(capacity);
    thread::scope(|threads| {
        for _ in 0..consumers {
            let receiver: Receiver<_> = receiver.clone();
            threads.spawn(move || {
                let read = |message: Counted<'_, P>| message.0.read();
                received.check(&receiver.iter().map(read).collect::<Vec<_>>());
            });
        }
        for producer in 0..producers {
            let sender: Sender<_> = sender.clone();
            threads.spawn(move || {
                for number in 0..each {
                    let message = Counted(P::new(producer, number), drops);
                    assert!(sender.send_blocking(message).is_ok());
                }
            });
        }
        drop((sender, receiver));
    });
    received.check_all(each);
    assert_eq!(drops.load(Ordering::Relaxed), producers * each);
}

fn grid_on_tasks<P: Payload>() {
    for capacity in CAPACITIES {
        SHAPES
            .into_iter()
            .for_each(|shape| on_tasks::<P>(capacity, shape));
    }
}

fn grid_on_threads<P: Payload>() {
    for capacity in CAPACITIES {
        ON_THREADS
            .into_iter()
            .for_each(|shape| on_threads::<P>(capacity, shape));
    }
}

#[test]
fn numbers_on_tasks() {
    grid_on_tasks::<(usize, usize)>();
}

#[test]
fn strings_on_tasks() {
    grid_on_tasks::<String>();
}

#[test]
fn kibibytes_on_tasks() {
    grid_on_tasks::<[usize; 128]>();
}

#[test]
fn the_largest_without_places() {
    on_tasks::<(usize, usize)>(0, LARGEST);
}

#[test]
fn the_largest_with_few_places() {
    on_tasks::<String>(3, LARGEST);
}

#[test]
fn the_largest_with_many_places() {
    on_tasks::<String>(1024, LARGEST);
    on_tasks::<(usize, usize)>(usize::MAX, LARGEST);
}

#[test]
fn numbers_on_threads() {
    grid_on_threads::<(usize, usize)>();
}

#[test]
fn strings_on_threads() {
    grid_on_threads::<String>();
}

#[test]
fn kibibytes_on_threads() {
    grid_on_threads::<[usize; 128]>();
}

/// Some give up, now and then, on both sides; what they had sent or were told of is not lost.
#[test]
fn with_some_who_give_up() {
    const EACH: usize = 500;
    for capacity in CAPACITIES {
        let drops = &AtomicUsize::new(0);
        let sent = &AtomicUsize::new(0);
        let received = &AtomicUsize::new(0);
        let (sender, receiver) = channel::bounded(capacity);
        let mut pool = Pool::default();
        for consumer in 0..8 {
            let receiver: Receiver<Counted<'_, usize>> = receiver.clone();
            pool.spawn(async move {
                for round in consumer.. {
                    let mut receive = Box::pin(receiver.recv());
                    let polled = match round % 3 {
                        0 => support::poll_once(receive.as_mut()),
                        _ => std::task::Poll::Ready(receive.await),
                    };
                    match polled {
                        std::task::Poll::Ready(Ok(_)) => {
                            received.fetch_add(1, Ordering::Relaxed);
                        }
                        std::task::Poll::Ready(Err(_)) => return,
                        std::task::Poll::Pending => support::pool::give_way().await,
                    }
                }
            });
        }
        for producer in 0..8 {
            let sender: Sender<_> = sender.clone();
            pool.spawn(async move {
                for number in 0..EACH {
                    let mut send = Box::pin(sender.send(Counted(number, drops)));
                    let was_sent = if (producer + number) % 3 == 0 {
                        let is_ready = support::poll_once(send.as_mut()).is_ready();
                        support::pool::give_way().await;
                        is_ready || send.as_mut().cancel().is_none()
                    } else {
                        send.await.is_ok()
                    };
                    sent.fetch_add(was_sent.into(), Ordering::Relaxed);
                }
            });
        }
        drop((sender, receiver));
        pool.run(3);
        assert_eq!(
            sent.load(Ordering::Relaxed),
            received.load(Ordering::Relaxed)
        );
        assert_eq!(drops.load(Ordering::Relaxed), 8 * EACH);
    }
}
