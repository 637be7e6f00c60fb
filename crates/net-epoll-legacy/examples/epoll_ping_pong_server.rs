//! Answers each line `ping N` with `pong N`.
//!
//! `cargo run -p net-epoll-legacy --example epoll_ping_pong_server -- 127.0.0.1:7000`; see `epoll_ping_pong_client`.

use std::io;

use net_epoll_legacy::{Acceptor, Connection, IoContext};

fn main() -> io::Result<()> {
    let address = std::env::args().nth(1);
    let address = address.unwrap_or_else(|| "127.0.0.1:7000".into());
    let context = IoContext::new()?;
    let handle = context.handle();
    let serving = async move {
        let acceptor = Acceptor::bind(&handle, address).await?;
        println!("listening on {}", acceptor.local_addr()?);
        loop {
            let (connection, peer) = acceptor.accept().await?;
            handle.spawn_named("pong", async move {
                if let Err(error) = answer(connection).await {
                    eprintln!("{peer:?}: {error}");
                }
            });
        }
    };
    context.block_on(serving)?
}

async fn answer(connection: Connection) -> io::Result<()> {
    let mut buffer = [0; 512];
    let mut line = Vec::new();
    loop {
        let count = connection.receive(&mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        for byte in &buffer[..count] {
            if *byte != b'\n' {
                line.push(*byte);
                continue;
            }
            let text = String::from_utf8_lossy(&line);
            let answer = match text.strip_prefix("ping ") {
                Some(number) => format!("pong {number}\n"),
                None => format!("no ping: {text}\n"),
            };
            connection.send_all(answer.as_bytes()).await?;
            line.clear();
        }
        if line.len() > 4096 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a line of over 4096 bytes",
            ));
        }
    }
}
