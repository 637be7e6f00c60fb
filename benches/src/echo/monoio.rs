//! monoio with its ring driver: a task per connection, buffers handed over and back.

use std::io;

use monoio::io::{AsyncReadRent, AsyncWriteRentExt};
use monoio::net::{TcpListener, TcpStream};

use crate::echo::EchoConfig;
use crate::settings;

pub(super) fn serve(config: &EchoConfig) -> io::Result<()> {
    let mut runtime = settings::monoio::builder().build()?;
    let listener = config.bind()?;
    let size = config.size;
    runtime.block_on(async {
        let listener = TcpListener::from_std(listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            monoio::spawn(echo(stream, size));
        }
    })
}

async fn echo(mut stream: TcpStream, size: usize) -> io::Result<()> {
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
