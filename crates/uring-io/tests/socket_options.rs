//! Socket options (requirement 40): what is set is what is there.

mod support;

use std::io::ErrorKind;
use std::time::Duration;

use support::{pair, run};
use uring_io::net::{ConnectOptions, KeepaliveProbes, TcpListener, TcpStream, UnixStream};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn what_is_set_is_what_is_there() {
    run(async {
        let (stream, _peer) = pair().await;
        for nodelay in [true, false] {
            stream.set_nodelay(nodelay).unwrap();
            assert_eq!(stream.nodelay().unwrap(), nodelay);
        }
        assert_eq!(stream.keepalive().unwrap(), None);
        let probes = KeepaliveProbes {
            idle: Some(7 * SECOND),
            interval: Some(3 * SECOND),
            retries: Some(5),
        };
        stream.set_keepalive_probes(probes).unwrap();
        assert_eq!(stream.keepalive().unwrap(), Some(probes));
        stream.set_keepalive(Some(9 * SECOND)).unwrap();
        let idle = Some(9 * SECOND);
        assert_eq!(
            stream.keepalive().unwrap(),
            Some(KeepaliveProbes { idle, ..probes })
        );
        stream.set_keepalive(None).unwrap();
        assert_eq!(stream.keepalive().unwrap(), None);
        for linger in [Some(2 * SECOND), None] {
            stream.set_linger(linger).unwrap();
            assert_eq!(stream.linger().unwrap(), linger);
        }
        stream.set_ttl(12).unwrap();
        assert_eq!(stream.ttl().unwrap(), 12);
        stream.set_quickack(false).unwrap();
        assert!(!stream.quickack().unwrap());
        for timeout in [Some(30 * SECOND), None] {
            stream.set_user_timeout(timeout).unwrap();
            let found = stream.user_timeout().unwrap();
            assert_eq!(found.unwrap_or_default(), timeout.unwrap_or_default());
        }
        assert!(stream.max_segment().unwrap() > 500);
        stream.set_send_buffer_size(20_000).unwrap();
        assert_eq!(stream.send_buffer_size().unwrap(), 40_000);
        stream.set_recv_buffer_size(30_000).unwrap();
        assert_eq!(stream.recv_buffer_size().unwrap(), 60_000);
        assert!(stream.take_error().unwrap().is_none());
        let (stream, _peer) = UnixStream::pair().unwrap();
        stream.set_send_buffer_size(20_000).unwrap();
        assert_eq!(stream.send_buffer_size().unwrap(), 40_000);
    });
}

#[test]
fn hops_of_ipv6() {
    run(async {
        // Where there is no IPv6 there is nothing to set.
        let Ok(listener) = TcpListener::bind("[::1]:0").await else {
            return;
        };
        let address = listener.local_addr().unwrap();
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_hop_limit(9).unwrap();
        assert_eq!(stream.hop_limit().unwrap(), 9);
        assert!(stream.set_ttl(9).is_err() || stream.ttl().is_ok());
    });
}

#[test]
fn a_connection_begins_as_its_options_say() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let keepalive = KeepaliveProbes {
            idle: Some(11 * SECOND),
            ..KeepaliveProbes::default()
        };
        let options = ConnectOptions {
            local: Some("127.0.0.3:0".parse().unwrap()),
            reuse_address: true,
            reuse_port: true,
            nodelay: true,
            keepalive: Some(keepalive),
            send_buffer_size: Some(21_000),
            recv_buffer_size: Some(31_000),
        };
        let stream = TcpStream::connect_with(address, &options).await.unwrap();
        let (_accepted, peer) = listener.accept().await.unwrap();
        let local = stream.local_addr().unwrap();
        assert_eq!(peer, local);
        assert_eq!(local.ip().to_string(), "127.0.0.3");
        assert!(stream.nodelay().unwrap());
        assert_eq!(stream.keepalive().unwrap().unwrap().idle, Some(11 * SECOND));
        assert_eq!(stream.send_buffer_size().unwrap(), 42_000);
        assert_eq!(stream.recv_buffer_size().unwrap(), 62_000);
        // The same port again, to somebody else: for that both have asked.
        let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let again = ConnectOptions {
            local: Some(local),
            ..options.clone()
        };
        let second = TcpStream::connect_with(other.local_addr().unwrap(), &again).await;
        assert_eq!(second.unwrap().local_addr().unwrap(), local);
        let refused = ConnectOptions {
            local: Some(local),
            ..ConnectOptions::default()
        };
        let error = TcpStream::connect_with(address, &refused)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
    });
}

#[test]
fn a_local_address_that_cannot_be_is_an_error() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        for (local, kind) in [
            ("192.0.2.1:0", ErrorKind::AddrNotAvailable),
            ("[::1]:0", ErrorKind::InvalidInput),
        ] {
            let options = ConnectOptions {
                local: Some(local.parse().unwrap()),
                ..ConnectOptions::default()
            };
            let error = TcpStream::connect_with(address, &options)
                .await
                .unwrap_err();
            assert_eq!(error.kind(), kind, "{error}");
        }
    });
}
