//! Guests of the chat room hear one another.

use std::io::{BufRead, BufReader};
use std::net::{Shutdown, TcpStream};

use crate::support::{Client, Server};

struct Guest {
    client: Client,
    lines: BufReader<TcpStream>,
}

impl Guest {
    fn comes(server: &Server, name: &str) -> Self {
        let client = server.connect();
        let lines = BufReader::new(client.0.try_clone().unwrap());
        let mut guest = Self { client, lines };
        guest.hears("Who are you?");
        guest.client.send(format!("{name}\n"));
        guest
    }

    #[track_caller]
    fn hears(&mut self, expected: &str) {
        assert_eq!(self.line().as_deref(), Some(expected));
    }

    /// `None`: the server has ended the connection.
    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        (self.lines.read_line(&mut line).unwrap() > 0).then(|| line.trim_end().to_owned())
    }
}

#[test]
fn everybody_hears_the_others() {
    let server = Server::start("tcp_chat", &["127.0.0.1:0"]);
    let mut ann = Guest::comes(&server, "Ann");
    let mut bob = Guest::comes(&server, "Bob");
    ann.hears("* Bob has come");
    let mut cid = Guest::comes(&server, "Cid");
    ann.hears("* Cid has come");
    bob.hears("* Cid has come");
    ann.client.send("hello\r\n");
    bob.hears("Ann: hello");
    cid.hears("Ann: hello");
    // Lines that arrive in parts, while lines of the others go through.
    for round in 0..200 {
        bob.client.send("a");
        cid.client.send(format!("{round}\n"));
        ann.hears(&format!("Cid: {round}"));
        bob.hears(&format!("Cid: {round}"));
        bob.client.send("b\n");
        ann.hears("Bob: ab");
        cid.hears("Bob: ab");
    }
    bob.client.0.shutdown(Shutdown::Write).unwrap();
    ann.hears("* Bob has gone");
    cid.hears("* Bob has gone");
    assert_eq!(bob.line(), None);
    cid.client.send("x".repeat(5000));
    ann.hears("* Cid has gone");
}

#[test]
fn who_reads_too_slowly_is_told_what_he_missed() {
    let server = Server::start("tcp_chat", &["127.0.0.1:0"]);
    let mut slow = Guest::comes(&server, "Slow");
    let mut quick = Guest::comes(&server, "Quick");
    slow.hears("* Quick has come");
    const LINES: usize = 5000;
    let line = "x".repeat(4000);
    for number in 0..LINES {
        quick.client.send(format!("{number} {line}\n"));
    }
    // The connection ends when all lines are read, which nobody slow can hold up.
    quick.client.0.shutdown(Shutdown::Write).unwrap();
    assert_eq!(quick.line(), None);
    let mut heard = 0;
    let mut missed = 0;
    while heard + missed < LINES {
        let line = slow.line().expect("the room is open");
        if let Some(rest) = line.strip_prefix("* ") {
            // Since what was heard last: told as often as lines were missed.
            let lines = rest.strip_suffix(" lines missed").expect(rest);
            missed += lines.parse::<usize>().unwrap();
        } else {
            assert!(line.starts_with(&format!("Quick: {} ", heard + missed)));
            heard += 1;
        }
    }
    assert!(missed > 0, "the network took {LINES} lines");
    slow.hears("* Quick has gone");
}

#[test]
fn ctrl_c_sends_everybody_home() {
    let server = Server::start("tcp_chat", &["127.0.0.1:0"]);
    let mut ann = Guest::comes(&server, "Ann");
    let mut bob = Guest::comes(&server, "Bob");
    ann.hears("* Bob has come");
    let mut nameless = server.connect();
    nameless.expect("Who are you?\n");
    server.running.stop();
    for guest in [&mut ann, &mut bob] {
        while let Some(line) = guest.line() {
            assert!(line.ends_with(" has gone"), "{line}");
        }
    }
    assert_eq!(nameless.rest(), b"");
}
