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

mod answer;
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

use answer::{Next, answer};
use protocol::Replies;
use serving::Port;
use serving::input::Input;
use store::Store;

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
        let mut replies = Replies::default();
        loop {
            let (used, next) = answer(input.bytes(), &mut store.borrow_mut(), &mut replies);
            input.consume(used);
            if replies.len() > 0 {
                let (sent, bytes) = stream.write_all(replies.into_bytes()).await;
                sent?;
                replies = Replies::reusing(bytes);
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
