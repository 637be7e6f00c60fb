//! smol: `epoll`, a `LocalExecutor`, a task per connection.

use std::io;
use std::net::TcpListener;

use smol::io::{AsyncReadExt, AsyncWriteExt};
use smol::net::TcpStream;
use smol::{Async, LocalExecutor};

use crate::echo::EchoConfig;

pub(super) fn serve(config: &EchoConfig) -> io::Result<()> {
    let executor = LocalExecutor::new();
    let listener: Async<TcpListener> = Async::new(config.bind()?)?;
    let listener = smol::net::TcpListener::from(listener);
    smol::block_on(executor.run(async {
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            executor.spawn(echo(stream, config.size)).detach();
        }
    }))
}

async fn echo(mut stream: TcpStream, size: usize) -> io::Result<()> {
    let mut buffer = vec![0; size];
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..count]).await?;
    }
}
