//! Sends back whatever it receives.
//!
//! `cargo run --release -p corio --example echo_server -- --addr 127.0.0.1:7000 --contexts 2`
//!
//! Each context has a thread and a listener of its own; the kernel spreads the connections over them (`SO_REUSEPORT`).

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Parser;
use corio::net::{ListenOptions, TcpListener, TcpStream};
use corio::{Scheduler, spawn};

#[derive(Parser)]
#[command(about = "Sends back whatever it receives")]
struct Options {
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1:7000")]
    addr: SocketAddr,
    /// Contexts, each with a thread and a listener
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    contexts: u16,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("echo_server: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Box<dyn std::error::Error>> {
    let mut scheduler = Scheduler::new(options.contexts.into());
    let handle = scheduler.handle();
    // The first listener settles the port, should the address leave it open.
    let (first, rest) = handle.contexts().split_first().ok_or("no context")?;
    scheduler.start()?;
    let address = options.addr;
    let (bound, settled) = std::sync::mpsc::channel();
    let mut servers = vec![first.submit_with(move || async move {
        let listener = listen(address).await?;
        let _ = bound.send(listener.local_addr()?);
        serve(listener).await
    })?];
    if let Ok(address) = settled.recv() {
        println!("listening on {address} with {} contexts", options.contexts);
        for context in rest {
            servers.push(
                context.submit_with(move || async move { serve(listen(address).await?).await })?,
            );
        }
    }
    // Servers end with an error or not at all.
    for server in servers {
        server.join_blocking()??;
    }
    Ok(())
}

async fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let options = ListenOptions {
        reuse_port: true,
        nodelay: true,
        ..ListenOptions::default()
    };
    TcpListener::bind_with(address, &options)
        .await
        .map_err(|error| {
            io::Error::new(error.kind(), format!("cannot listen on {address}: {error}"))
        })
}

async fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        let (stream, peer) = listener.accept().await?;
        spawn(async move {
            if let Err(error) = echo(stream).await {
                eprintln!("{peer}: {error}");
            }
        })
        .detach();
    }
}

async fn echo(stream: TcpStream) -> io::Result<()> {
    while let Some(bytes) = stream.recv().await? {
        stream.write_all(bytes).await.0?;
    }
    stream.close().await
}
