//! Channels between the tasks of contexts, at the full size of the acceptance grid: each message is received once, in its
//! producer's order, and dropped once.

#[path = "../sync/support.rs"]
#[allow(dead_code)]
mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use corio::channel::{self, Receiver, Sender};

use support::{Tasks, context_counts};

const CAPACITIES: [usize; 6] = [0, 1, 3, 16, 1024, usize::MAX];

/// (producers, consumers, messages of each producer).
const SHAPES: [(usize, usize, usize); 6] = [
    (1, 1, 100),
    (1, 1, 10_000),
    (1, 1_000, 10_000),
    (1_000, 1, 100),
    (100, 100, 100),
    (1, 1_000, 100_000),
];

/// A message that counts its drop.
struct Message<P> {
    producer: usize,
    number: usize,
    payload: P,
    drops: Arc<AtomicUsize>,
}

impl<P> Drop for Message<P> {
    fn drop(&mut self) {
        self.drops.fetch_add(1, Ordering::Relaxed);
    }
}

async fn produce<P>(
    sender: Sender<Message<P>>,
    (producer, each): (usize, usize),
    payload: impl Fn(usize) -> P,
    drops: Arc<AtomicUsize>,
) {
    for number in 0..each {
        let message = Message {
            producer,
            number,
            payload: payload(number),
            drops: drops.clone(),
        };
        assert!(sender.send(message).await.is_ok());
    }
}

/// Counts by producer, and checks what a message carries.
async fn consume<P: PartialEq>(
    receiver: Receiver<Message<P>>,
    payload: impl Fn(usize) -> P,
    counts: Arc<Mutex<Vec<usize>>>,
) {
    let producers = counts.lock().unwrap().len();
    let (mut last, mut count) = (vec![None; producers], vec![0; producers]);
    while let Ok(message) = receiver.recv().await {
        assert!(
            last[message.producer] < Some(message.number),
            "out of order"
        );
        assert!(message.payload == payload(message.number));
        last[message.producer] = Some(message.number);
        count[message.producer] += 1;
    }
    let mut counts = counts.lock().unwrap();
    counts
        .iter_mut()
        .zip(count)
        .for_each(|(all, own)| *all += own);
}

fn grid<P: PartialEq + Send + 'static>(
    shapes: &[(usize, usize, usize)],
    payload: impl Fn(usize) -> P + Copy + Send + 'static,
) {
    for contexts in context_counts() {
        for capacity in CAPACITIES {
            for &(producers, consumers, each) in shapes {
                let drops = Arc::new(AtomicUsize::new(0));
                let counts = Arc::new(Mutex::new(vec![0; producers]));
                let (sender, receiver) = channel::bounded(capacity);
                let mut tasks = Tasks::over(contexts);
                tasks.add_each(consumers, |_| {
                    consume(receiver.clone(), payload, counts.clone())
                });
                tasks.add_each(producers, |producer| {
                    produce(sender.clone(), (producer, each), payload, drops.clone())
                });
                drop((sender, receiver));
                tasks.run();
                assert!(counts.lock().unwrap().iter().all(|count| *count == each));
                assert_eq!(drops.load(Ordering::Relaxed), producers * each);
            }
        }
    }
}

#[test]
fn numbers() {
    grid(&SHAPES[..5], |number| number);
}

#[test]
fn numbers_for_a_crowd() {
    grid(&SHAPES[5..], |number| number);
}

#[test]
fn strings() {
    grid(&SHAPES[..5], |number| format!("message {number}"));
}

#[test]
fn kibibytes() {
    grid(&SHAPES[..5], |number| [number; 128]);
}

/// Plain threads send to tasks, and receive from them.
#[test]
fn threads_and_tasks_mix() {
    const EACH: usize = 2_000;
    for capacity in CAPACITIES {
        let (sender, receiver) = channel::bounded(capacity);
        let (back, from_tasks) = channel::bounded(capacity);
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let sender: Sender<usize> = sender.clone();
                std::thread::spawn(move || {
                    (0..EACH).for_each(|number| sender.send_blocking(number).unwrap());
                })
            })
            .collect();
        let sums = std::thread::spawn(move || from_tasks.iter().sum::<usize>());
        let mut tasks = Tasks::over(2);
        tasks.add_each(4, |_| {
            let (receiver, back) = (receiver.clone(), back.clone());
            async move {
                while let Ok(number) = receiver.recv().await {
                    back.send(number).await.unwrap();
                }
            }
        });
        drop((sender, receiver, back));
        tasks.run();
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
        assert_eq!(sums.join().unwrap(), EACH * (EACH - 1));
    }
}
