//! Connects to a server, sends what is typed, and shows what comes back.
//!
//! ```text
//! cargo run --release -p corio --example stdin_client -- 127.0.0.1:7001
//! echo PING | cargo run --release -p corio --example stdin_client -- 127.0.0.1:6379
//! ```
//!
//! The standard input may be a terminal, a pipe or a file. At its end (ctrl-d) the server is told so, and what it still says is
//! shown; when the server has said all, the program ends, whatever is being typed.

use std::future::pending;
use std::io;
use std::net::Shutdown;
use std::process::ExitCode;

use corio::context::{OneOf2, when_any};
use corio::io::{copy, stdin, stdout};
use corio::net::TcpStream;

#[corio::main]
async fn main() -> ExitCode {
    let Some(address) = std::env::args().nth(1) else {
        eprintln!("stdin_client: an address is missing: stdin_client HOST:PORT");
        return ExitCode::FAILURE;
    };
    match run(&address).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("stdin_client: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(address: &str) -> io::Result<()> {
    let stream = TcpStream::connect(address).await.map_err(|error| {
        io::Error::new(
            error.kind(),
            format!("cannot connect to {address}: {error}"),
        )
    })?;
    let (mut input, mut output) = (stdin()?, stdout()?);
    let (mut reader, mut writer) = (&stream, &stream);
    let show = copy(&mut reader, &mut output);
    let send = async {
        copy(&mut input, &mut writer).await?;
        stream.shutdown(Shutdown::Write).await?;
        // Only the server's end is the end.
        pending::<io::Result<()>>().await
    };
    match when_any((show, send)).await {
        OneOf2::First(shown) => shown.map(drop),
        OneOf2::Second(sent) => sent,
    }
}
