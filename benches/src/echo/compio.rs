//! compio with its ring driver: a task per connection, buffers handed over and back.

use std::io;

use compio::BufResult;
use compio::io::{AsyncRead, AsyncWriteExt};
use compio::net::{TcpListener, TcpStream};

use crate::echo::EchoConfig;
use crate::settings;

pub(super) fn serve(config: &EchoConfig) -> io::Result<()> {
    let runtime = settings::compio::runtime()?;
    let listener = config.bind()?;
    runtime.block_on(async {
        let listener = TcpListener::from_std(listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            compio::runtime::spawn(echo(stream, config.size)).detach();
        }
    })
}

async fn echo(mut stream: TcpStream, size: usize) -> io::Result<()> {
    let mut buffer = Vec::with_capacity(size);
    loop {
        let BufResult(outcome, filled) = stream.read(buffer).await;
        if outcome? == 0 {
            return Ok(());
        }
        let BufResult(outcome, written) = stream.write_all(filled).await;
        outcome?;
        buffer = written;
        buffer.clear();
    }
}
