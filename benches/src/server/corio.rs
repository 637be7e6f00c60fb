//! corio: one context, a task per connection.

use std::io;
use std::rc::Rc;

use context::{Context, ContextBuilder, DriverChoice};
use uring_io::compat::Compat;
use uring_io::net::{Family, Stream, TcpListener, TcpStream, UdpSocket, UnixListener, UnixStream};

use crate::server::{Config, Service, http};

/// `corio`: receives into buffers of the context, and writes them back as they are.
pub(super) fn pooled(config: &Config) -> io::Result<()> {
    run(Context::new(), serve_pooled(config))
}

/// `corio (epoll)`: the same without a ring.
pub(super) fn on_epoll(config: &Config) -> io::Result<()> {
    let context = ContextBuilder::new().driver(DriverChoice::Epoll).build();
    run(context, serve_pooled(config))
}

async fn serve_pooled(config: &Config) -> io::Result<()> {
    let size = config.size;
    match config.service {
        Service::Tcp | Service::Sparse => tcp(config, echo_pooled).await,
        Service::Unix => unix(config, echo_pooled).await,
        Service::Receive => tcp(config, receive_pooled).await,
        Service::Udp => udp_pooled(config).await,
        Service::Send => tcp(config, |stream| send(stream, size)).await,
        Service::Accept => accept(config).await,
        Service::Http => {
            let body = http::body(size);
            let connection = move |stream| http::by_hyper(Compat::new(stream), body.clone());
            tcp(config, connection).await
        }
    }
}

/// `corio (no hyper)`: looks for the ends of requests, and no more.
pub(super) fn http_by_hand(config: &Config) -> io::Result<()> {
    let answer: Rc<[u8]> = http::by_hand(&http::body(config.size)).into();
    run(Context::new(), async {
        tcp(config, |stream| answer_by_hand(stream, answer.clone())).await
    })
}

async fn answer_by_hand(stream: TcpStream, answer: Rc<[u8]>) -> io::Result<()> {
    // A request is in one piece here, as the generator makes no other.
    while let Some(request) = stream.recv().await? {
        if request.ends_with(b"\r\n\r\n") {
            stream.write_all(answer.to_vec()).await.0?;
        }
    }
    Ok(())
}

/// `corio:read`: reads into a buffer of its own, which is handed over and back.
pub(super) fn owned(config: &Config) -> io::Result<()> {
    let size = config.size;
    run(Context::new(), async {
        match config.service {
            Service::Tcp | Service::Sparse => tcp(config, |stream| echo_owned(stream, size)).await,
            Service::Unix => unix(config, |stream| echo_owned(stream, size)).await,
            Service::Receive => tcp(config, |stream| receive_owned(stream, size)).await,
            Service::Udp => udp_owned(config).await,
            Service::Send => tcp(config, |stream| send(stream, size)).await,
            Service::Accept => accept(config).await,
            Service::Http => Err(io::ErrorKind::Unsupported.into()),
        }
    })
}

fn run(mut context: Context, serve: impl Future<Output = io::Result<()>>) -> io::Result<()> {
    context.block_on(serve).map_err(io::Error::other)?
}

async fn tcp<F>(config: &Config, handle: impl Fn(TcpStream) -> F) -> io::Result<()>
where
    F: Future<Output = io::Result<()>> + 'static,
{
    let listener = TcpListener::from_std(config.tcp()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        context::spawn(handle(stream)).detach();
    }
}

async fn unix<F>(config: &Config, handle: impl Fn(UnixStream) -> F) -> io::Result<()>
where
    F: Future<Output = io::Result<()>> + 'static,
{
    let listener = UnixListener::from_std(config.unix()?);
    loop {
        let (stream, _) = listener.accept().await?;
        context::spawn(handle(stream)).detach();
    }
}

async fn udp_pooled(config: &Config) -> io::Result<()> {
    let socket = UdpSocket::from_std(config.udp()?);
    loop {
        let packet = socket.recv().await?;
        socket.send_to(packet.bytes, packet.from).await.0?;
    }
}

async fn udp_owned(config: &Config) -> io::Result<()> {
    let socket = UdpSocket::from_std(config.udp()?);
    let mut buffer = Vec::with_capacity(config.size);
    loop {
        let (result, filled) = socket.recv_from(buffer).await;
        let (result, sent) = socket.send_to(filled, result?.from).await;
        result?;
        buffer = sent;
        buffer.clear();
    }
}

async fn accept(config: &Config) -> io::Result<()> {
    let listener = TcpListener::from_std(config.tcp()?);
    loop {
        drop(listener.accept().await?);
    }
}

async fn echo_pooled<F: Family>(stream: Stream<F>) -> io::Result<()> {
    while let Some(bytes) = stream.recv().await? {
        let (result, _) = stream.write_all(bytes).await;
        result?;
    }
    Ok(())
}

async fn echo_owned<F: Family>(stream: Stream<F>, size: usize) -> io::Result<()> {
    let mut buffer = Vec::with_capacity(size);
    loop {
        let (result, filled) = stream.read(buffer).await;
        if result? == 0 {
            return Ok(());
        }
        let (result, written) = stream.write_all(filled).await;
        result?;
        buffer = written;
        buffer.clear();
    }
}

async fn receive_pooled(stream: TcpStream) -> io::Result<()> {
    while stream.recv().await?.is_some() {}
    Ok(())
}

async fn receive_owned(stream: TcpStream, size: usize) -> io::Result<()> {
    let mut buffer = Vec::with_capacity(size);
    loop {
        let (result, filled) = stream.read(buffer).await;
        if result? == 0 {
            return Ok(());
        }
        buffer = filled;
        buffer.clear();
    }
}

async fn send(stream: TcpStream, size: usize) -> io::Result<()> {
    let mut buffer = vec![0; size];
    loop {
        let (result, written) = stream.write_all(buffer).await;
        result?;
        buffer = written;
    }
}
