//! The store answers as Redis does to what it knows, one request or many at a time.

use std::net::Shutdown;
use std::thread;

use crate::support::{Client, Server};

fn start() -> Server {
    Server::start(crate::KV_SERVER, &["127.0.0.1:0"])
}

/// A request as clients send it.
fn request(words: &[&[u8]]) -> Vec<u8> {
    let mut request = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        request.extend_from_slice(&bulk(word));
    }
    request
}

fn bulk(bytes: &[u8]) -> Vec<u8> {
    let mut bulk = format!("${}\r\n", bytes.len()).into_bytes();
    bulk.extend_from_slice(bytes);
    bulk.extend_from_slice(b"\r\n");
    bulk
}

#[track_caller]
fn ask(client: &mut Client, line: &str, reply: &str) {
    let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
    client.send(request(&words));
    client.expect(reply);
}

#[test]
fn each_command_is_answered() {
    let server = start();
    let mut client = server.connect();
    let cases = [
        // What redis-benchmark and redis-cli begin with.
        ("CONFIG GET save", "*2\r\n$4\r\nsave\r\n$0\r\n\r\n"),
        (
            "config get appendonly",
            "*2\r\n$10\r\nappendonly\r\n$0\r\n\r\n",
        ),
        ("COMMAND DOCS", "*0\r\n"),
        ("PING", "+PONG\r\n"),
        ("PING hello", "$5\r\nhello\r\n"),
        ("GET a", "$-1\r\n"),
        ("SET a 1", "+OK\r\n"),
        ("get a", "$1\r\n1\r\n"),
        ("INCR a", ":2\r\n"),
        ("DECR b", ":-1\r\n"),
        ("EXISTS a b c", ":2\r\n"),
        ("DBSIZE", ":2\r\n"),
        ("DEL a b c", ":2\r\n"),
        ("DEL a", ":0\r\n"),
        ("GET a", "$-1\r\n"),
        ("SET a x", "+OK\r\n"),
        ("INCR a", "-ERR value is not an integer or out of range\r\n"),
        ("SET a 9223372036854775807", "+OK\r\n"),
        ("INCR a", "-ERR increment or decrement would overflow\r\n"),
        ("SET a 1 EX 10", "-ERR syntax error\r\n"),
        (
            "GET",
            "-ERR wrong number of arguments for 'get' command\r\n",
        ),
        ("LPUSH a b", "-ERR unknown command 'LPUSH'\r\n"),
        ("SELECT 1", "-ERR DB index is out of range\r\n"),
        ("FLUSHALL", "+OK\r\n"),
        ("DBSIZE", ":0\r\n"),
        ("QUIT", "+OK\r\n"),
    ];
    for (line, reply) in cases {
        ask(&mut client, line, reply);
    }
    assert_eq!(client.rest(), b"");
}

#[test]
fn requests_may_be_typed() {
    let server = start();
    let mut client = server.connect();
    client.send("PING\r\n\r\nset  word value\nGET word\r\n");
    client.expect("+PONG\r\n+OK\r\n$5\r\nvalue\r\n");
    client.0.shutdown(Shutdown::Write).unwrap();
    assert_eq!(client.rest(), b"");
}

#[test]
fn values_may_be_anything_of_any_length() {
    let server = start();
    let mut client = server.connect();
    let long: Vec<u8> = (0..5_000_000_u32)
        .map(|at| (at.wrapping_mul(31) >> 5) as u8)
        .collect();
    for value in [&b""[..], b"\r\n\0\xff$", &long] {
        client.send(request(&[b"SET", b"key\r\n", value]));
        client.expect("+OK\r\n");
        // More replies than are sent at once.
        client.send(request(&[b"GET", b"key\r\n"]).repeat(3));
        client.expect(bulk(value).repeat(3));
    }
}

#[test]
fn a_malformed_request_ends_its_connection_only() {
    let server = start();
    let mut other = server.connect();
    ask(&mut other, "SET a 1", "+OK\r\n");
    let cases = [
        ("*x\r\n", "invalid multibulk length"),
        ("*1\r\n:1\r\n", "expected '$'"),
        ("*1\r\n$99999999999\r\n", "invalid bulk length"),
        ("*1\r\n$1\r\nabc", "expected the end of the argument"),
    ];
    for (bytes, reason) in cases {
        let mut client = server.connect();
        client.send(format!("PING\r\n{bytes}"));
        let replies = format!("+PONG\r\n-ERR Protocol error: {reason}\r\n");
        assert_eq!(client.rest(), replies.as_bytes());
    }
    ask(&mut other, "GET a", "$1\r\n1\r\n");
}

/// What `redis-benchmark -P` does: several clients, each with many requests under way.
#[test]
fn pipelined_requests_are_all_answered_in_order() {
    const CLIENTS: u64 = 4;
    const ROUNDS: u64 = 50;
    const DEPTH: u64 = 200;
    let server = start();
    thread::scope(|threads| {
        for number in 0..CLIENTS {
            let mut client = server.connect();
            threads.spawn(move || {
                for round in 0..ROUNDS {
                    let (mut requests, mut replies) = (Vec::new(), Vec::new());
                    for step in 0..DEPTH {
                        let key = format!("key:{number}:{}", step % 17);
                        let value = format!("{round}:{step}");
                        requests.extend(request(&[b"SET", key.as_bytes(), value.as_bytes()]));
                        requests.extend(request(&[b"GET", key.as_bytes()]));
                        requests.extend(request(&[b"INCR", &[b'n', number as u8]]));
                        requests.extend(b"PING\r\n");
                        replies.extend(b"+OK\r\n");
                        replies.extend(bulk(value.as_bytes()));
                        replies.extend(format!(":{}\r\n", round * DEPTH + step + 1).bytes());
                        replies.extend(b"+PONG\r\n");
                    }
                    // Cut where no request ends, another place each time.
                    for piece in requests.chunks(1000 + 7 * round as usize) {
                        client.send(piece);
                    }
                    client.expect(replies);
                }
            });
        }
    });
    let mut client = server.connect();
    ask(&mut client, "DBSIZE", &format!(":{}\r\n", CLIENTS * 18));
}

#[test]
fn ctrl_c_ends_it() {
    let server = start();
    let mut client = server.connect();
    ask(&mut client, "SET a 1", "+OK\r\n");
    assert_eq!(server.running.stop(), "1 keys are forgotten\n");
    assert_eq!(client.rest(), b"");
}
