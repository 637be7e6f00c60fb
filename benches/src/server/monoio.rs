//! monoio with its ring driver: a task per connection, buffers handed over and back.

use std::io;

use monoio::io::{AsyncReadRent, AsyncWriteRent, AsyncWriteRentExt};
use monoio::net::udp::UdpSocket;
use monoio::net::{TcpListener, TcpStream, UnixListener};

use crate::server::{Config, Service};
use crate::settings;

pub(super) fn serve(config: &Config) -> io::Result<()> {
    let mut runtime = settings::monoio::builder().build()?;
    let size = config.size;
    runtime.block_on(async {
        match config.service {
            Service::Tcp => tcp(config, |stream| echo(stream, size)).await,
            Service::Unix => unix(config).await,
            Service::Udp => udp(config).await,
            Service::Sparse => tcp(config, |stream| echo_when_ready(stream, size)).await,
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
        monoio::spawn(handle(stream));
    }
}

async fn unix(config: &Config) -> io::Result<()> {
    let listener = UnixListener::from_std(config.unix()?)?;
    loop {
        let (stream, _) = listener.accept().await?;
        monoio::spawn(echo(stream, config.size));
    }
}

async fn udp(config: &Config) -> io::Result<()> {
    let socket = UdpSocket::from_std(config.udp()?)?;
    let mut buffer = Vec::with_capacity(config.size);
    loop {
        let (outcome, filled) = socket.recv_from(buffer).await;
        let (_, peer) = outcome?;
        let (outcome, sent) = socket.send_to(filled, peer).await;
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

async fn echo(mut stream: impl AsyncReadRent + AsyncWriteRent, size: usize) -> io::Result<()> {
    let mut buffer = Vec::with_capacity(size);
    loop {
        let (outcome, filled) = stream.read(buffer).await;
        if outcome? == 0 {
            return Ok(());
        }
        let (outcome, written) = stream.write_all(filled).await;
        outcome?;
        buffer = written;
        buffer.clear();
    }
}

/// Allocates only once there is something to read.
async fn echo_when_ready(mut stream: TcpStream, size: usize) -> io::Result<()> {
    loop {
        stream.readable(false).await?;
        let (outcome, filled) = stream.read(Vec::with_capacity(size)).await;
        if outcome? == 0 {
            return Ok(());
        }
        stream.write_all(filled).await.0?;
    }
}

async fn receive(mut stream: TcpStream, size: usize) -> io::Result<()> {
    let mut buffer = Vec::with_capacity(size);
    loop {
        let (outcome, filled) = stream.read(buffer).await;
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
        let (outcome, written) = stream.write_all(buffer).await;
        outcome?;
        buffer = written;
    }
}
