//! Accepting for all contexts of a scheduler: connections land on every context, and each is served, whatever becomes of
//! contexts, and when descriptors run out.

mod support;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use context::{LeastLoaded, Scheduler, Stop};
use support::{alone, in_own_process, limit_descriptors, open_descriptors, poll_at_most, run};
use uring_io::net::{
    Family, ListenOptions, Stream, TcpListener, TcpStream, UnixListener, UnixStream,
};

/// Connections that each context served.
#[derive(Clone, Default)]
struct Served(Arc<Mutex<BTreeMap<u64, u32>>>);

impl Served {
    /// Echoes one message.
    async fn echo<F: Family>(self, stream: Stream<F>) {
        let context = context::handle().id();
        *self.0.lock().unwrap().entry(context).or_default() += 1;
        if let Ok(Some(message)) = stream.recv().await {
            let _ = stream.write_all(message).await;
        }
    }

    fn counts(&self) -> Vec<u32> {
        self.0.lock().unwrap().values().copied().collect()
    }
}

async fn ask<F: Family>(stream: Stream<F>, number: u32) {
    stream.write_all(number.to_le_bytes()).await.0.unwrap();
    let (count, echo) = stream.read([0; 4]).await;
    assert_eq!((count.unwrap(), echo), (4, number.to_le_bytes()));
}

/// Connects so many clients at once, all of which have to be served.
async fn clients(address: SocketAddr, count: u32) {
    let clients: Vec<_> = (0..count)
        .map(|number| {
            context::spawn(async move {
                ask(TcpStream::connect(address).await.unwrap(), number).await;
            })
        })
        .collect();
    for client in clients {
        client.await.unwrap();
    }
}

/// A stop that is asked for.
async fn until(flag: Arc<AtomicBool>) {
    while !flag.load(Ordering::Acquire) {
        context::sleep(Duration::from_millis(1)).await;
    }
}

fn scheduler() -> Scheduler {
    let mut scheduler = Scheduler::new(3);
    scheduler.start().unwrap();
    scheduler
}

fn end(mut scheduler: Scheduler) {
    scheduler.notify_stop(Stop::Drain {
        deadline: Some(Duration::from_secs(20)),
    });
    let _ = scheduler.join();
}

#[test]
fn connections_land_on_all_contexts_and_every_one_is_served() {
    let _alone = alone();
    let before = open_descriptors();
    one_listener_dispatches();
    assert_eq!(open_descriptors(), before, "one_listener_dispatches");
    what_had_come_before_the_stop_is_served();
    assert_eq!(open_descriptors(), before, "what_had_come");
    a_dispatch_that_is_dropped_loses_nobody();
    assert_eq!(open_descriptors(), before, "a_dispatch");
    a_unix_listener_dispatches();
    assert_eq!(open_descriptors(), before, "a_unix_listener_dispatches");
    a_strategy_of_ones_own();
    assert_eq!(open_descriptors(), before, "a_strategy_of_ones_own");
    a_context_that_ends_does_not_lose_the_others();
    assert_eq!(
        open_descriptors(),
        before,
        "a_context_that_ends_does_not_lose_the_others"
    );
    a_listener_on_each();
    assert_eq!(open_descriptors(), before, "a_listener_on_each");
    assert_eq!(open_descriptors(), before);
}

fn one_listener_dispatches() {
    let scheduler = scheduler();
    let (served, stop) = (Served::default(), Arc::new(AtomicBool::new(false)));
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let handle = scheduler.handle();
        let (shared, flag) = (served.clone(), stop.clone());
        let acceptor = context::spawn(async move {
            let serve = move |stream, _peer| shared.clone().echo(stream);
            listener.dispatch(&handle, serve, until(flag)).await?;
            listener.close().await
        });
        clients(address, 90).await;
        assert_eq!(served.counts(), [30, 30, 30]);
        stop.store(true, Ordering::Release);
        acceptor.await.unwrap().unwrap();
        let error = TcpStream::connect(address).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
    });
    end(scheduler);
    assert_eq!(served.counts().iter().sum::<u32>(), 90);
}

