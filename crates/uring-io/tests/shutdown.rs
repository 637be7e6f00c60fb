//! A context that ends with 10,000 operations in flight, at any moment and in every way: it takes a bounded number of calls
//! into the kernel, leaves no descriptor and no memory behind, and nothing writes to a buffer that was freed.
//!
//! `teardown.rs` has the smaller programs, in which operations come and go while the context ends.

#[allow(dead_code, reason = "a part of it is used")]
#[path = "storms/guarded.rs"]
mod guarded;
#[allow(dead_code, reason = "a part of it is used")]
#[path = "storms/measure.rs"]
mod measure;
mod support;

use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::net::UnixStream as StdStream;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use context::{Context, Stop};
use guarded::Guarded;
use measure::Usage;
use socket2::{Domain, SockRef, Socket, Type};
use support::poll_at_most;
use uring_io::fs::File;
use uring_io::net::{RecvBuf, TcpListener, TcpStream, UnixStream};

/// Streams, each with a pending read or receive and a pending write.
const STREAMS: usize = 4800;
const LISTENERS: usize = 300;
const CONNECTS: usize = 300;
const FILE_READS: usize = 100;
const TIMERS: usize = 500;

/// Calls into the kernel that the end may take: those that submit what was queued (the queue holds 256 entries) and cancel
/// it, and a few to collect.
const MOST_ENTERS: u64 = 200;

/// How far things have come when the end begins.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// Nothing has been submitted, nor even polled.
    Begun,
    /// Everything was polled once, and a part is submitted.
    Polled,
    /// Everything is in flight.
    InFlight,
    /// Everything is in flight, and half of it was dropped just now.
    Dropped,
    /// Everything is in flight, and the peers send meanwhile.
    Flooded,
}

#[test]
fn nothing_is_left_however_a_context_ends() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    std::fs::write(&path, vec![1; 1 << 20]).unwrap();
    // The first round makes what the process keeps.
    let mut before = None;
    let abort = Way::Stop(Stop::Abort);
    let drain = Way::Stop(Stop::Drain {
        deadline: Some(Duration::from_millis(1)),
    });
    for (moment, ways) in [
        (Moment::InFlight, &[Way::EndOfBlockOn][..]),
        (Moment::Begun, &[Way::EndOfBlockOn, Way::Drop]),
        (Moment::Polled, &[Way::EndOfBlockOn, abort]),
        (
            Moment::InFlight,
            &[Way::EndOfBlockOn, abort, drain, Way::Drop],
        ),
        (Moment::Dropped, &[Way::EndOfBlockOn, abort, drain]),
        (Moment::Flooded, &[Way::EndOfBlockOn, abort, Way::Drop]),
    ] {
        for &way in ways {
            let (peers, ends) = streams();
            let peers = Peers::new(peers);
            let scene = Scene {
                moment,
                ends,
                path: path.clone(),
                flood: peers.flood.clone(),
            };
            let enters = match way {
                Way::EndOfBlockOn => Some(end_of_block_on(scene)),
                Way::Stop(stop) => Some(stopped(scene, stop)),
                Way::Drop => {
                    dropped(scene);
                    None
                }
            };
            println!("{moment:?}, {way:?}: {enters:?} calls");
            assert!(enters.is_none_or(|enters| enters <= MOST_ENTERS));
            peers.check();
        }
        let now = Usage::now();
        assert_eq!(now.leaks(*before.get_or_insert(now)), [""; 0], "{moment:?}");
    }
}

/// How a context ends.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// The main future returns.
    EndOfBlockOn,
    /// Another thread stops it.
    Stop(Stop),
    /// Another thread drops it without a word.
    Drop,
}

/// What a context is filled with.
struct Scene {
    moment: Moment,
    ends: Vec<StdStream>,
    path: PathBuf,
    /// To be set when the peers are to send.
    flood: Arc<AtomicBool>,
}

/// Pairs of streams: ours, whose writes find no room after a few kilobytes, and the peers'.
fn streams() -> (Vec<StdStream>, Vec<StdStream>) {
    (0..STREAMS)
        .map(|_| {
            let (peer, end) = StdStream::pair().unwrap();
            SockRef::from(&end).set_send_buffer_size(4096).unwrap();
            peer.set_nonblocking(true).unwrap();
            (peer, end)
        })
        .unzip()
}

/// The other ends of the streams. They send from when they are told until they are checked.
struct Peers {
    flood: Arc<AtomicBool>,
    enough: Arc<AtomicBool>,
    thread: thread::JoinHandle<Vec<StdStream>>,
}

impl Peers {
    fn new(peers: Vec<StdStream>) -> Self {
        let [flood, enough] = [(); 2].map(|()| Arc::new(AtomicBool::new(false)));
        let (is_flood, is_enough) = (flood.clone(), enough.clone());
        let thread = thread::spawn(move || {
            while !is_enough.load(Relaxed) {
                if !is_flood.load(Relaxed) {
                    thread::sleep(Duration::from_millis(1));
                    continue;
                }
                for mut peer in &peers {
                    // Full, or the other end is closed by now.
                    let _ = peer.write(&[2; 100]);
                }
            }
            peers
        });
        Self {
            flood,
            enough,
            thread,
        }
    }

