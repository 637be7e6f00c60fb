//! Sends back whatever it receives, and hangs up on who says nothing for a while.
//!
//! `cargo run -p net-epoll-legacy --example epoll_echo_with_timeout -- 127.0.0.1:7000 [MILLISECONDS]`

use std::io;
use std::time::Duration;

use net_epoll_legacy::{Acceptor, Connection, Handle, IoContext};

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:7000".into());
    let patience = match arguments.next() {
        Some(millis) => millis.parse().map_err(io::Error::other)?,
        None => 5000,
    };
    let patience = Duration::from_millis(patience);
    let context = IoContext::new()?;
    let handle = context.handle();
    let serving = async move {
        let acceptor = Acceptor::bind(&handle, address).await?;
        println!("listening on {}", acceptor.local_addr()?);
        loop {
            let (connection, peer) = acceptor.accept().await?;
            let clock = handle.clone();
            handle.spawn_named("echo", async move {
                if let Err(error) = echo(&clock, patience, connection).await {
                    eprintln!("{peer:?}: {error}");
                }
            });
        }
    };
    context.block_on(serving)?
}

async fn echo(clock: &Handle, patience: Duration, connection: Connection) -> io::Result<()> {
    let mut buffer = vec![0; 4096];
    loop {
        let receiving = connection.receive(&mut buffer);
        let Ok(received) = clock.timeout(patience, receiving).await else {
            return connection.send_all(b"bye\n").await;
        };
        match received? {
            0 => return Ok(()),
            count => connection.send_all(&buffer[..count]).await?,
        }
    }
}
