//! Says hello to whoever asks by HTTP.
//!
//! ```text
//! cargo run --release -p corio --features sync-prims --example http_hello -- 127.0.0.1:8080 2
//! curl -i http://127.0.0.1:8080/name
//! wrk -c 100 -t 1 http://127.0.0.1:8080/
//! ```
//!
//! The second argument is the number of contexts, each with a thread and a listener; the kernel spreads the connections
//! over them. Connections are kept alive, and requests that arrive together are answered with one write. Ctrl-c ends it.

mod http;
mod serving;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::{env, io};

use corio::Scheduler;
use corio::net::TcpStream;
use corio::sync::CancellationToken;

use http::{Head, Request, Status};
use serving::Port;
use serving::input::Input;

type Error = Box<dyn std::error::Error>;

#[corio::main]
async fn main() -> ExitCode {
    let address = env::args().nth(1);
    let address = address.as_deref().unwrap_or("127.0.0.1:8080");
    let contexts = env::args().nth(2);
    let contexts = contexts.as_deref().unwrap_or("1");
    serving::exit("http_hello", run(address, contexts).await)
}

async fn run(address: &str, contexts: &str) -> Result<(), Error> {
    let contexts: std::num::NonZero<usize> = contexts
        .parse()
        .map_err(|error| format!("`{contexts}` is no number of contexts: {error}"))?;
    let stop = serving::until_ctrl_c()?;
    let listener = serving::listen(address, Port::Shared).await?;
    let address = listener.local_addr()?;
    println!("listening on {address} with {contexts} contexts");
    // This context serves too.
    let mut others = (contexts.get() > 1).then(|| Scheduler::new(contexts.get() - 1));
    let mut servers = Vec::new();
    if let Some(scheduler) = &mut others {
        scheduler.start()?;
        for context in scheduler.handle().contexts() {
            let stop = stop.clone();
            servers.push(context.submit_with(move || serve_too(address, stop))?);
        }
    }
    serving::serve(listener, &stop, |stream| connection(stream, stop.clone())).await;
    for server in servers {
        server.await??;
    }
    Ok(())
}

/// What every context but the first does.
async fn serve_too(address: SocketAddr, stop: CancellationToken) -> io::Result<()> {
    let listener = serving::listen(&address.to_string(), Port::Shared).await?;
    serving::serve(listener, &stop, |stream| connection(stream, stop.clone())).await;
    Ok(())
}

async fn connection(stream: TcpStream, stop: CancellationToken) -> io::Result<()> {
    let mut input = Input::default();
    while input.receive(&stream, &stop).await? {
        let mut responses = Vec::new();
        let (used, keeps_alive) = answer_all(input.bytes(), &mut responses);
        input.consume(used);
        if !responses.is_empty() {
            stream.write_all(responses).await.0?;
        }
        if !keeps_alive {
            return serving::part(stream).await;
        }
    }
    stream.close().await
}

/// Answers the requests that `input` holds: how many bytes they took, and whether the connection goes on.
fn answer_all(input: &[u8], responses: &mut Vec<u8>) -> (usize, bool) {
    let mut used = 0;
    loop {
        match http::parse(&input[used..]) {
            Ok(Some((request, length))) => {
                used += length;
                answer(&request, responses);
                if !request.keeps_alive {
                    return (used, false);
                }
            }
            Ok(None) => return (used, true),
            Err(status) => {
                http::plain(responses, status, false);
                return (used, false);
            }
        }
    }
}

fn answer(request: &Request<'_>, responses: &mut Vec<u8>) {
    if !matches!(request.method, "GET" | "HEAD") {
        return http::plain(responses, Status::METHOD_NOT_ALLOWED, request.keeps_alive);
    }
    let name = request.target.trim_start_matches('/');
    let name = if name.is_empty() { "world" } else { name };
    let text = format!("Hello, {name}!\n");
    Head::new(responses, Status::OK, request.keeps_alive)
        .field("Content-Type", "text/plain")
        .end(text.len() as u64);
    if request.method == "GET" {
        responses.extend_from_slice(text.as_bytes());
    }
}
