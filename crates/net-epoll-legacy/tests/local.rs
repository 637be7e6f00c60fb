//! Tasks that are not `Send`, and the halves of connections.

mod support;

use std::cell::{Cell, RefCell};
use std::net::Shutdown;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use net_epoll_legacy::{Connection, IoContext, JoinError, LocalTasks};
use support::{give_way, poll_at_most, receive_exactly, run};

#[test]
fn local_tasks_run_on_the_thread_that_made_them() {
    for threads in [1, 3] {
        let context = IoContext::multi_threaded(threads).unwrap();
        let tasks = LocalTasks::new();
        let (local, handle, here) = (tasks.handle(), context.handle(), thread::current().id());
        let order = Rc::new(RefCell::new(Vec::new()));
        let sum = Rc::new(Cell::new(0));
        for number in 0..50_u64 {
            let (local, clock) = (local.clone(), handle.clone());
            let (order, sum) = (order.clone(), sum.clone());
            local.clone().spawn_local_named("outer", async move {
                order.borrow_mut().push(number);
                clock.sleep(Duration::from_micros(number * 20)).await;
                assert_eq!(thread::current().id(), here);
                let inner = local.spawn_local_joined("inner", async move {
                    give_way().await;
                    Rc::new(number)
                });
                let number = inner.await.unwrap();
                sum.set(sum.get() + *number);
            });
        }
        assert!(order.borrow().is_empty(), "they start when they are run");
        context.block_on(tasks.run()).unwrap();
        assert_eq!(*order.borrow(), (0..50).collect::<Vec<_>>());
        assert_eq!((sum.get(), tasks.tasks()), (49 * 50 / 2, 0));
    }
}

#[test]
fn local_tasks_and_others_talk() {
    run(2, |handle| async move {
        let tasks = LocalTasks::new();
        let (one, other) = Connection::pair(&handle).unwrap();
        let remote = handle.spawn_joined("remote", async move {
            let mut buffer = [0; 5];
            receive_exactly(&one, &mut buffer).await.unwrap();
            one.send_all(b"world").await.unwrap();
            buffer
        });
        let shared = Rc::new(other);
        let sender = shared.clone();
        let local = tasks.handle();
        local.spawn_local(async move { sender.send_all(b"hello").await.unwrap() });
        let mut buffer = [0; 5];
        let received = tasks.run_until(receive_exactly(&shared, &mut buffer)).await;
        received.unwrap();
        assert_eq!((&buffer, &remote.await.unwrap()), (b"world", b"hello"));
    });
}

#[test]
fn local_tasks_are_dropped_on_their_thread_whoever_wakes_them() {
    struct HomeBound(thread::ThreadId, Rc<Cell<usize>>);
    impl Drop for HomeBound {
        fn drop(&mut self) {
            assert_eq!(thread::current().id(), self.0);
            self.1.set(self.1.get() + 1);
        }
    }
    for _ in 0..300 {
        let context = IoContext::new().unwrap();
        let tasks = LocalTasks::new();
        let (local, drops) = (tasks.handle(), Rc::new(Cell::new(0)));
        let (said, wakers) = std::sync::mpsc::channel::<Waker>();
        let is_over = Arc::new(AtomicBool::new(false));
        let over = is_over.clone();
        let wakes = thread::spawn(move || {
            let mut seen: Vec<Waker> = Vec::new();
            while !over.load(Ordering::SeqCst) {
                seen.extend(wakers.try_iter());
                seen.iter().for_each(Waker::wake_by_ref);
            }
        });
        for _ in 0..20 {
            let guard = HomeBound(thread::current().id(), drops.clone());
            let (said, inner) = (said.clone(), local.clone());
            local.spawn_local(async move {
                let _guard = (guard, inner);
                std::future::poll_fn(|cx| {
                    let _ = said.send(cx.waker().clone());
                    Poll::<()>::Pending
                })
                .await;
            });
        }
        drop(said);
        let _ = context.block_on(poll_at_most(5, tasks.run())).unwrap();
        drop(tasks);
        assert_eq!(drops.get(), 20);
        is_over.store(true, Ordering::SeqCst);
        wakes.join().unwrap();
        // Too late for another one.
        let late = local.spawn_local_joined("late", async {});
        let late = context.block_on(late).unwrap();
        assert!(matches!(late, Err(JoinError::Cancelled { .. })));
    }
}

#[test]
fn halves_go_their_own_ways() {
    run(2, |handle| async move {
        let (one, other) = Connection::pair(&handle).unwrap();
        let (mut receiver, mut sender) = one.split();
        let sending = handle.spawn_joined("sender", async move {
            sender.send_all(&vec![7; 1_000_000]).await.unwrap();
            sender.finish().unwrap();
        });
        let answering = handle.spawn_joined("peer", async move {
            let (mut buffer, mut total) = (vec![0; 10_000], 0);
            loop {
                match other.receive(&mut buffer).await.unwrap() {
                    0 => break,
                    count => total += count,
                }
            }
            other.send_all(b"thanks").await.unwrap();
            total
        });
        let mut buffer = [0; 16];
        assert_eq!(receiver.receive(&mut buffer).await.unwrap(), 6);
        assert_eq!(receiver.receive(&mut buffer).await.unwrap(), 0);
        assert_eq!(answering.await.unwrap(), 1_000_000);
        sending.await.unwrap();
        let whole = receiver.into_connection();
        assert!(whole.send(b"x").await.is_err());
        whole.shutdown(Shutdown::Both).unwrap();
    });
}
