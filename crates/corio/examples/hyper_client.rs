//! Asks a server by HTTP/1.1 or HTTP/2, with hyper on a context, and prints its answers.
//!
//! ```text
//! cargo run --release -p corio --features hyper --example hyper_client -- 127.0.0.1:8080 / /name
//! cargo run --release -p corio --features hyper --example hyper_client -- --http2 --data hello 127.0.0.1:8080 /echo /echo
//! ```
//!
//! All paths are asked for over one connection: one after the other, or all at once with `--http2`. `--data` posts a text.

use std::process::ExitCode;

use clap::Parser;
use corio::compat::Compat;
use corio::compat::hyper::{Executor, Timer};
use corio::net::TcpStream;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::header::HOST;
use hyper::{Request, Response};

type Error = Box<dyn std::error::Error>;

/// Asks a server by HTTP, over one connection.
#[derive(Parser)]
struct Args {
    /// HTTP/2, as both sides know beforehand
    #[arg(long)]
    http2: bool,
    /// Posts this text
    #[arg(long)]
    data: Option<String>,
    /// Host and port
    server: String,
    /// What to ask for
    #[arg(required = true)]
    paths: Vec<String>,
}

#[corio::main]
async fn main() -> ExitCode {
    match run(&Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hyper_client: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: &Args) -> Result<(), Error> {
    let stream = TcpStream::connect(&*args.server)
        .await
        .map_err(|error| format!("cannot connect to {}: {error}", args.server))?;
    stream.set_nodelay(true)?;
    if args.http2 {
        at_once(args, stream).await
    } else {
        in_turn(args, stream).await
    }
}

async fn in_turn(args: &Args, stream: TcpStream) -> Result<(), Error> {
    let (mut sender, connection) = http1::handshake(Compat::new(stream)).await?;
    let connection = corio::spawn(connection);
    for path in &args.paths {
        sender.ready().await?;
        print(sender.send_request(request(args, path)?).await?).await?;
    }
    // Nobody asks any more: the connection ends.
    drop(sender);
    Ok(connection.await??)
}

async fn at_once(args: &Args, stream: TcpStream) -> Result<(), Error> {
    let (sender, connection) = http2::Builder::new(Executor)
        .timer(Timer)
        .handshake(Compat::new(stream))
        .await?;
    let connection = corio::spawn(connection);
    let mut answers = Vec::new();
    for path in &args.paths {
        let mut sender = sender.clone();
        let request = request(args, path)?;
        answers.push(corio::spawn(
            async move { sender.send_request(request).await },
        ));
    }
    for answer in answers {
        print(answer.await??).await?;
    }
    drop(sender);
    Ok(connection.await??)
}

fn request(args: &Args, path: &str) -> Result<Request<Full<Bytes>>, Error> {
    let builder = Request::builder();
    let builder = if args.http2 {
        builder.uri(format!("http://{}{path}", args.server))
    } else {
        builder.uri(path).header(HOST, &args.server)
    };
    Ok(match &args.data {
        Some(data) => builder.method("POST").body(Full::from(data.clone()))?,
        None => builder.body(Full::default())?,
    })
}

/// Prints the status and the body, as it comes.
async fn print(response: Response<Incoming>) -> Result<(), Error> {
    let stdout = corio::io::stdout()?;
    let head = format!("{:?} {}\n", response.version(), response.status());
    stdout.write_all(head).await.0?;
    let mut body = response.into_body();
    while let Some(frame) = body.frame().await {
        if let Ok(bytes) = frame?.into_data() {
            stdout.write_all(bytes.to_vec()).await.0?;
        }
    }
    Ok(())
}
