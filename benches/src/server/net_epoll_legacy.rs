//! net-epoll-legacy: `epoll`, a context of one thread, a task per connection.

use std::io;

use net_epoll_legacy::{Acceptor, Connection, IoContext};

use crate::server::Config;

pub(super) fn serve(config: &Config) -> io::Result<()> {
    let context = IoContext::new()?;
    let handle = context.handle();
    let acceptor = Acceptor::from_std(&handle, config.tcp()?)?;
    let size = config.size;
    context.block_on(async move {
        loop {
            let (connection, _) = acceptor.accept().await?;
            connection.options().set_tcp_nodelay(true)?;
            handle.spawn(async move {
                // A connection that breaks is none of the others' business.
                let _ = echo(connection, size).await;
            });
        }
    })?
}

async fn echo(connection: Connection, size: usize) -> io::Result<()> {
    let mut buffer = vec![0; size];
    loop {
        let count = connection.receive(&mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        connection.send_all(&buffer[..count]).await?;
    }
}
