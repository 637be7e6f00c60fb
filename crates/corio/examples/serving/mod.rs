//! What the servers among these examples share: they accept until ctrl-c, and then let the open connections come to
//! their end.

#![allow(dead_code, reason = "each server uses a part of it")]

pub(crate) mod input;

use std::fmt::Display;
use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use corio::net::{ListenOptions, TcpListener, TcpStream};
use corio::signal::{SignalKind, signal};
use corio::sync::{CancellationToken, WaitGroup};

/// How long the open connections have after ctrl-c.
const GRACE: Duration = Duration::from_secs(5);

/// Whether other listeners may have the same port.
#[derive(PartialEq)]
pub(crate) enum Port {
    Own,
    Shared,
}

/// Listens on an address such as `127.0.0.1:7000`.
pub(crate) async fn listen(address: &str, port: Port) -> io::Result<TcpListener> {
    let options = ListenOptions {
        nodelay: true,
        reuse_port: port == Port::Shared,
        ..ListenOptions::default()
    };
    TcpListener::bind_with(address, &options)
        .await
        .map_err(|error| {
            io::Error::new(error.kind(), format!("cannot listen on {address}: {error}"))
        })
}

/// Has `connection` serve each connection in a task of its own. After `stop` no more are accepted; it returns when those
/// that are open have ended, or their time is over.
pub(crate) async fn serve<S, F>(listener: TcpListener, stop: &CancellationToken, connection: S)
where
    S: Fn(TcpStream) -> F,
    F: Future<Output = io::Result<()>> + 'static,
{
    let open = Arc::new(WaitGroup::new());
    while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Descriptors have run out: the next connection that ends gives one back.
                eprintln!("cannot accept: {error}");
                corio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let is_open = open.enter_owned();
        let served = connection(stream);
        corio::spawn(async move {
            match served.await {
                // A client that has gone away is no news.
                Err(error) if is_departure(&error) => {}
                Err(error) => eprintln!("{peer}: {error}"),
                Ok(()) => {}
            }
            drop(is_open);
        })
        .detach();
    }
    // Whoever comes now is refused.
    if let Err(error) = listener.close().await {
        eprintln!("the listener did not close well: {error}");
    }
    if corio::time::timeout(GRACE, open.wait()).await.is_err() {
        eprintln!("{} connections are cut off", open.count());
    }
}

fn is_departure(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::BrokenPipe | ErrorKind::ConnectionReset
    )
}

/// Ends a connection whose client may not have read and sent all. Closing it at once would throw what has arrived away
/// and tell the client so with a reset, which overtakes what it has not read.
pub(crate) async fn part(stream: TcpStream) -> io::Result<()> {
    stream.shutdown(Shutdown::Write).await?;
    let ended = async { while let Ok(Some(_)) = stream.recv().await {} };
    // A client that does not end either gets the reset after all.
    let _ = corio::time::timeout(Duration::from_secs(1), ended).await;
    stream.close().await
}

/// A token that ctrl-c cancels. A second one ends the program at once.
pub(crate) fn until_ctrl_c() -> io::Result<CancellationToken> {
    let stop = CancellationToken::new();
    let mut ctrl_c = signal(SignalKind::interrupt())?;
    let pressed = stop.clone();
    corio::spawn(async move {
        if ctrl_c.recv().await.is_ok() {
            pressed.cancel();
        }
        if ctrl_c.recv().await.is_ok() {
            std::process::exit(130);
        }
    })
    .detach();
    Ok(stop)
}

/// Tells how the program went.
pub(crate) fn exit(name: &str, result: Result<(), impl Display>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{name}: {error}");
            ExitCode::FAILURE
        }
    }
}
