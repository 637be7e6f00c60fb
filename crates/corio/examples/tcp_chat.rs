//! A chat room: whatever one types, the others read.
//!
//! ```text
//! cargo run --release -p corio --features channel,sync-prims --example tcp_chat -- 127.0.0.1:7001
//! nc 127.0.0.1 7001
//! ```
//!
//! Each connection waits for a line, for a message of the others, and for the end, in one `when_any`. What is not ready
//! first is dropped and begun again: that loses neither a part of a line nor a message. Ctrl-c ends it.

mod serving;

use std::io;
use std::process::ExitCode;
use std::sync::Arc;

use corio::channel::broadcast::{self, Overflow, Receiver, RecvError, Sender};
use corio::context::{OneOf3, when_any};
use corio::io::{BufReader, Lines};
use corio::net::TcpStream;
use corio::sync::CancellationToken;

use serving::Port;

/// Messages that somebody who reads slowly may be behind before he misses some.
const KEPT: usize = 256;
/// Bytes that a line may have.
const LONGEST_LINE: usize = 4096;

/// A line for everybody but the one who wrote it.
#[derive(Clone)]
struct Message {
    author: u64,
    line: Arc<str>,
}

#[corio::main]
async fn main() -> ExitCode {
    let address = std::env::args().nth(1);
    let address = address.as_deref().unwrap_or("127.0.0.1:7001");
    serving::exit("tcp_chat", run(address).await)
}

async fn run(address: &str) -> io::Result<()> {
    let stop = serving::until_ctrl_c()?;
    let listener = serving::listen(address, Port::Own).await?;
    println!("listening on {}", listener.local_addr()?);
    let (room, _) = broadcast::channel(KEPT, Overflow::Lag);
    let guests = std::cell::Cell::new(0);
    serving::serve(listener, &stop, |stream| {
        guests.set(guests.get() + 1);
        let guest = Guest {
            number: guests.get(),
            stream,
            room: room.clone(),
        };
        guest.stay(stop.clone())
    })
    .await;
    Ok(())
}

/// Somebody who has come.
struct Guest {
    number: u64,
    stream: TcpStream,
    room: Sender<Message>,
}

impl Guest {
    async fn stay(self, stop: CancellationToken) -> io::Result<()> {
        let mut lines = BufReader::with_limit(&self.stream, LONGEST_LINE).lines();
        self.tell("Who are you?").await?;
        let Some(Some(name)) = stop
            .run_until_cancelled(lines.next_line())
            .await
            .transpose()?
        else {
            return Ok(());
        };
        let messages = self.room.subscribe();
        self.say(format!("* {name} has come"));
        let talked = self.talk(&name, lines, messages, &stop).await;
        self.say(format!("* {name} has gone"));
        talked
    }

    async fn talk(
        &self,
        name: &str,
        mut lines: Lines<&TcpStream>,
        mut messages: Receiver<Message>,
        stop: &CancellationToken,
    ) -> io::Result<()> {
        loop {
            // The first that is ready in this order: who floods the room hears what the others say all the same.
            match when_any((stop.cancelled(), messages.recv(), lines.next_line())).await {
                OneOf3::First(()) | OneOf3::Second(Err(RecvError::Closed)) => return Ok(()),
                OneOf3::Second(Err(RecvError::Lagged(missed))) => {
                    self.tell(&format!("* {missed} lines missed")).await?;
                }
                OneOf3::Second(Ok(message)) => {
                    if message.author != self.number {
                        self.tell(&message.line).await?;
                    }
                }
                OneOf3::Third(line) => match line? {
                    Some(line) => self.say(format!("{name}: {line}")),
                    None => return Ok(()),
                },
            }
        }
    }

    /// To the others.
    fn say(&self, line: String) {
        let message = Message {
            author: self.number,
            line: line.into(),
        };
        // An error: nobody is here.
        let _ = self.room.try_send(message);
    }

    /// To this one.
    async fn tell(&self, line: &str) -> io::Result<()> {
        self.stream.write_all(format!("{line}\n")).await.0
    }
}
