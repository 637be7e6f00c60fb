//! Bytes go through the proxy both ways, ends of directions too.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

use crate::support::Server;

fn start() -> (Server, TcpListener) {
    let target = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = target.local_addr().unwrap().to_string();
    (Server::start("proxy", &["127.0.0.1:0", &address]), target)
}

#[test]
fn bytes_go_through_both_ways() {
    const TOTAL: usize = 2_000_000;
    let (proxy, target) = start();
    let said = |seed: usize| -> Vec<u8> { (0..TOTAL).map(|at| (at / 11 + seed) as u8).collect() };
    let mut clients = Vec::new();
    for number in 0..4 {
        let client = proxy.connect().0;
        let (server, _) = target.accept().unwrap();
        for (stream, seed, other) in [(client, number, number + 9), (server, number + 9, number)] {
            let mut writer = stream.try_clone().unwrap();
            clients.push(thread::spawn(move || {
                writer.write_all(&said(seed)).unwrap();
                writer.shutdown(Shutdown::Write).unwrap();
            }));
            clients.push(thread::spawn(move || {
                let mut heard = Vec::new();
                (&stream).read_to_end(&mut heard).unwrap();
                assert!(heard == said(other));
            }));
        }
    }
    for client in clients {
        client.join().unwrap();
    }
}

#[test]
fn who_has_said_all_may_still_listen() {
    let (proxy, target) = start();
    let mut client = proxy.connect();
    let (mut server, _) = target.accept().unwrap();
    client.send("question");
    client.0.shutdown(Shutdown::Write).unwrap();
    let mut question = String::new();
    server.read_to_string(&mut question).unwrap();
    assert_eq!(question, "question");
    for _ in 0..3 {
        server.write_all(b"answer").unwrap();
        client.expect("answer");
    }
    drop(server);
    assert_eq!(client.rest(), b"");
}

#[test]
fn nobody_there_is_told_and_the_next_one_is_served() {
    let (proxy, target) = start();
    let address = target.local_addr().unwrap();
    drop(target);
    // The end, or a reset if the question came later.
    let mut client = proxy.connect();
    let _ = client.0.write_all(b"anybody?");
    assert!(matches!(client.0.read(&mut [0; 9]), Ok(0) | Err(_)));
    let target = TcpListener::bind(address).unwrap();
    let mut client = proxy.connect();
    let (mut server, _) = target.accept().unwrap();
    server.write_all(b"here").unwrap();
    client.expect("here");
}

#[test]
fn a_reset_reaches_the_other_side() {
    let (proxy, target) = start();
    let client = proxy.connect();
    let (server, _) = target.accept().unwrap();
    server
        .set_read_timeout(client.0.read_timeout().unwrap())
        .unwrap();
    let client: TcpStream = client.0;
    socket2::SockRef::from(&client)
        .set_linger(Some(std::time::Duration::ZERO))
        .unwrap();
    drop(client);
    let error = (&server).read(&mut [0; 9]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[test]
fn ctrl_c_ends_the_connections() {
    let (proxy, target) = start();
    let mut client = proxy.connect();
    let (server, _) = target.accept().unwrap();
    client.send("hello");
    let mut hello = [0; 5];
    (&server).read_exact(&mut hello).unwrap();
    proxy.running.stop();
    assert!((&server).read(&mut [0; 9]).is_err());
    assert!(client.0.read(&mut [0; 9]).is_err());
}
