//! smol: `epoll`, a `LocalExecutor`, a task per connection.

use std::io;
use std::sync::Arc;

use smol::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use smol::net::unix::UnixListener;
use smol::net::{TcpListener, TcpStream, UdpSocket};
use smol::{Async, LocalExecutor};

use crate::server::{Config, Service};

pub(super) fn serve(config: &Config) -> io::Result<()> {
    let executor = LocalExecutor::new();
    let size = config.size;
    smol::block_on(executor.run(async {
        match config.service {
            Service::Tcp => tcp(&executor, config, |stream| echo(stream, size)).await,
            Service::Unix => unix(&executor, config).await,
            Service::Udp => udp(config).await,
            Service::Sparse => tcp(&executor, config, |stream| echo_when_ready(stream, size)).await,
            Service::Receive => tcp(&executor, config, |stream| receive(stream, size)).await,
            Service::Send => tcp(&executor, config, |stream| send(stream, size)).await,
            Service::Accept => accept(config).await,
            Service::Http => Err(io::ErrorKind::Unsupported.into()),
        }
    }))
}

fn listen(config: &Config) -> io::Result<TcpListener> {
    Ok(Async::new(config.tcp()?)?.into())
}

async fn tcp<F>(
    executor: &LocalExecutor<'_>,
    config: &Config,
    handle: impl Fn(TcpStream) -> F,
) -> io::Result<()>
where
    F: Future<Output = io::Result<()>> + 'static,
{
    let listener = listen(config)?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        executor.spawn(handle(stream)).detach();
    }
}

async fn unix(executor: &LocalExecutor<'_>, config: &Config) -> io::Result<()> {
    let listener = UnixListener::from(Async::new(config.unix()?)?);
    loop {
        let (stream, _) = listener.accept().await?;
        executor.spawn(echo(stream, config.size)).detach();
    }
}

async fn udp(config: &Config) -> io::Result<()> {
    let socket = UdpSocket::from(Async::new(config.udp()?)?);
    let mut buffer = vec![0; config.size];
    loop {
        let (count, peer) = socket.recv_from(&mut buffer).await?;
        socket.send_to(&buffer[..count], peer).await?;
    }
}

async fn accept(config: &Config) -> io::Result<()> {
    let listener = listen(config)?;
    loop {
        drop(listener.accept().await?);
    }
}

async fn echo(mut stream: impl AsyncRead + AsyncWrite + Unpin, size: usize) -> io::Result<()> {
    let mut buffer = vec![0; size];
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..count]).await?;
    }
}

/// Allocates only once there is something to read.
async fn echo_when_ready(stream: TcpStream, size: usize) -> io::Result<()> {
    let stream: Arc<Async<std::net::TcpStream>> = stream.into();
    let mut stream = &*stream;
    loop {
        stream.readable().await?;
        let mut buffer = vec![0; size];
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..count]).await?;
    }
}

async fn receive(mut stream: TcpStream, size: usize) -> io::Result<()> {
    let mut buffer = vec![0; size];
    while stream.read(&mut buffer).await? > 0 {}
    Ok(())
}

async fn send(mut stream: TcpStream, size: usize) -> io::Result<()> {
    let buffer = vec![0; size];
    loop {
        stream.write_all(&buffer).await?;
    }
}