/// The stop comes before anything was accepted: what had come by then is served all the same.
fn what_had_come_before_the_stop_is_served() {
    let scheduler = scheduler();
    let served = Served::default();
    run(async {
        for accepted_before in [0, 3] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let shared = served.clone();
            let serve = move |stream, _peer| shared.clone().echo(stream);
            // With a standing accept, and without.
            for number in 0..accepted_before {
                let client = TcpStream::connect(address).await.unwrap();
                let (stream, _) = listener.accept().await.unwrap();
                context::spawn(serve(stream, address)).detach();
                ask(client, number).await;
            }
            let mut waiting = Vec::new();
            let stop = async {
                waiting = (0..40)
                    .map(|_| std::net::TcpStream::connect(address).unwrap())
                    .collect();
            };
            listener
                .dispatch(&scheduler.handle(), serve, stop)
                .await
                .unwrap();
            drop(listener);
            for (number, stream) in waiting.into_iter().enumerate() {
                ask(TcpStream::from_std(stream), number as u32).await;
            }
        }
    });
    end(scheduler);
    assert_eq!(served.counts().iter().sum::<u32>(), 83);
}

/// It ends at any moment, and another one goes on.
fn a_dispatch_that_is_dropped_loses_nobody() {
    let scheduler = scheduler();
    let served = Served::default();
    let asked = run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut asked = 0;
        let mut dropped = 0;
        // On a machine that is busy elsewhere, many clients are served at a time.
        while dropped < 50 {
            asked += 100;
            let asking = context::spawn(clients(address, 100));
            while !asking.is_finished() {
                let shared = served.clone();
                let serve = move |stream, _peer| shared.clone().echo(stream);
                let handle = scheduler.handle();
                let dispatching = listener.dispatch(&handle, serve, std::future::pending());
                if dropped % 3 == 0 {
                    assert!(poll_at_most(1, dispatching).await.is_none());
                    context::sleep(Duration::from_micros(20)).await;
                } else {
                    let limit = Duration::from_micros(dropped % 200);
                    assert!(context::timeout(limit, dispatching).await.is_err());
                }
                dropped += 1;
            }
            asking.await.unwrap();
        }
        asked
    });
    end(scheduler);
    assert_eq!(served.counts().iter().sum::<u32>(), asked);
}

fn a_unix_listener_dispatches() {
    let scheduler = scheduler();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let served = Served::default();
    run(async {
        let listener = UnixListener::bind(&path).unwrap();
        let shared = served.clone();
        let serve = move |stream, _peer| shared.clone().echo(stream);
        let all = async {
            for number in 0..30 {
                ask(UnixStream::connect(&path).await.unwrap(), number).await;
            }
        };
        listener
            .dispatch(&scheduler.handle(), serve, all)
            .await
            .unwrap();
    });
    end(scheduler);
    assert_eq!(served.counts(), [10, 10, 10]);
}

fn a_strategy_of_ones_own() {
    let mut scheduler = Scheduler::builder()
        .contexts(3)
        .dispatch(|_: &[context::Handle]| 2)
        .build();
    scheduler.start().unwrap();
    let served = Served::default();
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let all = clients(listener.local_addr().unwrap(), 20);
        let shared = served.clone();
        let serve = move |stream, _peer| shared.clone().echo(stream);
        let handle = scheduler.handle();
        listener.dispatch(&handle, serve, all).await.unwrap();
    });
    let last = scheduler.contexts()[2].id();
    assert_eq!(*served.0.lock().unwrap(), BTreeMap::from([(last, 20)]));
    end(scheduler);
}

