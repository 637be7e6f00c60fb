//! The greeter speaks HTTP as browsers and load generators need it.

use std::net::Shutdown;

use crate::support::{Client, Server};

fn start(contexts: &str) -> Server {
    Server::start("http_hello", &["127.0.0.1:0", contexts])
}

fn hello(name: &str) -> String {
    let text = format!("Hello, {name}!\n");
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{text}",
        text.len()
    )
}

fn request(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: here\r\n\r\n")
}

/// The status of the one response that ends the connection.
fn last_status(client: &mut Client) -> String {
    let text = String::from_utf8(client.rest()).unwrap();
    assert_eq!(text.matches("HTTP/1.1").count(), 1, "{text}");
    assert!(text.contains("\r\nConnection: close\r\n"), "{text}");
    text[9..12].to_owned()
}

#[test]
fn a_connection_is_kept_alive() {
    let server = start("2");
    for _ in 0..20 {
        let mut client = server.connect();
        for name in ["world", "you", "me?and=him"] {
            client.send(request(&format!("/{}", name.trim_start_matches("world"))));
            client.expect(hello(name));
        }
        client.send("GET / HTTP/1.1\r\nHost: here\r\nConnection: Close\r\n\r\n");
        assert_eq!(last_status(&mut client), "200");
    }
}

#[test]
fn pipelined_requests_are_answered_in_order_wherever_they_are_cut() {
    let server = start("1");
    let mut client = server.connect();
    let body = "x".repeat(60_000);
    let mut requests = String::new();
    let mut responses = String::new();
    for number in 0..500 {
        requests += &request(&format!("/{number}"));
        responses += &hello(&number.to_string());
        if number % 100 == 50 {
            // Its body, though it looks like one, is no request.
            let length = body.len();
            requests += &format!(
                "POST /{number} HTTP/1.1\r\nHost: here\r\nContent-Length: {length}\r\n\r\n{body}"
            );
            responses += "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\n\
                          Content-Type: text/plain\r\nContent-Length: 23\r\n\r\n405 Method Not Allowed\n";
        }
    }
    for piece in requests.as_bytes().chunks(777) {
        client.send(piece);
    }
    client.expect(responses);
    client.0.shutdown(Shutdown::Write).unwrap();
    assert_eq!(client.rest(), b"");
}

#[test]
fn old_clients_are_served_once() {
    let server = start("1");
    let mut client = server.connect();
    client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    client.expect(hello("world"));
    client.send("HEAD /you HTTP/1.0\r\n\r\n");
    assert_eq!(
        String::from_utf8(client.rest()).unwrap(),
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\n"
    );
}

#[test]
fn what_is_no_request_is_refused() {
    let server = start("1");
    let long = format!("GET /{} HTTP/1.1\r\n", "x".repeat(20_000));
    let cases = [
        ("nonsense\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\n\r\n", "400"),
        (
            "GET / HTTP/1.1\r\nHost: here\r\nContent-Length: +1\r\n\r\n",
            "400",
        ),
        (
            "GET / HTTP/1.1\r\nHost: here\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            "400",
        ),
        (
            "POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 99999999\r\n\r\n",
            "413",
        ),
        (
            "POST / HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n",
            "501",
        ),
        (long.as_str(), "431"),
    ];
    for (request, status) in cases {
        let mut client = server.connect();
        client.send(request);
        assert_eq!(last_status(&mut client), status, "{request:?}");
    }
}

#[test]
fn ctrl_c_ends_all_contexts() {
    let server = start("3");
    let mut clients: Vec<_> = (0..20).map(|_| server.connect()).collect();
    for client in &mut clients {
        client.send(request("/"));
        client.expect(hello("world"));
    }
    server.running.stop();
    for client in &mut clients {
        assert_eq!(client.rest(), b"");
    }
}
