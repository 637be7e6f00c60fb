//! Passes connections on to another server.
//!
//! ```text
//! cargo run --release -p corio --features sync-prims --example proxy -- 127.0.0.1:7002 127.0.0.1:7000
//! nc 127.0.0.1 7002
//! ```
//!
//! Each side hears when the other one ends its direction, and may go on in its own. The target may be a name; each connection looks
//! it up anew. Ctrl-c ends it, and the connections where they are.

mod serving;

use std::io;
use std::process::ExitCode;
use std::rc::Rc;

use corio::net::{TcpStream, copy_bidirectional};
use corio::sync::CancellationToken;

use serving::Port;

#[corio::main]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(address), Some(target)) = (arguments.next(), arguments.next()) else {
        eprintln!("proxy: two addresses are needed: proxy LISTEN_ON CONNECT_TO");
        return ExitCode::FAILURE;
    };
    serving::exit("proxy", run(&address, target).await)
}

async fn run(address: &str, target: String) -> io::Result<()> {
    let stop = serving::until_ctrl_c()?;
    let listener = serving::listen(address, Port::Own).await?;
    println!("listening on {} for {target}", listener.local_addr()?);
    let target: Rc<str> = target.into();
    serving::serve(listener, &stop, |client| {
        connection(client, target.clone(), stop.clone())
    })
    .await;
    Ok(())
}

async fn connection(client: TcpStream, target: Rc<str>, stop: CancellationToken) -> io::Result<()> {
    let connected = TcpStream::connect(&*target).await;
    let server = connected.map_err(|error| {
        io::Error::new(error.kind(), format!("cannot connect to {target}: {error}"))
    })?;
    server.set_nodelay(true)?;
    let copied = stop
        .run_until_cancelled(copy_bidirectional(&client, &server))
        .await;
    match copied {
        Some(Ok((asked, answered))) => {
            eprintln!("{asked} bytes there, {answered} bytes back");
            server.close().await?;
            client.close().await
        }
        // Both have to know that it did not end well.
        broken => {
            client.abort();
            server.abort();
            broken.unwrap_or(Ok((0, 0))).map(drop)
        }
    }
}
