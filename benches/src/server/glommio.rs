//! glommio: ring-driven `poll` and socket calls, a task per connection.

use std::io;
use std::os::fd::{FromRawFd, IntoRawFd};

use futures_util::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use glommio::net::{TcpListener, TcpStream, UdpSocket, UnixListener};
use glommio::{LocalExecutorBuilder, Placement};

use crate::server::{Config, Service};

pub(super) fn serve(config: &Config) -> io::Result<()> {
    let executor = LocalExecutorBuilder::new(Placement::Unbound)
        .ring_depth(1024)
        .make()?;
    let size = config.size;
    executor.run(async {
        match config.service {
            // A receive is armed only after a poll, but into memory that the reader holds from the beginning.
            Service::Tcp | Service::Sparse => tcp(config, |stream| echo(stream, size)).await,
            Service::Unix => unix(config).await,
            Service::Udp => udp(config).await,
            Service::Receive => tcp(config, |stream| receive(stream, size)).await,
            Service::Send => tcp(config, |stream| send(stream, size)).await,
            Service::Accept => accept(config).await,
            Service::Http => Err(io::ErrorKind::Unsupported.into()),
        }
    })
}

fn listen(config: &Config) -> io::Result<TcpListener> {
    // SAFETY: the descriptor is open, a listening socket, and nobody else's.
    Ok(unsafe { TcpListener::from_raw_fd(config.tcp()?.into_raw_fd()) })
}

async fn tcp<F>(config: &Config, handle: impl Fn(TcpStream) -> F) -> io::Result<()>
where
    F: Future<Output = io::Result<()>> + 'static,
{
    let listener = listen(config)?;
    loop {
        let stream = listener.accept().await?;
        stream.set_nodelay(true)?;
        glommio::spawn_local(handle(stream)).detach();
    }
}

async fn unix(config: &Config) -> io::Result<()> {
    // glommio opens its own Unix listeners, with a backlog of 128.
    let path = config.unix_path();
    let listener = UnixListener::bind(&path)?;
    config.announce(path.display());
    loop {
        let stream = listener.accept().await?;
        glommio::spawn_local(echo(stream, config.size)).detach();
    }
}

async fn udp(config: &Config) -> io::Result<()> {
    // SAFETY: as in `listen`; a UDP socket.
    let socket = unsafe { UdpSocket::from_raw_fd(config.udp()?.into_raw_fd()) };
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
