//! Several threads, hundreds of connections, clients of which some behave badly: everything that is sent comes back, and descriptors and
//! memory are as before. One test, as it counts those of its process.

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use net_epoll_legacy::{Acceptor, Connection, Handle, IoContext, Stopping};
use support::{give_way, open_descriptors, poll_at_most, receive_exactly};

/// Counts what is allocated.
struct Counting;

static ALLOCATED: AtomicI64 = AtomicI64::new(0);

// SAFETY: the system's allocator does the work.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size() as i64, Ordering::Relaxed);
        // SAFETY: the caller's promise is handed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        ALLOCATED.fetch_sub(layout.size() as i64, Ordering::Relaxed);
        // SAFETY: the caller's promise is handed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What threads and the test's output may keep. A leak of a task or of a connection in each round is many times as much.
const TOLERANCE: i64 = 16 << 10;

const CLIENTS: usize = 20;
const CONNECTIONS: usize = 10;
const LENGTH: usize = 20_000;

#[test]
fn all_that_is_sent_comes_back_and_nothing_stays() {
    for threads in [1, 2, 4] {
        // What is made once and kept.
        round(threads);
        let before = (open_descriptors(), ALLOCATED.load(Ordering::Relaxed));
        for _ in 0..2 {
            round(threads);
        }
        let after = (open_descriptors(), ALLOCATED.load(Ordering::Relaxed));
        assert_eq!(after.0, before.0, "descriptors");
        let kept = after.1 - before.1;
        assert!(kept < TOLERANCE, "{threads} threads keep {kept} bytes");
    }
}

/// What went over the connections of clients that behave.
#[derive(Default)]
struct Counts {
    sent: AtomicUsize,
    received: AtomicUsize,
    closed: AtomicUsize,
}

fn round(threads: usize) {
    let context = IoContext::multi_threaded(threads).unwrap();
    let counts = Arc::new(Counts::default());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (handle, served) = (context.handle(), counts.clone());
    context.spawn_named("server", async move {
        let acceptor = Acceptor::from_std(&handle, listener).unwrap();
        loop {
            let connection = match acceptor.accept().await {
                Ok((connection, _peer)) => connection,
                Err(error) if Stopping::is(&error) => return,
                Err(error) => panic!("{error}"),
            };
            let served = served.clone();
            handle.spawn_named("echo", async move {
                // Some are reset.
                let _ = echo(connection).await;
                served.closed.fetch_add(1, Ordering::SeqCst);
            });
        }
    });
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let (handle, counts) = (context.handle(), counts.clone());
            let client = async move {
                for connection in 0..CONNECTIONS {
                    let manner = (number + connection) % 5;
                    client(&handle, address, manner, &counts).await.unwrap();
                }
            };
            context.handle().spawn_joined("client", client)
        })
        .collect();
    let handle = context.handle();
    let waiting = async move {
        for client in clients {
            client.await.unwrap();
        }
        handle.stop_within(Duration::from_secs(60));
    };
    context.spawn_named("end", waiting);
    context.run().unwrap();
    assert_eq!((context.tasks(), context.descriptors()), (0, 0));
    let behaved = CLIENTS * CONNECTIONS * 3 / 5;
    assert_eq!(counts.sent.load(Ordering::SeqCst), behaved * LENGTH);
    assert_eq!(counts.received.load(Ordering::SeqCst), behaved * LENGTH);
    // A connection that was reset before it was accepted may not have been.
    let closed = counts.closed.load(Ordering::SeqCst);
    assert!(
        (behaved..=CLIENTS * CONNECTIONS).contains(&closed),
        "{closed}"
    );
}

async fn echo(connection: Connection) -> io::Result<()> {
    let mut buffer = vec![0; 4096];
    loop {
        match connection.receive(&mut buffer).await? {
            0 => return Ok(()),
            count => connection.send_all(&buffer[..count]).await?,
        }
    }
}

async fn client(
    handle: &Handle,
    address: SocketAddr,
    manner: usize,
    counts: &Counts,
) -> io::Result<()> {
    let connection = Connection::from_std(handle, TcpStream::connect(address)?)?;
    let bytes: Vec<u8> = (0..LENGTH).map(|at| (at % 251) as u8).collect();
    match manner {
        // Vanishes.
        0 => {
            connection.send_all(&bytes[..1000]).await?;
            connection.options().set_linger(Some(Duration::ZERO))?;
            return Ok(());
        }
        // Waits, and is aborted.
        1 => {
            let reader = connection.clone();
            let reading = handle.spawn_joined("reader", async move {
                let mut buffer = vec![0; LENGTH];
                receive_exactly(&reader, &mut buffer).await
            });
            connection.send_all(&bytes[..10_000]).await?;
            reading.abort();
            return Ok(());
        }
        _ => {}
    }
    let sender = connection.clone();
    let sending = handle.spawn_joined("sender", async move {
        let mut sent = 0;
        while sent < bytes.len() {
            let mut all = Box::pin(sender.send_all(&bytes[sent..]));
            if manner == 2 {
                poll_at_most(1, all.as_mut()).await.transpose()?;
                sent += all.sent();
                give_way().await;
            } else {
                all.as_mut().await?;
                sent += all.sent();
            }
        }
        Ok::<_, io::Error>((sent, bytes))
    });
    let mut received = vec![0; LENGTH];
    let mut filled = 0;
    while filled < LENGTH {
        let rest = &mut received[filled..];
        let count = match manner {
            3 => poll_at_most(1, connection.receive(rest)).await,
            4 => handle
                .timeout(Duration::ZERO, connection.receive(rest))
                .await
                .ok(),
            _ => Some(connection.receive(rest).await),
        };
        match count.transpose()? {
            Some(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Some(count) => filled += count,
            None => give_way().await,
        }
    }
    let (sent, bytes) = sending.await.map_err(io::Error::other)??;
    assert!(received == bytes);
    counts.sent.fetch_add(sent, Ordering::SeqCst);
    counts.received.fetch_add(filled, Ordering::SeqCst);
    Ok(())
}
