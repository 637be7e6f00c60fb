//! Tasks on all contexts that give up, at any moment, what they wait for: nothing is lost by it, and nothing left behind.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use corio::sync::{CondVar, Mutex, ResetEvent, RwLock, Semaphore};
use corio::yield_now;

use crate::support::{Tasks, Unguarded, context_counts};

const TASKS: usize = 200;
const ROUNDS: usize = 1_000;
const PERMITS: usize = 3;

/// What the tasks share. Those who do not give up get everything they wait for, or the run would not end.
struct Shared {
    mutex: [Mutex<()>; 2],
    rwlock: RwLock<()>,
    guarded: [Unguarded; 3],
    semaphore: Semaphore,
    permits_out: AtomicUsize,
    /// A ticket that goes around.
    ticket: ResetEvent,
    /// How many tickets lie here; taken with the mutex locked.
    tickets: Mutex<usize>,
    more: CondVar,
}

/// Waits to the end; or polls so often, lets others have a turn each time, in which it may be notified, and drops it.
async fn give_up_after<F: Future>(polls: Option<usize>, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let Some(polls) = polls else {
        return Some(future.await);
    };
    for _ in 0..polls {
        let polled = poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await;
        if let Poll::Ready(output) = polled {
            return Some(output);
        }
        yield_now().await;
    }
    None
}

/// Numbers that look random, the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        // Marsaglia, "Xorshift RNGs", 2003.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits") % bound
    }
}

impl Shared {
    fn new() -> Shared {
        Shared {
            mutex: [Mutex::new(()), Mutex::barging(())],
            rwlock: RwLock::new(()),
            guarded: Default::default(),
            semaphore: Semaphore::new(PERMITS),
            permits_out: AtomicUsize::new(0),
            ticket: ResetEvent::automatic(),
            tickets: Mutex::new(1),
            more: CondVar::new(),
        }
    }

    /// How often each of the guarded counters was raised in these rounds.
    async fn visit(&self, seed: usize) -> [usize; 3] {
        let mut numbers = Numbers(seed as u64 * 2 + 1);
        let mut raised = [0; 3];
        for _ in 0..ROUNDS {
            // Every third does not give up.
            let patience = (numbers.below(3) > 0).then(|| 1 + numbers.below(3));
            match numbers.below(7) {
                which @ 0..=1 => {
                    if let Some(_guard) = give_up_after(patience, self.mutex[which].lock()).await {
                        self.guarded[which].count().await;
                        raised[which] += 1;
                    }
                }
                2 => {
                    if let Some(_guard) = give_up_after(patience, self.rwlock.write()).await {
                        self.guarded[2].count().await;
                        raised[2] += 1;
                    }
                }
                3 => {
                    if let Some(_guard) = give_up_after(patience, self.rwlock.read()).await {
                        let before = self.guarded[2].get();
                        yield_now().await;
                        assert_eq!(self.guarded[2].get(), before);
                    }
                }
                4 => {
                    let count = 1 + numbers.below(PERMITS);
                    let wait = self.semaphore.acquire_many(count);
                    if let Some(permits) = give_up_after(patience, wait).await {
                        let permits = permits.expect("nobody closes it");
                        let out = self.permits_out.fetch_add(count, Ordering::SeqCst);
                        assert!(out + count <= PERMITS);
                        yield_now().await;
                        self.permits_out.fetch_sub(count, Ordering::SeqCst);
                        drop(permits);
                    }
                }
                5 => {
                    if give_up_after(patience, self.ticket.wait()).await.is_some() {
                        yield_now().await;
                        assert!(self.ticket.set());
                    }
                }
                _ => {
                    let wait = async {
                        let tickets = self.tickets.lock().await;
                        let none = |tickets: &mut usize| *tickets == 0;
                        *self.more.wait_while(tickets, none).await -= 1;
                    };
                    if give_up_after(patience, wait).await.is_some() {
                        yield_now().await;
                        *self.tickets.lock().await += 1;
                        self.more.notify_one();
                    }
                }
            }
        }
        raised
    }
}

#[test]
fn at_any_moment() {
    for contexts in context_counts() {
        let mut tasks = Tasks::over(contexts);
        let shared = Arc::new(Shared::new());
        let raised: Arc<[AtomicUsize; 3]> = Arc::default();
        shared.ticket.set();
        tasks.add_each(TASKS, |number| {
            let (shared, raised) = (shared.clone(), raised.clone());
            async move {
                for (sum, own) in raised.iter().zip(shared.visit(number).await) {
                    sum.fetch_add(own, Ordering::Relaxed);
                }
            }
        });
        tasks.run();
        for (guarded, raised) in shared.guarded.iter().zip(&*raised) {
            assert_eq!(guarded.get(), raised.load(Ordering::Relaxed));
        }
        assert!(shared.mutex.iter().all(|mutex| mutex.try_lock().is_some()));
        assert!(shared.rwlock.try_write().is_some());
        assert_eq!(shared.semaphore.available_permits(), PERMITS);
        assert!(shared.ticket.try_wait());
        assert_eq!(*shared.tickets.try_lock().unwrap(), 1);
    }
}
