//! Names are looked up off the context's thread; what does not resolve says which name it was.

mod support;

use std::io::ErrorKind;
use std::net::SocketAddr;

use support::run;
use uring_io::net::{TcpListener, TcpStream};

#[test]
fn localhost_is_found_and_literals_of_every_form_are_taken() {
    run(async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let port = address.port();
        let text = address.to_string();
        let several: &[SocketAddr] = &["127.0.0.1:1".parse().unwrap(), address];
        drop(TcpStream::connect(("localhost", port)).await.unwrap());
        drop(
            TcpStream::connect(format!("localhost:{port}"))
                .await
                .unwrap(),
        );
        drop(TcpStream::connect(&text).await.unwrap());
        drop(TcpStream::connect(text.as_str()).await.unwrap());
        drop(TcpStream::connect((address.ip(), port)).await.unwrap());
        // The first is refused, the second answers.
        drop(TcpStream::connect(several).await.unwrap());
        let error = TcpStream::connect(&several[..1]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    });
}

#[test]
fn both_address_families_work() {
    run(async {
        let listener = TcpListener::bind("[::1]:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let client = TcpStream::connect(address).await.unwrap();
        let (server, peer) = listener.accept().await.unwrap();
        assert_eq!(peer, client.local_addr().unwrap());
        assert_eq!(client.peer_addr().unwrap(), address);
        server.write_all("six").await.0.unwrap();
        assert_eq!(*client.recv().await.unwrap().unwrap(), *b"six");
    });
}

#[test]
fn what_cannot_be_resolved_says_so() {
    run(async {
        let error = TcpStream::connect("no-such-host.invalid:80")
            .await
            .unwrap_err();
        assert!(
            error.to_string().contains("no-such-host.invalid"),
            "{error}"
        );
        let error = TcpStream::connect("no port").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("`no port`"), "{error}");
        let error = TcpListener::bind(Vec::new()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
    });
}
