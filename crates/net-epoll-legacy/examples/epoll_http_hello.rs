//! Answers every HTTP request with a greeting; connections are kept open.
//!
//! `cargo run --release -p net-epoll-legacy --example epoll_http_hello -- 127.0.0.1:8080`, and `curl -i http://127.0.0.1:8080/`.

use std::io;

use net_epoll_legacy::{Acceptor, Buffer, Connection, IoContext};

/// Bytes that the head of a request may have.
const LONGEST: usize = 16 * 1024;

fn main() -> io::Result<()> {
    let address = std::env::args().nth(1);
    let address = address.unwrap_or_else(|| "127.0.0.1:8080".into());
    let greeting = "Hello from epoll\n";
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{greeting}",
        greeting.len()
    );
    let answer = Buffer::from(answer.into_bytes());
    let context = IoContext::new()?;
    let handle = context.handle();
    let serving = async move {
        let acceptor = Acceptor::bind(&handle, address).await?;
        println!("listening on {}", acceptor.local_addr()?);
        loop {
            let (connection, peer) = acceptor.accept().await?;
            let answer = answer.clone();
            handle.spawn_named("http", async move {
                if let Err(error) = serve(&connection, &answer).await {
                    eprintln!("{peer:?}: {error}");
                }
            });
        }
    };
    context.block_on(serving)?
}

/// Answers one request after the other: those without a body, that is.
async fn serve(connection: &Connection, answer: &Buffer) -> io::Result<()> {
    let mut buffer = vec![0; LONGEST];
    let mut filled = 0;
    loop {
        while let Some(end) = end_of_head(&buffer[..filled]) {
            let has_body = has_body(&buffer[..end]);
            if has_body {
                let refusal = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                return connection.send_all(refusal).await;
            }
            connection.send_all(answer).await?;
            buffer.copy_within(end..filled, 0);
            filled -= end;
        }
        if filled == LONGEST {
            let refusal = b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            return connection.send_all(refusal).await;
        }
        match connection.receive(&mut buffer[filled..]).await? {
            0 => return Ok(()),
            count => filled += count,
        }
    }
}

fn end_of_head(bytes: &[u8]) -> Option<usize> {
    let at = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some(at + 4)
}

fn has_body(head: &[u8]) -> bool {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let mut lines = head.lines();
    lines.any(|line| {
        let length = line.strip_prefix("content-length:");
        length.is_some_and(|length| length.trim() != "0") || line.starts_with("transfer-encoding:")
    })
}