/// The strategy goes on choosing the context that has ended, as it has the least to do.
fn a_context_that_ends_does_not_lose_the_others() {
    let mut scheduler = Scheduler::builder()
        .contexts(3)
        .dispatch(LeastLoaded)
        .build();
    scheduler.start().unwrap();
    let (served, stop) = (Served::default(), Arc::new(AtomicBool::new(false)));
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (shared, flag) = (served.clone(), stop.clone());
        let handle = scheduler.handle();
        let acceptor = context::spawn(async move {
            let serve = move |stream, _peer| shared.clone().echo(stream);
            let stopped = listener.dispatch(&handle, serve.clone(), until(flag)).await;
            stopped.unwrap();
            // Nobody is left to serve.
            for context in handle.contexts() {
                context.notify_stop(Stop::Abort);
                while context.submit(async {}).is_ok() {
                    context::sleep(Duration::from_millis(1)).await;
                }
            }
            let _client = TcpStream::connect(address).await.unwrap();
            listener
                .dispatch(&handle, serve, std::future::pending())
                .await
        });
        clients(address, 30).await;
        let first = &scheduler.contexts()[0];
        first.notify_stop(Stop::Abort);
        while first.submit(async {}).is_ok() {
            context::sleep(Duration::from_millis(1)).await;
        }
        let before = served.counts().iter().sum::<u32>();
        clients(address, 60).await;
        assert_eq!(served.counts().iter().sum::<u32>(), before + 60);
        stop.store(true, Ordering::Release);
        let error = acceptor.await.unwrap().unwrap_err();
        assert!(error.to_string().contains("have ended"), "{error}");
    });
    end(scheduler);
}

fn a_listener_on_each() {
    let scheduler = scheduler();
    let (served, stop) = (Served::default(), Arc::new(AtomicBool::new(false)));
    run(async {
        let (shared, flag) = (served.clone(), stop.clone());
        let serve = move |listener: TcpListener| {
            let (shared, flag) = (shared.clone(), flag.clone());
            async move {
                let serve = move |stream, _peer| shared.clone().echo(stream);
                listener.serve(serve, until(flag)).await
            }
        };
        let options = ListenOptions::default();
        let handle = scheduler.handle();
        let bound = TcpListener::bind_each(&handle, "127.0.0.1:0", &options, serve.clone())
            .await
            .unwrap();
        assert_eq!(bound.tasks.len(), 3);
        clients(bound.address, 300).await;
        let counts = served.counts();
        assert_eq!(counts.len(), 3, "{counts:?}");
        assert!(counts.iter().all(|count| *count > 30), "{counts:?}");
        // An address that somebody else has is an error, and nothing is left of the attempt.
        let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = taken.local_addr().unwrap();
        let error = TcpListener::bind_each(&handle, address, &options, serve).await;
        assert_eq!(error.unwrap_err().kind(), std::io::ErrorKind::AddrInUse);
        let waiting: Vec<_> = (0..30)
            .map(|_| std::net::TcpStream::connect(bound.address).unwrap())
            .collect();
        stop.store(true, Ordering::Release);
        for task in bound.tasks {
            task.await.unwrap().unwrap();
        }
        for (number, stream) in waiting.into_iter().enumerate() {
            ask(TcpStream::from_std(stream), number as u32).await;
        }
    });
    end(scheduler);
    assert_eq!(served.counts().iter().sum::<u32>(), 330);
}

#[test]
fn a_shortage_of_descriptors_passes() {
    let _alone = alone();
    in_own_process("a_shortage_of_descriptors_passes", || {
        limit_descriptors(64);
        starve();
    });
}

fn starve() {
    let scheduler = scheduler();
    let served = Served::default();
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let starving = async {
            // Everything that is needed once is there.
            clients(address, 1).await;
            for _ in 0..3 {
                let mut hoard = Vec::new();
                while let Ok(file) = std::fs::File::open("/dev/null") {
                    hoard.push(file);
                }
                // One for the client, none for the listener.
                drop(hoard.pop());
                let stream = TcpStream::connect(address).await.unwrap();
                context::sleep(Duration::from_millis(30)).await;
                drop(hoard);
                ask(stream, 7).await;
            }
        };
        let shared = served.clone();
        let serve = move |stream, _peer| shared.clone().echo(stream);
        let handle = scheduler.handle();
        listener.dispatch(&handle, serve, starving).await.unwrap();
    });
    assert_eq!(served.counts().iter().sum::<u32>(), 4);
    end(scheduler);
}
