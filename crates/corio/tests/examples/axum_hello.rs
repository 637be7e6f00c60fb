//! The router's clients: a plain socket, and curl.

use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Client, Server, example, succeeded};

fn start(contexts: &str) -> Server {
    Server::start("axum_hello", &["127.0.0.1:0", contexts])
}

fn get(client: &mut Client, path: &str) -> (u16, String) {
    client.send(format!("GET {path} HTTP/1.1\r\nHost: here\r\n\r\n"));
    answer(client)
}

fn post(client: &mut Client, path: &str, media_type: &str, body: &str) -> (u16, String) {
    let length = body.len();
    client.send(format!(
        "POST {path} HTTP/1.1\r\nHost: here\r\nContent-Type: {media_type}\r\nContent-Length: {length}\r\n\r\n{body}"
    ));
    answer(client)
}

/// The status and the body of what comes next.
fn answer(client: &mut Client) -> (u16, String) {
    let head = client.until("\r\n\r\n");
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .unwrap_or_else(|| panic!("no length in {head}"));
    let body = client.exactly(length.parse().unwrap());
    (status, String::from_utf8(body).unwrap())
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn one_connection_asks_for_all_routes() {
    let server = start("1");
    let mut client = server.connect();
    let (status, body) = get(&mut client, "/hello/w%C3%B6rld");
    assert_eq!(
        (status, json(&body)),
        (200, json!({"hello": "wörld", "visit": 1}))
    );
    let numbers = r#"{"numbers": [1, 2, -40]}"#;
    let (status, body) = post(&mut client, "/sum", "application/json", numbers);
    assert_eq!((status, json(&body)), (200, json!({"sum": -37})));
    let (status, body) = get(&mut client, "/visits");
    assert_eq!((status, json(&body)), (200, json!({"visits": 1})));
    // More than the buffers of a connection hold.
    let numbers = format!(r#"{{"numbers": [0{}]}}"#, ", 1".repeat(300_000));
    let (status, body) = post(&mut client, "/sum", "application/json", &numbers);
    assert_eq!((status, json(&body)), (200, json!({"sum": 300_000})));
}

#[test]
fn what_cannot_be_answered_gets_its_status_and_the_connection_goes_on() {
    let server = start("1");
    let mut client = server.connect();
    assert_eq!(get(&mut client, "/nowhere").0, 404);
    assert_eq!(get(&mut client, "/hello/a/b").0, 404);
    assert_eq!(get(&mut client, "/sum").0, 405);
    let json = "application/json";
    for (media_type, body, expected) in [
        (json, r#"{"numbers": [1"#, 400),
        (json, r#"{"numbers": ["1"]}"#, 422),
        (json, r#"{"numbers": [9223372036854775807, 1]}"#, 422),
        ("text/plain", r#"{"numbers": [1]}"#, 415),
    ] {
        let (status, text) = post(&mut client, "/sum", media_type, body);
        assert_eq!(status, expected, "{body}: {text}");
        assert!(!text.is_empty());
    }
    assert_eq!(get(&mut client, "/visits"), (200, r#"{"visits":0}"#.into()));
}

/// The kernel spreads the connections: with so many, each of three contexts has some (but for one in 10^17 runs), and all count
/// in the same state.
#[test]
fn all_contexts_share_the_state() {
    let server = start("3");
    for visit in 1..=100 {
        let (status, body) = get(&mut server.connect(), "/hello/you");
        assert_eq!(
            (status, json(&body)),
            (200, json!({"hello": "you", "visit": visit}))
        );
    }
}

/// On each context there is a request in the middle of its body when ctrl-c is pressed, and an idle connection.
#[test]
fn requests_in_flight_are_answered_after_ctrl_c() {
    let mut server = start("2");
    let mut clients: Vec<Client> = (0..20).map(|_| server.connect()).collect();
    let mut idle: Vec<Client> = (0..20).map(|_| server.connect()).collect();
    for client in &mut idle {
        assert_eq!(get(client, "/hello/you").0, 200);
    }
    let fresh = server.connect();
    let body = r#"{"numbers": [4, 5]}"#;
    for client in &mut clients {
        let length = body.len();
        client.send(format!(
            "POST /sum HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nExpect: 100-continue\r\n\r\n"
        ));
        // So the request is being read.
        client.expect("HTTP/1.1 100 Continue\r\n\r\n");
        client.send(&body[..5]);
    }
    server.running.interrupt();
    for client in &mut idle {
        assert_eq!(client.rest(), b"", "an idle connection ends");
    }
    for client in &mut clients {
        client.send(&body[5..]);
        let (status, sum) = answer(client);
        assert_eq!((status, json(&sum)), (200, json!({"sum": 9})));
        assert_eq!(client.rest(), b"", "the connection ends after its answer");
    }
    server.running.ended();
    drop(fresh);
}

#[test]
fn curl_is_answered() {
    if Command::new("curl").arg("--version").output().is_err() {
        eprintln!("skipped: there is no curl");
        return;
    }
    let server = start("2");
    let curl = |path: &str, arguments: &[&str]| {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--fail", "--max-time", "60"]);
        curl.args(arguments);
        curl.arg(format!("http://{}{path}", server.address));
        json(&succeeded(curl.output().unwrap()))
    };
    assert_eq!(
        curl("/hello/curl", &[]),
        json!({"hello": "curl", "visit": 1})
    );
    let sent = [
        "--header",
        "Content-Type: application/json",
        "--data",
        r#"{"numbers": [20, 22]}"#,
    ];
    assert_eq!(curl("/sum", &sent), json!({"sum": 42}));
}

#[test]
fn an_address_in_use_is_an_error() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = example("axum_hello").arg(&address).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    let expected = format!("axum_hello: cannot listen on {address}: ");
    assert!(
        !output.status.success() && text.starts_with(&expected),
        "{text}"
    );
}
