//! corio's example `kv_server` on tokio: the same protocol, commands and store, from the same files.
//!
//! `cargo run --release -p benches --example kv_on_tokio -- 127.0.0.1:6379`
//!
//! As fast as tokio goes: one thread without a lock, buffers that a connection keeps, one write for all requests that arrive
//! together, one registration with the stop for the whole of a connection.

#[path = "../../crates/corio/examples/kv_server/answer.rs"]
mod answer;
#[path = "../../crates/corio/examples/kv_server/commands.rs"]
mod commands;
#[path = "../../crates/corio/examples/kv_server/protocol.rs"]
mod protocol;
#[path = "../../crates/corio/examples/kv_server/store.rs"]
mod store;

use std::cell::RefCell;
use std::io::{self, ErrorKind};
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, LocalOptions};
use tokio::{select, time};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use answer::{Next, answer};
use protocol::Replies;
use store::Store;

/// How long the open connections have after ctrl-c.
const GRACE: Duration = Duration::from_secs(5);
/// Bytes that a connection has room for, at least.
const ROOM: usize = 4096;

fn main() -> io::Result<()> {
    let address = std::env::args().nth(1);
    let address = address.as_deref().unwrap_or("127.0.0.1:6379");
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build_local(LocalOptions::default())?;
    runtime.block_on(run(address))
}

async fn run(address: &str) -> io::Result<()> {
    let stop = CancellationToken::new();
    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    let store = Rc::new(RefCell::new(Store::default()));
    let open = TaskTracker::new();
    let mut ctrl_c = pin!(tokio::signal::ctrl_c());
    loop {
        let accepted = select! {
            accepted = listener.accept() => accepted,
            pressed = &mut ctrl_c => break pressed?,
        };
        match accepted {
            Ok((stream, peer)) => {
                let served = connection(stream, store.clone(), stop.clone());
                open.spawn_local(async move {
                    match served.await {
                        Err(error) if is_departure(&error) => {}
                        Err(error) => eprintln!("{peer}: {error}"),
                        Ok(()) => {}
                    }
                });
            }
            Err(error) => {
                eprintln!("cannot accept: {error}");
                time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    stop.cancel();
    open.close();
    if time::timeout(GRACE, open.wait()).await.is_err() {
        eprintln!("{} connections are cut off", open.len());
    }
    println!("{} keys are forgotten", store.borrow().len());
    Ok(())
}

async fn connection(
    mut stream: TcpStream,
    store: Rc<RefCell<Store>>,
    stop: CancellationToken,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stopped = pin!(stop.cancelled());
    let (mut input, mut replies) = (Vec::new(), Replies::default());
    loop {
        input.reserve(ROOM);
        let received = select! {
            biased;
            received = stream.read_buf(&mut input) => received?,
            () = &mut stopped => 0,
        };
        if received == 0 {
            return Ok(());
        }
        loop {
            let (used, next) = answer(&input, &mut store.borrow_mut(), &mut replies);
            input.drain(..used);
            if replies.len() > 0 {
                let bytes = replies.into_bytes();
                stream.write_all(&bytes).await?;
                replies = Replies::reusing(bytes);
            }
            match next {
                Next::Request => {}
                Next::Bytes => break,
                Next::End => return part(stream).await,
            }
        }
    }
}

/// Ends a connection whose client may not have read and sent all.
async fn part(mut stream: TcpStream) -> io::Result<()> {
    stream.shutdown().await?;
    let ended = async { while let Ok(1..) = stream.read(&mut [0; ROOM]).await {} };
    let _ = time::timeout(Duration::from_secs(1), ended).await;
    Ok(())
}

fn is_departure(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::BrokenPipe | ErrorKind::ConnectionReset
    )
}
