//! Serves the files below a directory by HTTP.
//!
//! ```text
//! cargo run --release -p corio --features sync-prims --example static_files -- 127.0.0.1:8081 .
//! curl -i http://127.0.0.1:8081/README.md
//! curl -r 0-99 http://127.0.0.1:8081/README.md
//! ```
//!
//! Nothing outside of the directory is served, whatever the request's path says and wherever links lead. Ranges of bytes
//! are. Their bytes go from the file to the socket within the kernel. Ctrl-c ends it, after the files that it is sending.

#[path = "../http/mod.rs"]
mod http;
mod media_type;
mod range;
mod root;
#[path = "../serving/mod.rs"]
mod serving;

use std::io;
use std::process::ExitCode;
use std::rc::Rc;

use corio::net::TcpStream;
use corio::sync::CancellationToken;

use http::{Head, Request, Status};
use root::{Found, FoundFile, Root};
use serving::Port;
use serving::input::Input;

#[corio::main]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or("127.0.0.1:8081".into());
    let directory = arguments.next().unwrap_or(".".into());
    serving::exit("static_files", run(&address, &directory).await)
}

async fn run(address: &str, directory: &str) -> io::Result<()> {
    let root = Rc::new(Root::new(directory)?);
    let stop = serving::until_ctrl_c()?;
    let listener = serving::listen(address, Port::Own).await?;
    println!("listening on {} for {root}", listener.local_addr()?);
    serving::serve(listener, &stop, |stream| {
        connection(stream, root.clone(), stop.clone())
    })
    .await;
    Ok(())
}

async fn connection(stream: TcpStream, root: Rc<Root>, stop: CancellationToken) -> io::Result<()> {
    let mut input = Input::default();
    while input.receive(&stream, &stop).await? {
        loop {
            match http::parse(input.bytes()) {
                Ok(Some((request, length))) => {
                    answer(&stream, &root, &request).await?;
                    if !request.keeps_alive {
                        return serving::part(stream).await;
                    }
                    input.consume(length);
                }
                Ok(None) => break,
                Err(status) => {
                    let mut response = Vec::new();
                    http::plain(&mut response, status, false);
                    stream.write_all(response).await.0?;
                    return serving::part(stream).await;
                }
            }
        }
    }
    stream.close().await
}

async fn answer(stream: &TcpStream, root: &Root, request: &Request<'_>) -> io::Result<()> {
    let mut head = Vec::new();
    let found = match request.method {
        "GET" | "HEAD" => root.find(request.target).await,
        _ => Err(Status::METHOD_NOT_ALLOWED),
    };
    match found {
        Ok(Found::File(file)) => return send(stream, request, &file).await,
        Ok(Found::Directory { location }) => {
            Head::new(&mut head, Status::MOVED_PERMANENTLY, request.keeps_alive)
                .field("Location", location)
                .end(0);
        }
        Err(status) if request.method == "HEAD" => {
            Head::new(&mut head, status, request.keeps_alive).end(0);
        }
        Err(status) => http::plain(&mut head, status, request.keeps_alive),
    }
    stream.write_all(head).await.0
}

/// Sends a file, or the part of it that is asked for.
async fn send(stream: &TcpStream, request: &Request<'_>, found: &FoundFile) -> io::Result<()> {
    let all = found.length;
    let (status, part, of) = match range::parse(request.range, all) {
        Ok(None) => (Status::OK, 0..all, None),
        Ok(Some(part)) => {
            let of = format!("bytes {}-{}/{all}", part.start, part.end - 1);
            (Status::PARTIAL_CONTENT, part, Some(of))
        }
        Err(status) => (status, 0..0, Some(format!("bytes */{all}"))),
    };
    let length = part.end - part.start;
    let mut bytes = Vec::new();
    let mut head = Head::new(&mut bytes, status, request.keeps_alive)
        .field("Content-Type", found.media_type)
        .field("Accept-Ranges", "bytes");
    if let Some(of) = of {
        head = head.field("Content-Range", of);
    }
    head.end(length);
    stream.write_all(bytes).await.0?;
    if request.method == "GET" && stream.send_file(&found.file, part).await? < length {
        // More was promised: only the end of the connection can tell the client.
        return Err(io::Error::other("the file was cut while it was sent"));
    }
    Ok(())
}
