//! Sends back whatever it receives.
//!
//! `RUST_LOG=trace cargo run -p net-epoll-legacy --example epoll_echo_server -- 127.0.0.1:7000 [THREADS]`, and `nc 127.0.0.1 7000` in
//! another terminal: the log then tells the life of one connection from accept to close.

use std::io;

use net_epoll_legacy::{Acceptor, Connection, IoContext};

fn main() -> io::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(io::stderr)
        .init();
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:7000".into());
    let threads = match arguments.next() {
        Some(threads) => threads.parse().map_err(io::Error::other)?,
        None => 1,
    };
    let context = IoContext::multi_threaded(threads)?;
    let handle = context.handle();
    let serving = async move {
        let acceptor = Acceptor::bind(&handle, address).await?;
        println!("listening on {}", acceptor.local_addr()?);
        loop {
            let (connection, peer) = acceptor.accept().await?;
            handle.spawn_named("echo", async move {
                if let Err(error) = echo(connection).await {
                    eprintln!("{peer:?}: {error}");
                }
            });
        }
    };
    context.block_on(serving)?
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
