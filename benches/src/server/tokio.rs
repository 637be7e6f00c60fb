//! tokio, current-thread: `epoll`, a task per connection.

use std::io;

use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket, UnixListener};
use tokio::runtime::Builder;

use crate::server::{Config, Service, http};

pub(super) fn serve(config: &Config) -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_io().build()?;
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
            Service::Http => {
                let body = http::body(size);
                let connection = move |stream| http::by_hyper(TokioIo::new(stream), body.clone());
                tcp(config, connection).await
            }
        }
    })
}

fn listen(config: &Config) -> io::Result<TcpListener> {
    let listener = config.tcp()?;
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

async fn tcp<F>(config: &Config, handle: impl Fn(TcpStream) -> F) -> io::Result<()>
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let listener = listen(config)?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(handle(stream));
    }
}

async fn unix(config: &Config) -> io::Result<()> {
    let listener = config.unix()?;
    listener.set_nonblocking(true)?;
    let listener = UnixListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(echo(stream, config.size));
    }
}

async fn udp(config: &Config) -> io::Result<()> {
    let socket = config.udp()?;
    socket.set_nonblocking(true)?;
    let socket = UdpSocket::from_std(socket)?;
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
async fn echo_when_ready(mut stream: TcpStream, size: usize) -> io::Result<()> {
    loop {
        stream.readable().await?;
        let mut buffer = Vec::with_capacity(size);
        match stream.try_read_buf(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(_) => stream.write_all(&buffer).await?,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
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
