//! glommio: ring-driven `poll` and socket calls, a task per connection.

use std::io;

use futures_util::{AsyncReadExt, AsyncWriteExt};
use glommio::net::{TcpListener, TcpStream};
use glommio::{LocalExecutorBuilder, Placement};

use crate::echo::EchoConfig;

pub(super) fn serve(config: &EchoConfig) -> io::Result<()> {
    let executor = LocalExecutorBuilder::new(Placement::Unbound)
        .ring_depth(1024)
        .make()?;
    executor.run(async {
        // glommio opens its own listeners, with a backlog of 1024.
        let listener = TcpListener::bind(config.address)?;
        config.announce(listener.local_addr()?);
        loop {
            let stream = listener.accept().await?;
            stream.set_nodelay(true)?;
            glommio::spawn_local(echo(stream, config.size)).detach();
        }
    })
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
