//! corio: one context, a task per connection.

use std::io;

use context::Context;
use uring_io::net::{TcpListener, TcpStream};

use crate::echo::EchoConfig;

/// `corio`: receives into buffers of the context, and writes them back as they are.
pub(super) fn pooled(config: &EchoConfig) -> io::Result<()> {
    serve(config, |stream, _| echo_pooled(stream))
}

/// `corio:read`: reads into a buffer of its own, which is handed over and back.
pub(super) fn owned(config: &EchoConfig) -> io::Result<()> {
    serve(config, echo_owned)
}

fn serve<F>(config: &EchoConfig, echo: impl Fn(TcpStream, usize) -> F) -> io::Result<()>
where
    F: Future<Output = io::Result<()>> + 'static,
{
    let listener = config.bind()?;
    let served = Context::new().block_on(async {
        let listener = TcpListener::from_std(listener);
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            context::spawn(echo(stream, config.size)).detach();
        }
    });
    served.map_err(io::Error::other)?
}

async fn echo_pooled(stream: TcpStream) -> io::Result<()> {
    while let Some(bytes) = stream.recv().await? {
        let (result, _) = stream.write_all(bytes).await;
        result?;
    }
    Ok(())
}

async fn echo_owned(stream: TcpStream, size: usize) -> io::Result<()> {
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