    /// Checks that the other ends are closed, and that nothing is written to their buffers.
    fn check(self) {
        self.enough.store(true, Relaxed);
        for mut peer in self.thread.join().unwrap() {
            // If a read were still in flight, this would go to its buffer.
            assert!(peer.write(&[3; 100]).is_err(), "the other end is open");
        }
        guarded::check_all();
    }
}

fn end_of_block_on(scene: Scene) -> u64 {
    let mut context = Context::new();
    let (enters, kept) = context
        .block_on(async {
            let kept = fill(scene).await;
            (context::driver().engine().stats().enters, kept)
        })
        .unwrap();
    let took = context.handle().metrics().enters - enters;
    drop(context);
    // A buffer outlives its context.
    assert_eq!(*kept, [4; 10]);
    took
}

fn stopped(scene: Scene, stop: Stop) -> u64 {
    let (mut context, enters) = filled(scene);
    context.notify_stop(stop);
    let ended = context.join();
    match stop {
        Stop::Abort => ended.unwrap(),
        // The deadline came before the work was done.
        Stop::Drain { .. } => drop(ended.unwrap_err()),
    }
    context.handle().metrics().enters - enters
}

fn dropped(scene: Scene) {
    drop(filled(scene));
}

/// A context on a thread of its own that has come as far as it should, and its calls into the kernel up to then.
fn filled(scene: Scene) -> (Context, u64) {
    let mut context = Context::new();
    context.start().unwrap();
    let (tell, told) = mpsc::channel();
    let filling = move || async move {
        let kept = fill(scene).await;
        tell.send(context::driver().engine().stats().enters)
            .unwrap();
        std::future::pending::<()>().await;
        drop(kept);
    };
    context.handle().submit_with(filling).unwrap().detach();
    let enters = told.recv().unwrap();
    (context, enters)
}

/// Has some 10,000 operations of all kinds begin, and one buffer of the context filled.
async fn fill(scene: Scene) -> RecvBuf {
    let kept = received().await;
    let file = Rc::new(File::open(&scene.path).await.unwrap());
    let mut tasks = Vec::new();
    for (number, end) in scene.ends.into_iter().enumerate() {
        let stream = Rc::new(UnixStream::from_std(end));
        let reader = stream.clone();
        tasks.push(context::spawn(async move {
            loop {
                match number % 2 {
                    0 => drop(reader.read(Guarded::with_room(64)).await),
                    _ => drop(reader.recv().await),
                }
            }
        }));
        tasks.push(context::spawn(async move {
            let _ = stream.write_all(Guarded::holding(&[1; 20_000])).await;
            std::future::pending::<()>().await;
        }));
    }
    let (address, busy) = busy();
    for _ in 0..CONNECTS {
        tasks.push(context::spawn(async move {
            let _ = TcpStream::connect(address).await;
        }));
    }
    for _ in 0..LISTENERS {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        tasks.push(context::spawn(async move {
            let _ = listener.accept().await;
        }));
    }
    for _ in 0..FILE_READS {
        let file = file.clone();
        tasks.push(context::spawn(async move {
            loop {
                let _ = file.read_at(Guarded::with_room(1 << 16), 0).await;
            }
        }));
    }
    for number in 0..TIMERS {
        tasks.push(context::spawn(async move {
            context::sleep(Duration::from_secs(3600 + number as u64)).await;
        }));
    }
    tasks.push(context::spawn(async move {
        std::future::pending::<()>().await;
        drop(busy);
    }));
    settle(scene.moment, tasks).await;
    if matches!(scene.moment, Moment::Flooded) {
        scene.flood.store(true, Relaxed);
    }
    kept
}

/// Waits until things have come as far as they should.
async fn settle(moment: Moment, mut tasks: Vec<context::JoinHandle<()>>) {
    match moment {
        Moment::Begun => {}
        Moment::Polled => context::yield_now().await,
        Moment::InFlight | Moment::Dropped | Moment::Flooded => {
            let engine = context::driver().engine().clone();
            while engine.in_flight() < 10_000 {
                context::yield_now().await;
            }
        }
    }
    if matches!(moment, Moment::Dropped) {
        for task in tasks.iter().step_by(2) {
            task.abort();
        }
        // Dropped, and their cancellations queued or submitted.
        context::yield_now().await;
    }
    for task in tasks.drain(..) {
        task.detach();
    }
}

/// Bytes in a buffer of the context.
async fn received() -> RecvBuf {
    let (mut peer, end) = StdStream::pair().unwrap();
    let stream = UnixStream::from_std(end);
    peer.write_all(&[4; 10]).unwrap();
    assert!(poll_at_most(1, stream.recv()).await.is_none());
    stream.recv().await.unwrap().unwrap()
}

/// A listener whose queue is full, so that connects to it stay pending, and those who fill it.
fn busy() -> (SocketAddr, Vec<Socket>) {
    let open = || Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let listener = open();
    listener
        .bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())
        .unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let mut sockets = vec![listener];
    for _ in 0..4 {
        let client = open();
        client.set_nonblocking(true).unwrap();
        let _ = client.connect(&address);
        sockets.push(client);
    }
    (address.as_socket().unwrap(), sockets)
}
