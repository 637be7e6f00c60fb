//! Nothing stays open: one test, as it counts the descriptors of its process.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use net_epoll_legacy::{Acceptor, Connection, IoContext};
use support::{give_way, open_descriptors, poll_at_most};

#[test]
fn nothing_stays_open() {
    an_abort_drops_every_task_and_closes_every_descriptor();
    dropped_connects_and_accepts_leave_nothing_behind();
}

/// Says when it is dropped.
struct OnDrop(Arc<AtomicUsize>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn an_abort_drops_every_task_and_closes_every_descriptor() {
    for threads in [1, 3] {
        let before = open_descriptors();
        let drops = Arc::new(AtomicUsize::new(0));
        let context = IoContext::multi_threaded(threads).unwrap();
        let handle = context.handle();
        for _ in 0..50 {
            let (handle, guard) = (context.handle(), OnDrop(drops.clone()));
            context.spawn(async move {
                let _guard = guard;
                let (one, other) = Connection::pair(&handle).unwrap();
                let _kept = other;
                let _ = one.receive(&mut [0; 8]).await;
            });
        }
        assert_eq!((context.tasks(), context.descriptors()), (50, 100));
        let aborting = handle.clone();
        let aborter = thread::spawn(move || {
            thread::sleep(Duration::from_millis(20));
            aborting.request_abort();
        });
        context.run().unwrap();
        aborter.join().unwrap();
        assert_eq!((context.tasks(), context.descriptors()), (0, 0));
        assert_eq!(drops.load(Ordering::SeqCst), 50);
        // What comes too late is dropped, not kept.
        let guard = OnDrop(drops.clone());
        let late = handle.spawn_joined("late", async move { drop(guard) });
        assert_eq!(drops.load(Ordering::SeqCst), 51);
        assert!(late.is_finished());
        drop((context, late));
        assert!(handle.is_stopping());
        drop(handle);
        assert_eq!(open_descriptors(), before);
    }
}

fn dropped_connects_and_accepts_leave_nothing_behind() {
    let before = open_descriptors();
    let context = IoContext::new().unwrap();
    let handle = context.handle();
    let served = Arc::new(AtomicUsize::new(0));
    let counted = served.clone();
    context
        .block_on(async move {
            let acceptor = Acceptor::bind(&handle, "127.0.0.1:0").await.unwrap();
            let address = acceptor.local_addr().unwrap();
            let mut clients = Vec::new();
            for round in 0..500 {
                // An attempt that is given up.
                let _ = poll_at_most(round % 3 + 1, Connection::connect(&handle, address)).await;
                assert!(
                    poll_at_most(round % 2, acceptor.accept())
                        .await
                        .is_none_or(|accepted| accepted.is_ok())
                );
                let handle2 = handle.clone();
                clients.push(handle.spawn_joined("client", async move {
                    let connection = Connection::connect(&handle2, address).await.unwrap();
                    connection.receive(&mut [0; 1]).await.unwrap();
                }));
            }
            let server = handle.spawn_joined("server", async move {
                loop {
                    let (connection, _) = acceptor.accept().await.unwrap();
                    // Who has given up is gone already.
                    if connection.send_all(b"x").await.is_ok() {
                        counted.fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
            // Those whose connection an abandoned accept had taken would wait for ever: it was closed, so they see the end.
            for client in clients {
                client.await.unwrap();
            }
            server.abort();
            give_way().await;
        })
        .unwrap();
    assert!(served.load(Ordering::SeqCst) > 0);
    drop(context);
    assert_eq!(open_descriptors(), before);
}
