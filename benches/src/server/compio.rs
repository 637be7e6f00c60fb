//! compio with its ring driver: a task per connection, buffers handed over and back.

use std::io;

use compio::BufResult;
use compio::io::{AsyncRead, AsyncReadManaged, AsyncWrite, AsyncWriteExt};
use compio::net::{TcpListener, TcpStream, UdpSocket, UnixListener};

use crate::server::{Config, Service};
use crate::settings;

pub(super) fn serve(config: &Config) -> io::Result<()> {
    let runtime = settings::compio::runtime()?;
    let size = config.size;
    runtime.block_on(async {
        match config.service {
            Service::Tcp => tcp(config, |stream| echo(stream, size)).await,
            Service::Unix => unix(config).await,
            Service::Udp => udp(config).await,
            Service::Sparse => tcp(config, |stream| echo_managed(stream, size)).await,
            Service::Receive => tcp(config, |stream| receive(stream, size)).await,
            Service::Send => tcp(config, |stream| send(stream, size)).await,
            Service::Accept => accept(config).await,
            Service::Http => Err(io::ErrorKind::Unsupported.into()),
        }
    })
}

async fn tcp<F>(config: &Config, handle: impl Fn(TcpStream) -> F) -> io::Result<()>
where
    F: Future<Output = io::Result<()>> + 'static,
{
    let listener = TcpListener::from_std(config.tcp()?)?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        compio::runtime::spawn(handle(stream)).detach();
    }
}

async fn unix(config: &Config) -> io::Result<()> {
    let listener = UnixListener::from_std(config.unix()?)?;
    loop {
        let (stream, _) = listener.accept().await?;
        compio::runtime::spawn(echo(stream, config.size)).detach();
    }
}

async fn udp(config: &Config) -> io::Result<()> {
    let socket = UdpSocket::from_std(config.udp()?)?;
    let mut buffer = Vec::with_capacity(config.size);
    loop {
        let BufResult(outcome, filled) = socket.recv_from(buffer).await;
        let (_, peer) = outcome?;
        let BufResult(outcome, sent) = socket.send_to(filled, peer).await;
        outcome?;
        buffer = sent;
        buffer.clear();
    }
}

async fn accept(config: &Config) -> io::Result<()> {
    let listener = TcpListener::from_std(config.tcp()?)?;
    loop {
        drop(listener.accept().await?);
    }
}

async fn echo(mut stream: impl AsyncRead + AsyncWrite, size: usize) -> io::Result<()> {
    let mut buffer = Vec::with_capacity(size);
    loop {
        let BufResult(outcome, filled) = stream.read(buffer).await;
        if outcome? == 0 {
            return Ok(());
        }
        let BufResult(outcome, written) = stream.write_all(filled).await;
        outcome?;
        buffer = written;
        buffer.clear();
    }
}

/// Reads into buffers of the runtime.
async fn echo_managed(mut stream: TcpStream, size: usize) -> io::Result<()> {
    while let Some(bytes) = stream.read_managed(size).await? {
        stream.write_all(bytes).await.0?;
    }
    Ok(())
}

async fn receive(mut stream: TcpStream, size: usize) -> io::Result<()> {
    let mut buffer = Vec::with_capacity(size);
    loop {
        let BufResult(outcome, filled) = stream.read(buffer).await;
        if outcome? == 0 {
            return Ok(());
        }
        buffer = filled;
        buffer.clear();
    }
}

async fn send(mut stream: TcpStream, size: usize) -> io::Result<()> {
    let mut buffer = vec![0; size];
    loop {
        let BufResult(outcome, written) = stream.write_all(buffer).await;
        outcome?;
        buffer = written;
    }
}
