//! The examples do what they say, as their users run them.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

/// An example's program, which the test's build has put beside the tests.
fn example(name: &str) -> Command {
    let tests = std::env::current_exe().unwrap();
    let folder = tests
        .parent()
        .and_then(|deps| deps.parent())
        .unwrap()
        .join("examples");
    let program: PathBuf = folder.join(name);
    assert!(
        program.exists(),
        "{} is built by `cargo test -p corio`",
        program.display()
    );
    Command::new(program)
}

fn succeeded(output: Output) -> String {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Ends the server when the test does.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_echo_client_is_served_by_the_echo_server() {
    for contexts in ["1", "2"] {
        let mut server = example("echo_server");
        server
            .args(["--addr", "127.0.0.1:0", "--contexts", contexts])
            .stdout(Stdio::piped());
        let mut server = Server(server.spawn().unwrap());
        let mut line = String::new();
        BufReader::new(server.0.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line.split_whitespace().nth(2).unwrap();
        let mut client = example("echo_client");
        client.args([
            "--addr",
            address,
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

#[test]
fn bad_arguments_are_named() {
    let cases: [(&str, &[&str], &str); 7] = [
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
    ];
    for (name, arguments, part) in cases {
        let output = example(name).args(arguments).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success() && text.contains(part),
            "{name} {arguments:?}: {text}"
        );
    }
}
