//! The client sends what it is given and shows what it is told, whatever its standard input is.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{ChildStdin, Stdio};

use crate::support::{Running, example};

/// The client, its standard input if it is a pipe, and the server's end of its connection.
fn start(input: Stdio) -> (Running, Option<ChildStdin>, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut program = example("stdin_client");
    program
        .arg(listener.local_addr().unwrap().to_string())
        .stdin(input);
    let mut running = Running::start(program);
    let input = running.child.stdin.take();
    let (server, _) = listener.accept().unwrap();
    (running, input, server)
}

#[test]
fn what_is_typed_is_sent_and_what_comes_back_is_shown() {
    let (mut client, input, mut server) = start(Stdio::piped());
    let mut input = input.unwrap();
    for round in 0..10 {
        input
            .write_all(format!("question {round}\n").as_bytes())
            .unwrap();
        let mut question = vec![0; 11];
        server.read_exact(&mut question).unwrap();
        assert_eq!(question, format!("question {round}\n").as_bytes());
        server
            .write_all(format!("answer {round}\n").as_bytes())
            .unwrap();
        assert_eq!(client.line(), format!("answer {round}\n"));
    }
    // The end of the input is the end of that direction only.
    drop(input);
    assert_eq!(server.read(&mut [0; 9]).unwrap(), 0);
    server.write_all(b"one more thing\n").unwrap();
    drop(server);
    assert_eq!(client.ended(), "one more thing\n");
}

#[test]
fn the_servers_end_is_the_end_although_somebody_types() {
    let (mut client, input, mut server) = start(Stdio::piped());
    server.write_all(b"bye\n").unwrap();
    drop(server);
    assert_eq!(client.ended(), "bye\n");
    drop(input);
}

#[test]
fn a_file_may_be_sent() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("text");
    let text: Vec<u8> = (0..1_000_000_u32).map(|at| (at / 13) as u8).collect();
    std::fs::write(&path, &text).unwrap();
    let (mut client, _, mut server) = start(File::open(&path).unwrap().into());
    let mut received = Vec::new();
    server.read_to_end(&mut received).unwrap();
    assert!(received == text);
    server.write_all(b"thanks").unwrap();
    drop(server);
    assert_eq!(client.ended(), "thanks");
}
