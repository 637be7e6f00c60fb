//! The examples do what they say, as their users run them.

#[cfg(all(feature = "sync-prims", feature = "hyper"))]
mod axum_hello;
#[cfg(feature = "sync-prims")]
mod http_hello;
#[cfg(all(feature = "sync-prims", feature = "hyper"))]
mod hyper;
#[cfg(feature = "sync-prims")]
mod kv_server;
#[cfg(feature = "sync-prims")]
mod prometheus;
#[cfg(feature = "sync-prims")]
mod proxy;
#[cfg(feature = "sync-prims")]
mod static_files;
mod stdin_client;
mod support;
mod tail;
#[cfg(all(feature = "channel", feature = "sync-prims"))]
mod tcp_chat;
#[cfg(all(feature = "sync-prims", feature = "tokio"))]
mod tls_echo;
mod top;
#[cfg(all(feature = "sync-prims", feature = "tokio"))]
mod websocket_echo;

use support::{Server, example, succeeded};

/// The store that is tested; its twin on tokio has to pass the same tests.
#[cfg(feature = "sync-prims")]
const KV_SERVER: &str = "kv_server";

#[test]
fn the_echo_client_is_served_by_the_echo_server() {
    for contexts in ["1", "2"] {
        let server = Server::start(
            "echo_server",
            &["--addr", "127.0.0.1:0", "--contexts", contexts],
        );
        let address = server.address.to_string();
        let mut client = example("echo_client");
        client.args([
            "--addr",
            &address,
            "--connections",
            "20",
            "--size",
            "5000",
            "--seconds",
            "1",
        ]);
        let text = succeeded(client.output().unwrap());
        assert!(
            text.contains("messages of 5000 B on 20 connections"),
            "{text}"
        );
        assert!(!text.starts_with("0 "), "{text}");
    }
}

#[test]
fn a_copied_file_is_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let (source, destination) = (directory.path().join("a"), directory.path().join("b"));
    std::fs::write(&source, "some text").unwrap();
    let text = succeeded(
        example("file_copy")
            .args([&source, &destination])
            .output()
            .unwrap(),
    );
    assert_eq!(text, "9 bytes copied\n");
    assert_eq!(std::fs::read(&destination).unwrap(), b"some text");
}

#[test]
fn the_sum_is_right() {
    for (n, sum) in [
        ("0", "is 0 "),
        ("1", "is 0 "),
        ("1000", "is 499500 "),
        ("1000001", "is 500000500000 "),
    ] {
        let text = succeeded(example("parallel_sum").arg(n).output().unwrap());
        assert!(text.contains(sum), "{text}");
    }
}

#[cfg(feature = "channel")]
#[test]
fn a_pipeline_holds_up_who_is_too_fast() {
    for (capacity, most) in [("0", 0), ("3", 3), ("1000", 1000)] {
        let mut pipeline = example("pipeline");
        let text = succeeded(
            pipeline
                .args(["5000", "--capacity", capacity])
                .output()
                .unwrap(),
        );
        assert!(text.contains("of 5000 squares is 41654167500;"), "{text}");
        let waited: usize = text.split(' ').rev().nth(2).unwrap().parse().unwrap();
        assert!(waited <= most, "{text}");
    }
}

#[cfg(feature = "channel")]
#[test]
fn every_job_is_done_by_one_of_the_workers() {
    for workers in ["1", "5"] {
        let mut pool = example("worker_pool");
        let text = succeeded(pool.args(["2000", "--workers", workers]).output().unwrap());
        assert_eq!(text, "303 of 2000 numbers are primes\n");
    }
}

#[cfg(feature = "channel")]
#[test]
fn what_was_accepted_is_answered_before_the_end() {
    for (stop_after, is_stopped) in [("0", true), ("300", true), ("1000", false)] {
        let mut drain = example("graceful_drain");
        drain.args(["1000", "--stop-after", stop_after]);
        let text = succeeded(drain.output().unwrap());
        let numbers: Vec<usize> = text
            .split(|letter: char| !letter.is_ascii_digit())
            .filter_map(|digits| digits.parse().ok())
            .collect();
        let [accepted, refused, answered] = numbers[..] else {
            panic!("{text}");
        };
        assert_eq!((accepted + refused, answered), (1000, accepted), "{text}");
        assert_eq!(refused > 0, is_stopped, "{text}");
    }
}

#[test]
fn bad_arguments_are_named() {
    let mut cases: Vec<(&str, &[&str], &str)> = vec![
        ("echo_server", &["--addr", "nowhere"], "nowhere"),
        ("echo_server", &["--contexts", "0"], "--contexts"),
        (
            "echo_server",
            &["--addr", "192.0.2.1:80"],
            "cannot listen on 192.0.2.1:80",
        ),
        ("echo_client", &["--size", "0"], "--size"),
        (
            "echo_client",
            &["--addr", "127.0.0.1:1"],
            "cannot connect to 127.0.0.1:1",
        ),
        ("file_copy", &["/no/such/file", "/tmp/x"], "/no/such/file"),
        ("parallel_sum", &["many"], "many"),
        ("stdin_client", &[], "an address is missing"),
        ("stdin_client", &["nowhere"], "cannot connect to nowhere"),
        ("tail", &[], "a file is missing"),
        ("tail", &["-n", "few", "x"], "few"),
        ("tail", &["/no/such/file"], "cannot read /no/such/file"),
        ("tail", &["/tmp"], "tail:"),
    ];
    if cfg!(feature = "sync-prims") {
        cases.extend_from_slice(&[
            (
                "http_hello",
                &["nowhere"] as &[_],
                "cannot listen on nowhere",
            ),
            ("http_hello", &["127.0.0.1:0", "0"], "`0` is no number"),
            (
                "kv_server",
                &["192.0.2.1:80"],
                "cannot listen on 192.0.2.1:80",
            ),
        ]);
    }
    if cfg!(all(feature = "sync-prims", feature = "hyper")) {
        cases.extend_from_slice(&[
            (
                "hyper_server",
                &["nowhere"] as &[_],
                "cannot listen on nowhere",
            ),
            ("hyper_client", &["127.0.0.1:1"], "<PATHS>"),
            (
                "hyper_client",
                &["127.0.0.1:1", "/"],
                "cannot connect to 127.0.0.1:1",
            ),
        ]);
    }
    if cfg!(all(feature = "sync-prims", feature = "hyper")) {
        cases.extend_from_slice(&[
            (
                "axum_hello",
                &["nowhere"] as &[_],
                "cannot listen on nowhere",
            ),
            ("axum_hello", &["127.0.0.1:0", "0"], "`0` is no number"),
        ]);
    }
    if cfg!(all(feature = "sync-prims", feature = "tokio")) {
        cases.extend_from_slice(&[
            ("tls_echo", &[] as &[_], "--cert"),
            (
                "tls_echo",
                &["--cert", "/no/such/x"],
                "cannot write /no/such/x",
            ),
            (
                "tls_echo",
                &["--connect", "--cert", "/no/such/x"],
                "cannot read /no/such/x",
            ),
            (
                "tls_echo",
                &["--connect", "--cert", "/dev/null", "127.0.0.1:1"],
                "/dev/null holds no certificate",
            ),
            ("websocket_echo", &["nowhere"], "cannot listen on nowhere"),
        ]);
    }
    for (name, arguments, part) in cases {
        let output = example(name).args(arguments).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success() && text.contains(part),
            "{name} {arguments:?}: {text}"
        );
    }
}
