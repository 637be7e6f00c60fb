//! Sends back every WebSocket message, with tungstenite on a context.
//!
//! ```text
//! cargo run --release -p corio --features sync-prims,tokio --example websocket_echo -- 127.0.0.1:9001
//! websocat ws://127.0.0.1:9001
//! ```
//!
//! In a browser's console: `s = new WebSocket("ws://127.0.0.1:9001"); s.onmessage = m => console.log(m.data); s.onopen = () =>
//! s.send("hello")`.
//!
//! Pings are answered. A message of more than 1 MiB is refused with the code 1009, text that is not UTF-8 with 1007, and what is
//! against the protocol with 1002. On ctrl-c every client is told that the server goes away (1001), and has a few seconds to
//! agree.

mod serving;

use std::net::Shutdown;
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::time::Duration;
use std::{env, io};

use corio::compat::Compat;
use corio::net::TcpStream;
use corio::sync::CancellationToken;
use corio::time::timeout;
use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, accept_async_with_config};

use serving::Port;

/// Bytes in a message, be it of one frame or several.
const LARGEST: usize = 1 << 20;

/// How long a client has to ask for a WebSocket once it is connected.
const HANDSHAKE: Duration = Duration::from_secs(30);

/// How long a client has to agree that the conversation is over.
const CLOSING: Duration = Duration::from_secs(30);

type Conversation = WebSocketStream<Compat<TcpStream>>;

#[corio::main]
async fn main() -> ExitCode {
    let address = env::args().nth(1);
    let address = address.as_deref().unwrap_or("127.0.0.1:9001");
    serving::exit("websocket_echo", run(address).await)
}

async fn run(address: &str) -> io::Result<()> {
    let stop = serving::until_ctrl_c()?;
    let listener = serving::listen(address, Port::Own).await?;
    println!("listening on {}", listener.local_addr()?);
    serving::serve(listener, &stop, |stream| connection(stream, stop.clone())).await;
    Ok(())
}

async fn connection(stream: TcpStream, stop: CancellationToken) -> io::Result<()> {
    let config = WebSocketConfig::default()
        .read_buffer_size(16 << 10)
        .write_buffer_size(16 << 10)
        .max_message_size(Some(LARGEST))
        .max_frame_size(Some(LARGEST));
    let accepted = accept_async_with_config(Compat::new(stream), Some(config));
    let Some(accepted) = stop.run_until_cancelled(timeout(HANDSHAKE, accepted)).await else {
        return Ok(());
    };
    let mut conversation = accepted?.map_err(io_error)?;
    let Err(error) = echo(&mut conversation, &stop).await else {
        // Both have said that it is over.
        return Ok(());
    };
    if let Some((code, reason)) = fault(&error) {
        refuse(conversation, code, reason).await;
    }
    Err(io_error(error))
}

/// Until both sides have said that it is over.
async fn echo(conversation: &mut Conversation, stop: &CancellationToken) -> Result<(), Error> {
    loop {
        let Some(next) = stop.run_until_cancelled(conversation.next()).await else {
            leave(conversation).await;
            return Ok(());
        };
        if step(conversation, next).await?.is_break() {
            return Ok(());
        }
    }
}

async fn step(
    conversation: &mut Conversation,
    next: Option<Result<Message, Error>>,
) -> Result<ControlFlow<()>, Error> {
    match next.transpose()? {
        Some(message @ (Message::Text(_) | Message::Binary(_))) => {
            conversation.send(message).await?;
        }
        // Pings and the other side's close have been answered; flushed are the answers with the next read.
        Some(_) => {}
        None => return Ok(ControlFlow::Break(())),
    }
    Ok(ControlFlow::Continue(()))
}

/// Says that the server ends, and waits for a while until the client agrees.
async fn leave(conversation: &mut Conversation) {
    let ended = async {
        conversation
            .close(Some(frame(CloseCode::Away, "the server ends")))
            .await?;
        // What comes before the answer is of no use any more.
        while conversation.next().await.transpose()?.is_some() {}
        Ok::<_, Error>(())
    };
    // It ends either way.
    let _ = timeout(CLOSING, ended).await;
}

/// Says what was wrong, and lets the client end. Nothing of what it sends can be made sense of any more, but closing the
/// connection over it would tell it so with a reset, which overtakes what it has not read.
async fn refuse(mut conversation: Conversation, code: CloseCode, reason: &'static str) {
    let told = async {
        conversation.close(Some(frame(code, reason))).await?;
        let stream = conversation.into_inner().into_inner();
        stream.shutdown(Shutdown::Write).await?;
        while stream.recv().await?.is_some() {}
        Ok::<_, Error>(())
    };
    // Whether it has heard it or has gone already: it is what was wrong that is told.
    let _ = timeout(CLOSING, told).await;
}

fn frame(code: CloseCode, reason: &'static str) -> CloseFrame {
    CloseFrame {
        code,
        reason: reason.into(),
    }
}

/// What the client did wrong, if it was not the connection that failed.
fn fault(error: &Error) -> Option<(CloseCode, &'static str)> {
    match error {
        Error::Capacity(_) => Some((CloseCode::Size, "the message is too large")),
        Error::Utf8(_) => Some((CloseCode::Invalid, "the text is not UTF-8")),
        // Nobody is there to be told.
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
        Error::Protocol(_) => Some((CloseCode::Protocol, "against the protocol")),
        _ => None,
    }
}

fn io_error(error: Error) -> io::Error {
    match error {
        Error::Io(error) => error,
        error => io::Error::other(error),
    }
}
