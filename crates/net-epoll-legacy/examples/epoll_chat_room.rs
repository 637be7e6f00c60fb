//! A chat room: what one says all others hear.
//!
//! `cargo run -p net-epoll-legacy --example epoll_chat_room -- 127.0.0.1:7000`, and `nc 127.0.0.1 7000` in several terminals. The
//! first line is the guest's name.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex};

use net_epoll_legacy::{Acceptor, Buffer, Connection, Handle, IoContext};

/// A line may be so long.
const LONGEST: usize = 1024;

fn main() -> io::Result<()> {
    let address = std::env::args().nth(1);
    let address = address.unwrap_or_else(|| "127.0.0.1:7000".into());
    let context = IoContext::new()?;
    let handle = context.handle();
    let room = Arc::new(Room::default());
    let serving = async move {
        let acceptor = Acceptor::bind(&handle, address).await?;
        println!("listening on {}", acceptor.local_addr()?);
        let mut number = 0;
        loop {
            let (connection, _peer) = acceptor.accept().await?;
            number += 1;
            let (handle, room) = (handle.clone(), room.clone());
            handle.clone().spawn_named("guest", async move {
                if let Err(error) = room.host(&handle, number, connection).await {
                    eprintln!("guest {number}: {error}");
                }
                room.guests.lock().unwrap().remove(&number);
            });
        }
    };
    context.block_on(serving)?
}

#[derive(Default)]
struct Room {
    guests: Mutex<HashMap<u64, Connection>>,
}

impl Room {
    async fn host(&self, handle: &Handle, number: u64, connection: Connection) -> io::Result<()> {
        let mut lines = Lines::of(connection.clone());
        let Some(name) = lines.next().await? else {
            return Ok(());
        };
        connection
            .send_all(format!("* welcome, {name}\n").as_bytes())
            .await?;
        self.guests.lock().unwrap().insert(number, connection);
        self.tell(handle, number, &format!("* {name} is here\n"));
        let heard = async {
            while let Some(line) = lines.next().await? {
                self.tell(handle, number, &format!("{name}: {line}\n"));
            }
            io::Result::Ok(())
        };
        let result = heard.await;
        self.tell(handle, number, &format!("* {name} is gone\n"));
        result
    }

    /// Sends a text to all but one. Each is sent by a task of its own, so a guest that does not listen holds nobody up; to one
    /// guest, texts are sent in order.
    fn tell(&self, handle: &Handle, from: u64, text: &str) {
        let text = Buffer::from(text.as_bytes());
        let others: Vec<_> = {
            let guests = self.guests.lock().unwrap();
            let others = guests.iter().filter(|(number, _)| **number != from);
            others.map(|(_, guest)| guest.clone()).collect()
        };
        for guest in others {
            let text = text.clone();
            handle.spawn_named("tell", async move {
                // One that is gone is noticed by its own task.
                let _ = guest.send_all(&text).await;
            });
        }
    }
}

/// The lines that come in on a connection.
struct Lines {
    connection: Connection,
    received: Vec<u8>,
}

impl Lines {
    fn of(connection: Connection) -> Self {
        let received = Vec::new();
        Self {
            connection,
            received,
        }
    }

    async fn next(&mut self) -> io::Result<Option<String>> {
        loop {
            if let Some(end) = self.received.iter().position(|byte| *byte == b'\n') {
                let rest = self.received.split_off(end + 1);
                let line = std::mem::replace(&mut self.received, rest);
                return Ok(Some(String::from_utf8_lossy(&line).trim_end().to_owned()));
            }
            if self.received.len() > LONGEST {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "a line is too long",
                ));
            }
            let mut buffer = [0; 512];
            match self.connection.receive(&mut buffer).await? {
                0 => return Ok(None),
                count => self.received.extend_from_slice(&buffer[..count]),
            }
        }
    }
}
