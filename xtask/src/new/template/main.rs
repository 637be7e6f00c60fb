//! A service that sends back whatever it receives, until Ctrl-C; then it lets the open connections come to their end.
//!
//! `cargo run -- 127.0.0.1:7000`

use std::io;
use std::sync::Arc;
use std::time::Duration;

use corio::net::{TcpListener, TcpStream};
use corio::sync::{CancellationToken, WaitGroup};

/// How long the open connections have after Ctrl-C.
const GRACE: Duration = Duration::from_secs(5);

#[corio::main]
async fn main() -> io::Result<()> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:7000".to_owned());
    let listener = TcpListener::bind(address.as_str()).await?;
    println!("listening on {}", listener.local_addr()?);

    let stop = CancellationToken::new();
    corio::spawn({
        let stop = stop.clone();
        async move {
            if let Err(error) = corio::signal::ctrl_c().await {
                eprintln!("cannot wait for Ctrl-C: {error}");
            }
            stop.cancel();
        }
    })
    .detach();
    serve(listener, &stop).await
}

/// Serves each connection in a task of its own. After `stop` it accepts no more, and returns when the open ones have ended.
async fn serve(listener: TcpListener, stop: &CancellationToken) -> io::Result<()> {
    let open = Arc::new(WaitGroup::new());
    // Stopping loses no connection: one that was accepted is served.
    while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
        let (stream, peer) = accepted?;
        let is_open = open.enter_owned();
        corio::spawn(async move {
            if let Err(error) = echo(stream).await {
                eprintln!("{peer}: {error}");
            }
            drop(is_open);
        })
        .detach();
    }
    listener.close().await?;
    if corio::time::timeout(GRACE, open.wait()).await.is_err() {
        eprintln!("{} connections are cut off", open.count());
    }
    Ok(())
}

async fn echo(stream: TcpStream) -> io::Result<()> {
    // A buffer of the context: an idle connection holds none.
    while let Some(bytes) = stream.recv().await? {
        stream.write_all(bytes).await.0?;
    }
    stream.close().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[corio::test]
    async fn it_echoes_and_stops_when_the_last_client_has_gone() -> io::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let stop = CancellationToken::new();
        let server = corio::spawn({
            let stop = stop.clone();
            async move { serve(listener, &stop).await }
        });

        let client = TcpStream::connect(address).await?;
        exchange(&client, "before").await?;
        stop.cancel();
        while TcpStream::connect(address).await.is_ok() {}
        exchange(&client, "after").await?;
        assert!(!server.is_finished(), "a client is still there");
        client.close().await?;
        server.await.expect("no panic")
    }

    async fn exchange(client: &TcpStream, word: &'static str) -> io::Result<()> {
        client.write_all(word).await.0?;
        let (read, echoed) = client.read_exact(vec![0; word.len()]).await;
        read?;
        assert_eq!(echoed, word.as_bytes());
        Ok(())
    }
}
