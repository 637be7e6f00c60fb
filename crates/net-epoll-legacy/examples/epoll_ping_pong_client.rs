//! Plays ping-pong with `epoll_ping_pong_server`, and tells how long a round takes.
//!
//! `cargo run -p net-epoll-legacy --example epoll_ping_pong_client -- 127.0.0.1:7000 [ROUNDS]`

use std::io;
use std::time::Instant;

use net_epoll_legacy::{Connection, IoContext};

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:7000".into());
    let rounds: u32 = match arguments.next() {
        Some(rounds) => rounds.parse().map_err(io::Error::other)?,
        None => 1000,
    };
    let context = IoContext::new()?;
    let handle = context.handle();
    context.block_on(async move {
        let connection = Connection::connect(&handle, address).await?;
        connection.options().set_tcp_nodelay(true)?;
        let begin = Instant::now();
        for round in 0..rounds {
            play(&connection, round).await?;
        }
        println!(
            "{rounds} rounds, {:?} each",
            begin.elapsed() / rounds.max(1)
        );
        Ok(())
    })?
}

async fn play(connection: &Connection, round: u32) -> io::Result<()> {
    connection
        .send_all(format!("ping {round}\n").as_bytes())
        .await?;
    let expected = format!("pong {round}\n");
    let mut answer = vec![0; expected.len()];
    let mut filled = 0;
    while filled < answer.len() {
        match connection.receive(&mut answer[filled..]).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => filled += count,
        }
    }
    if answer != expected.as_bytes() {
        let answer = String::from_utf8_lossy(&answer);
        return Err(io::Error::other(format!(
            "expected {expected:?}, got {answer:?}"
        )));
    }
    Ok(())
}
