//! Drives an echo server: connects, sends, checks every byte that comes back, and prints the rate.
//!
//! `cargo run --release -p corio --example echo_client -- --addr 127.0.0.1:7000 --connections 100 --size 1024 --seconds 5`

use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::rc::Rc;

use clap::Parser;
use corio::net::TcpStream;
use corio::spawn;
use corio::time::{Duration, Instant};

#[derive(Parser)]
#[command(about = "Drives an echo server and checks what comes back")]
struct Options {
    /// Address to connect to
    #[arg(long, default_value = "127.0.0.1:7000")]
    addr: SocketAddr,
    /// Connections
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    connections: u32,
    /// Bytes of a message
    #[arg(long, default_value_t = 1024, value_parser = clap::value_parser!(u32).range(1..))]
    size: u32,
    /// How long
    #[arg(long, default_value_t = 5)]
    seconds: u64,
}

fn main() -> ExitCode {
    let options = Options::parse();
    match corio::block_on(run(&options)) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(error)) => {
            eprintln!("echo_client: {error}");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("echo_client: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: &Options) -> io::Result<()> {
    let (addr, size) = (options.addr, options.size as usize);
    let echoed = Rc::new(Cell::new(0u64));
    let begun = Instant::now();
    let end = begun + Duration::from_secs(options.seconds);
    let clients: Vec<_> = (0..options.connections)
        .map(|number| spawn(client(addr, number, size, end, echoed.clone())))
        .collect();
    for client in clients {
        client
            .await
            .map_err(|error| io::Error::other(error.to_string()))??;
    }
    let seconds = begun.elapsed().as_secs_f64();
    let messages = echoed.get();
    println!(
        "{messages} messages of {size} B on {} connections in {seconds:.2} s: {:.0} a second, {:.1} MiB/s each way",
        options.connections,
        messages as f64 / seconds,
        messages as f64 * size as f64 / seconds / f64::from(1 << 20),
    );
    Ok(())
}

async fn client(
    addr: SocketAddr,
    number: u32,
    size: usize,
    end: Instant,
    echoed: Rc<Cell<u64>>,
) -> io::Result<()> {
    let stream = TcpStream::connect(addr).await.map_err(|error| {
        io::Error::new(error.kind(), format!("cannot connect to {addr}: {error}"))
    })?;
    stream.set_nodelay(true)?;
    let mut message: Vec<u8> = (0..size)
        .map(|at| (at as u32 ^ number.wrapping_mul(0x9e37)) as u8)
        .collect();
    while Instant::now() < end {
        // Another message each time, so that one that came late would be noticed.
        message[0] = message[0].wrapping_add(1);
        let (result, sent) = stream.write_all(message).await;
        result?;
        message = sent;
        let mut checked = 0;
        while checked < size {
            let Some(bytes) = stream.recv().await? else {
                return Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "the server closed the connection",
                ));
            };
            if bytes.len() > size - checked || *bytes != message[checked..checked + bytes.len()] {
                let text = format!(
                    "connection {number} got other bytes than it sent, near byte {checked}"
                );
                return Err(io::Error::new(io::ErrorKind::InvalidData, text));
            }
            checked += bytes.len();
        }
        echoed.set(echoed.get() + 1);
    }
    stream.close().await
}
