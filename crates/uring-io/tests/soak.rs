//! 100 connections that echo 1024-byte messages, every byte checked: against one context and against one for each
//! processor. For a second each; `CORIO_SOAK_SECONDS` asks for more.

mod support;

use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use context::{Context, Scheduler, Stop};
use support::{bytes_at, check_bytes};
use uring_io::net::{ListenOptions, TcpListener, TcpStream};

const CONNECTIONS: u64 = 100;
const SIZE: usize = 1024;

#[test]
fn one_context_serves_without_an_error() {
    soak(1);
}

#[test]
fn all_contexts_serve_without_an_error() {
    soak(std::thread::available_parallelism().map_or(2, |count| count.get().max(2)));
}

fn soak(contexts: usize) {
    let seconds = std::env::var("CORIO_SOAK_SECONDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1);
    let mut scheduler = Scheduler::new(contexts);
    scheduler.start().unwrap();
    let mut address = "127.0.0.1:0".parse().unwrap();
    for context in scheduler.contexts() {
        let (bound, settled) = std::sync::mpsc::channel();
        context
            .submit_with(move || serve(address, bound))
            .unwrap()
            .detach();
        address = settled.recv().unwrap();
    }
    let messages = drive(address, Duration::from_secs(seconds));
    println!("{contexts} contexts: {messages} messages in {seconds} s");
    let busy = scheduler
        .contexts()
        .iter()
        .filter(|context| context.metrics().tasks_live > 1)
        .count();
    assert_eq!(busy, 0, "every connection has ended");
    scheduler.notify_stop(Stop::Abort);
    let _ = scheduler.join();
}

async fn serve(address: SocketAddr, bound: std::sync::mpsc::Sender<SocketAddr>) {
    let options = ListenOptions {
        reuse_port: true,
        ..ListenOptions::default()
    };
    let listener = TcpListener::bind_with(address, &options).await.unwrap();
    bound.send(listener.local_addr().unwrap()).unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        context::spawn(async move { echo(stream).await.unwrap() }).detach();
    }
}

async fn echo(stream: TcpStream) -> io::Result<()> {
    while let Some(bytes) = stream.recv().await? {
        stream.write_all(bytes).await.0?;
    }
    stream.close().await
}

/// Sends and checks, and says how many messages went round.
fn drive(address: SocketAddr, time: Duration) -> u64 {
    let messages = Rc::new(Cell::new(0));
    let total = messages.clone();
    Context::new()
        .block_on(async move {
            let end = Instant::now() + time;
            let clients: Vec<_> = (0..CONNECTIONS)
                .map(|number| context::spawn(client(address, number, end, total.clone())))
                .collect();
            for client in clients {
                client.await.unwrap();
            }
            // The servers' tasks end after their clients.
            context::sleep(Duration::from_millis(100)).await;
        })
        .unwrap();
    assert!(messages.get() >= CONNECTIONS);
    messages.get()
}

async fn client(address: SocketAddr, number: u64, end: Instant, messages: Rc<Cell<u64>>) {
    let stream = TcpStream::connect(address).await.unwrap();
    let mut position = 0;
    while Instant::now() < end {
        stream
            .write_all(bytes_at(number, position, SIZE))
            .await
            .0
            .unwrap();
        let message_end = position + SIZE as u64;
        while position < message_end {
            let bytes = stream.recv().await.unwrap().expect("not the end");
            check_bytes(number, position, &bytes);
            position += bytes.len() as u64;
        }
        assert_eq!(position, message_end, "no byte too many");
        messages.set(messages.get() + 1);
    }
    stream.close().await.unwrap();
}
