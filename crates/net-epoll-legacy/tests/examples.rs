//! The examples do what they say, as their users run them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

fn example(name: &str) -> Command {
    let tests = std::env::current_exe().unwrap();
    let folder = tests.parent().and_then(|deps| deps.parent()).unwrap();
    let program = folder.join("examples").join(name);
    assert!(
        program.exists(),
        "{} is built by `cargo test -p net-epoll-legacy`",
        program.display()
    );
    Command::new(program)
}

/// An example that listens, until the test ends.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(name: &str, arguments: &[&str]) -> Self {
        Self::started(example(name).arg("127.0.0.1:0").args(arguments))
    }

    fn started(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line
            .strip_prefix("listening on ")
            .unwrap()
            .trim()
            .to_owned();
        Self { child, address }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        stream
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_echo_server_sends_everything_back() {
    for threads in ["1", "3"] {
        let server = Server::start("epoll_echo_server", &[threads]);
        let sent: Vec<u8> = (0..300_000_u32).map(|at| (at % 251) as u8).collect();
        let streams: Vec<_> = (0..5).map(|_| server.connect()).collect();
        thread::scope(|scope| {
            for mut stream in streams {
                let (mut writer, sent) = (stream.try_clone().unwrap(), &sent);
                scope.spawn(move || {
                    writer.write_all(sent).unwrap();
                    writer.shutdown(Shutdown::Write).unwrap();
                });
                scope.spawn(move || {
                    let mut back = Vec::new();
                    stream.read_to_end(&mut back).unwrap();
                    assert!(back == *sent);
                });
            }
        });
    }
}

#[test]
fn the_log_tells_the_life_of_a_connection() {
    let mut command = example("epoll_echo_server");
    command
        .arg("127.0.0.1:0")
        .env("RUST_LOG", "trace")
        .env("NO_COLOR", "1")
        .stderr(Stdio::piped());
    let mut server = Server::started(&mut command);
    let log = BufReader::new(server.child.stderr.take().unwrap());
    let (written, lines) = mpsc::channel();
    thread::spawn(move || log.lines().try_for_each(|line| written.send(line.unwrap())));
    let mut text = String::new();
    // Each part is what the log tells, in order, before the peer does the next thing.
    let mut expect = |steps: &[&str]| {
        for step in steps {
            while !text.contains(step) {
                let line = lines.recv_timeout(Duration::from_secs(20));
                text += &line.unwrap_or_else(|_| panic!("no {step:?} in\n{text}"));
            }
            text = text.split_off(text.find(step).unwrap() + step.len());
        }
    };
    expect(&["listens", "suspends: waits to accept"]);
    let mut stream = server.connect();
    expect(&[
        "accepted",
        "name=\"echo\"",
        "spawned",
        "runs",
        "suspends: waits to receive",
    ]);
    expect(&["suspended: control returns"]);
    stream.write_all(b"hello").unwrap();
    expect(&[
        "ready: its first awaiter is resumed",
        "woken: into the queue task=1",
        "runs",
        "received fd=",
        "bytes=5",
    ]);
    expect(&["sent fd=", "bytes=5", "suspends: waits to receive"]);
    stream.read_exact(&mut [0; 5]).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    expect(&["received fd=", "bytes=0", "closed", "finished"]);
    assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0);
}

#[test]
fn who_says_nothing_is_hung_up_on() {
    let server = Server::start("epoll_echo_with_timeout", &["100"]);
    let mut stream = server.connect();
    stream.write_all(b"hello").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert_eq!(text, "hellobye\n");
}

#[test]
fn ping_is_answered_with_pong() {
    let server = Server::start("epoll_ping_pong_server", &[]);
    let text = output(example("epoll_ping_pong_client").args([&server.address, "100"]));
    assert!(text.starts_with("100 rounds"), "{text}");
    let mut stream = server.connect();
    stream.write_all(b"hey\npi").unwrap();
    stream.write_all(b"ng 7\n").unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert_eq!(text, "no ping: hey\npong 7\n");
}

#[test]
fn numbers_are_sorted_by_sleeping() {
    let text = output(example("epoll_sleep_sort").args(["300", "0", "150"]));
    assert_eq!(text, "0\n150\n300\n");
}

#[test]
fn names_are_looked_up() {
    let text =
        output(example("epoll_resolve").args(["localhost", "no-such-host.invalid", "127.0.0.1:9"]));
    let lines: Vec<_> = text.lines().collect();
    assert!(
        lines[0] == "localhost: 127.0.0.1" || lines[0].contains("::1"),
        "{text}"
    );
    assert!(lines[1].contains("was not resolved"), "{text}");
    assert_eq!(lines[2], "127.0.0.1:9: 127.0.0.1");
}

#[test]
fn requests_are_answered_one_after_the_other() {
    let server = Server::start("epoll_http_hello", &[]);
    let mut stream = server.connect();
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\nGET ")
        .unwrap();
    stream.write_all(b"/3 HTTP/1.1\r\n\r\n").unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert_eq!(text.matches("HTTP/1.1 200 OK\r\n").count(), 3, "{text}");
    assert_eq!(text.matches("Hello from epoll\n").count(), 3, "{text}");
    for (request, status) in [
        (
            "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello".to_owned(),
            "413",
        ),
        (
            format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(20_000)),
            "431",
        ),
    ] {
        let mut stream = server.connect();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(answer, format!("HTTP/1.1 {status}").as_bytes());
    }
}

#[test]
fn what_one_guest_says_the_others_hear() {
    let server = Server::start("epoll_chat_room", &[]);
    let next = |guest: &mut BufReader<TcpStream>| {
        let mut line = String::new();
        guest.read_line(&mut line).unwrap();
        line
    };
    let join = |name: &str| {
        let mut stream = server.connect();
        stream.write_all(format!("{name}\n").as_bytes()).unwrap();
        let mut guest = BufReader::new(stream);
        assert_eq!(next(&mut guest), format!("* welcome, {name}\n"));
        guest
    };
    let mut ann = join("ann");
    let mut bob = join("bob");
    assert_eq!(next(&mut ann), "* bob is here\n");
    bob.get_mut().write_all(b"hello\nhow are you?\n").unwrap();
    assert_eq!(next(&mut ann), "bob: hello\n");
    assert_eq!(next(&mut ann), "bob: how are you?\n");
    ann.get_mut().write_all(b"fine\n").unwrap();
    assert_eq!(next(&mut bob), "ann: fine\n");
    drop(ann);
    assert_eq!(next(&mut bob), "* ann is gone\n");
}
