//! The engine by itself: a file copy and a TCP echo, with nothing but a hand-written loop around `turn`.
//!
//! ```text
//! cargo run -p uring-engine --example standalone
//! ```

use std::error::Error;
use std::fs::File;
use std::future::Future;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use uring_engine::{
    BufferRing, BufferRingConfig, Engine, EngineConfig, RecvStream, Slice, Target, Wait, op,
};

/// Remembers that the one future of this program wants to be polled.
#[derive(Default)]
struct Ready(AtomicBool);

impl Wake for Ready {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

/// Polls a future whenever it was woken, and lets the engine turn in between.
fn block_on<F: Future>(engine: &Engine, future: F) -> Result<F::Output, uring_engine::TurnError> {
    let ready = Arc::new(Ready::default());
    let waker = Waker::from(ready.clone());
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Ok(output);
        }
        while !ready.0.swap(false, Ordering::Acquire) {
            engine.turn(Wait::Until(None))?;
        }
    }
}

/// Copies a file in pieces of 64 KiB and brings it to the disk. Returns the bytes copied.
async fn copy(engine: &Engine, from: &File, to: &File) -> std::io::Result<u64> {
    let (from, to) = (Target::of(from), Target::of(to));
    let mut buffer = Vec::with_capacity(64 * 1024);
    let mut offset = 0;
    loop {
        let (count, filled) = engine.op(op::Read::at(from, offset, buffer)).await;
        let count = count?;
        if count == 0 {
            break;
        }
        buffer = filled;
        let mut written = 0;
        while written < count {
            let rest = Slice::new(buffer, written..count);
            let (more, rest) = engine
                .op(op::Write::at(to, offset + written as u64, rest))
                .await;
            buffer = rest.into_inner();
            written += more?;
        }
        offset += count as u64;
    }
    engine.op(op::Fsync::new(to)).await?;
    Ok(offset)
}

/// Accepts one connection and sends back what arrives, without a buffer while it is idle.
async fn echo_once(engine: &Engine, listener: &TcpListener) -> std::io::Result<u64> {
    let pool = BufferRing::new(engine, BufferRingConfig::default())?;
    let connection: OwnedFd = engine.op(op::Accept::new(Target::of(listener))).await?;
    let target = Target::of(&connection);
    let mut arrivals = RecvStream::new(engine, target, &pool);
    let mut total = 0;
    while let Some(bytes) = arrivals.next().await {
        let send = op::Send::new(target, bytes?).flags(libc::MSG_WAITALL);
        let (sent, _) = engine.op(send).await;
        total += sent? as u64;
    }
    Ok(total)
}

fn main() -> Result<(), Box<dyn Error>> {
    let engine = Engine::new(&EngineConfig::default())?;
    print!("{}", engine.report());

    let mut source = tempfile::tempfile()?;
    source.write_all(&vec![42; 1_000_000])?;
    let target = tempfile::tempfile()?;
    let copied = block_on(&engine, copy(&engine, &source, &target))??;
    println!("copied {copied} bytes");
    assert_eq!(copied, target.metadata()?.len());

    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let client = std::thread::spawn(move || -> std::io::Result<()> {
        let mut stream = TcpStream::connect(address)?;
        let mut answer = [0; 5];
        for _ in 0..1_000 {
            stream.write_all(b"hello")?;
            stream.read_exact(&mut answer)?;
            assert_eq!(&answer, b"hello");
        }
        Ok(())
    });
    let echoed = block_on(&engine, echo_once(&engine, &listener))??;
    client.join().expect("the client panicked")?;
    println!("echoed {echoed} bytes");
    println!("{:?}", engine.stats());
    Ok(())
}
