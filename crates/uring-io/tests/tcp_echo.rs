//! Bytes come back as they were sent.

use std::io::{Read, Write};

use uring_io::net::{TcpListener, TcpStream};

async fn echo(stream: TcpStream) -> std::io::Result<()> {
    while let Some(bytes) = stream.recv().await? {
        stream.write_all(bytes).await.0?;
    }
    Ok(())
}

async fn echo_owned(stream: TcpStream) -> std::io::Result<()> {
    let mut buffer = vec![0; 4096];
    loop {
        let (result, mut filled) = stream.read(buffer).await;
        let count = result?;
        if count == 0 {
            return Ok(());
        }
        filled.truncate(count);
        let (result, written) = stream.write_all(filled).await;
        result?;
        buffer = written;
    }
}

fn serve<F: Future<Output = std::io::Result<()>> + 'static>(serve: fn(TcpStream) -> F) {
    context::block_on(async move {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let client = std::thread::spawn(move || {
            let mut stream = std::net::TcpStream::connect(address).unwrap();
            for round in 0..1000usize {
                let sent: Vec<u8> = (0..round * 7 % 3000 + 1)
                    .map(|at| (at * 31 + round) as u8)
                    .collect();
                stream.write_all(&sent).unwrap();
                let mut got = vec![0; sent.len()];
                stream.read_exact(&mut got).unwrap();
                assert_eq!(sent, got);
            }
        });
        let (stream, peer) = listener.accept().await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), peer);
        assert_eq!(stream.local_addr().unwrap(), address);
        context::spawn(serve(stream)).await.unwrap().unwrap();
        client.join().unwrap();
    })
    .unwrap();
}

#[test]
fn through_pooled_buffers() {
    serve(echo);
}

#[test]
fn through_owned_buffers() {
    serve(echo_owned);
}
