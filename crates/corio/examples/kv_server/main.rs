//! A small key-value store in memory that speaks the protocol of Redis.
//!
//! ```text
//! cargo run --release -p corio --features sync-prims --example kv_server -- 127.0.0.1:6379
//! redis-benchmark -p 6379 -t ping,set,get,incr -P 16
//! redis-cli -p 6379
//! ```
//!
//! One context, so the store needs no lock. Requests that arrive together are answered with one write, and
//! a connection that waits holds no buffer. Ctrl-c ends it, after the requests that it is at.

mod commands;
mod protocol;
#[path = "../serving/mod.rs"]
mod serving;
mod store;

use std::cell::RefCell;
use std::io;
use std::process::ExitCode;
use std::rc::Rc;

use corio::net::TcpStream;
use corio::sync::CancellationToken;

use protocol::{Replies, Unparsed};
use serving::Port;
use serving::input::Input;
use store::Store;

/// Bytes of replies that are sent before further requests are answered.
const LONG_REPLIES: usize = 256 * 1024;

#[corio::main]
async fn main() -> ExitCode {
    let address = std::env::args().nth(1);
    let address = address.as_deref().unwrap_or("127.0.0.1:6379");
    serving::exit("kv_server", run(address).await)
}

async fn run(address: &str) -> io::Result<()> {
    let stop = serving::until_ctrl_c()?;
    let listener = serving::listen(address, Port::Own).await?;
    println!("listening on {}", listener.local_addr()?);
    let store = Rc::new(RefCell::new(Store::default()));
    serving::serve(listener, &stop, |stream| {
        connection(stream, store.clone(), stop.clone())
    })
    .await;
    println!("{} keys are forgotten", store.borrow().len());
    Ok(())
}

async fn connection(
    stream: TcpStream,
    store: Rc<RefCell<Store>>,
    stop: CancellationToken,
) -> io::Result<()> {
    let mut input = Input::default();
    while input.receive(&stream, &stop).await? {
        loop {
            let mut replies = Replies::default();
            let (used, next) = answer(input.bytes(), &mut store.borrow_mut(), &mut replies);
            input.consume(used);
            if replies.len() > 0 {
                stream.write_all(replies.into_bytes()).await.0?;
            }
            match next {
                Next::Request => {}
                Next::Bytes => break,
                Next::End => return serving::part(stream).await,
            }
        }
    }
    stream.close().await
}

/// What comes after the replies.
enum Next {
    /// More requests that have arrived.
    Request,
    /// Nothing, before more has arrived.
    Bytes,
    /// The end of the connection.
    End,
}

/// Answers the requests that `input` holds, or the first of them if the replies get long. How many bytes they took.
fn answer(input: &[u8], store: &mut Store, replies: &mut Replies) -> (usize, Next) {
    let mut used = 0;
    let mut arguments = Vec::new();
    while replies.len() < LONG_REPLIES {
        match protocol::parse(&input[used..], &mut arguments) {
            Ok(length) => used += length,
            Err(Unparsed::Incomplete) => return (used, Next::Bytes),
            Err(Unparsed::Malformed(reason)) => {
                replies.error(&format!("ERR Protocol error: {reason}"));
                return (used, Next::End);
            }
        }
        if commands::run(&arguments, store, replies).is_break() {
            return (used, Next::End);
        }
    }
    (used, Next::Request)
}
