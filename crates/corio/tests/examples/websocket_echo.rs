//! The echo's clients: tungstenite on sockets of std, and frames written by hand as RFC 6455 shows them.

use std::fs::File;
use std::io;
use std::net::{Shutdown, TcpStream};

use tempfile::NamedTempFile;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tokio_tungstenite::tungstenite::{Error, Message, WebSocket, client};

use crate::support::{Client, Server, example};

/// The server's limit.
const LARGEST: usize = 1 << 20;

/// A server and what it complains of.
struct Echo {
    server: Server,
    complaints: NamedTempFile,
}

impl Echo {
    fn start() -> Self {
        let complaints = NamedTempFile::new().unwrap();
        let mut program = example("websocket_echo");
        program.arg("127.0.0.1:0");
        program.stderr(File::options().append(true).open(&complaints).unwrap());
        let server = Server::of(program);
        Self { server, complaints }
    }

    fn open(&self) -> WebSocket<TcpStream> {
        let Client(stream) = self.server.connect();
        let (socket, response) = client("ws://here/", stream).unwrap();
        assert_eq!(response.status(), 101);
        socket
    }

    /// A connection on which the handshake has been made by hand.
    fn open_by_hand(&self) -> Client {
        let mut client = self.server.connect();
        // The key and the answer are those of RFC 6455, section 1.3.
        client.send(
            "GET /chat HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
        );
        let head = client.until("\r\n\r\n").to_ascii_lowercase();
        assert!(head.starts_with("http/1.1 101 "), "{head}");
        let accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=".to_ascii_lowercase();
        assert!(
            head.contains(&format!("sec-websocket-accept: {accept}\r\n")),
            "{head}"
        );
        client
    }

    /// Ends it: the lines of its complaints.
    fn complaints(mut self) -> Vec<String> {
        self.server.running.interrupt();
        self.server.running.ended();
        let text = std::fs::read_to_string(&self.complaints).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

/// Says goodbye, and hears it.
fn close(mut socket: WebSocket<TcpStream>) {
    let goodbye = CloseFrame {
        code: CloseCode::Normal,
        reason: "done".into(),
    };
    socket.close(Some(goodbye.clone())).unwrap();
    assert_eq!(socket.read().unwrap(), Message::Close(Some(goodbye)));
    assert!(matches!(socket.read(), Err(Error::ConnectionClosed)));
}

/// The code that the server ends the conversation with.
fn refusal(socket: &mut WebSocket<TcpStream>) -> CloseCode {
    match socket.read().unwrap() {
        Message::Close(Some(frame)) => frame.code,
        other => panic!("{other:?}"),
    }
}

fn piece(bytes: impl Into<Vec<u8>>, kind: Data, is_last: bool) -> Message {
    Message::Frame(Frame::message(bytes.into(), OpCode::Data(kind), is_last))
}

#[test]
fn messages_of_all_kinds_and_sizes_come_back() {
    let echo = Echo::start();
    let mut socket = echo.open();
    for size in [0, 1, 125, 126, 65_535, 65_536, LARGEST] {
        let bytes: Vec<u8> = (0..size).map(|n| (n % 251) as u8).collect();
        socket.send(Message::binary(bytes.clone())).unwrap();
        assert!(socket.read().unwrap() == Message::binary(bytes), "{size}");
        let text = "ö".repeat(size / 2);
        socket.send(Message::text(text.clone())).unwrap();
        assert!(socket.read().unwrap() == Message::text(text), "{size}");
    }
    // Many before the first is read.
    for number in 0..100 {
        socket.send(Message::text(number.to_string())).unwrap();
    }
    for number in 0..100 {
        assert_eq!(socket.read().unwrap(), Message::text(number.to_string()));
    }
    close(socket);
    assert_eq!(echo.complaints(), [""; 0]);
}

#[test]
fn pings_are_answered_between_the_fragments_of_a_message() {
    let echo = Echo::start();
    let mut socket = echo.open();
    socket.send(Message::Ping("alone".into())).unwrap();
    assert_eq!(socket.read().unwrap(), Message::Pong("alone".into()));

    // The letter is in two frames.
    socket.send(piece([b'a', 0xc3], Data::Text, false)).unwrap();
    socket.send(Message::Ping("between".into())).unwrap();
    assert_eq!(socket.read().unwrap(), Message::Pong("between".into()));
    socket.send(piece([0xb6], Data::Continue, false)).unwrap();
    socket.send(piece([b'b'], Data::Continue, true)).unwrap();
    assert_eq!(socket.read().unwrap(), Message::text("aöb"));

    // Nobody asked for it; nobody minds.
    socket.send(Message::Pong("by itself".into())).unwrap();
    socket.send(Message::text("after")).unwrap();
    assert_eq!(socket.read().unwrap(), Message::text("after"));
    close(socket);
    assert_eq!(echo.complaints(), [""; 0]);
}

#[test]
fn what_is_too_large_is_refused_whole_and_in_pieces() {
    let echo = Echo::start();
    let mut socket = echo.open();
    socket.send(Message::binary(vec![7; LARGEST + 1])).unwrap();
    assert_eq!(refusal(&mut socket), CloseCode::Size);
    drop(socket);

    let mut socket = echo.open();
    let half = vec![7; LARGEST / 2 + 1];
    let first = piece(half.clone(), Data::Binary, false);
    socket.send(first).unwrap();
    socket.send(piece(half, Data::Continue, true)).unwrap();
    assert_eq!(refusal(&mut socket), CloseCode::Size);
    drop(socket);

    // Others are served as before.
    let mut socket = echo.open();
    socket.send(Message::text("still there?")).unwrap();
    assert_eq!(socket.read().unwrap(), Message::text("still there?"));
    close(socket);
    let complaints = echo.complaints();
    assert_eq!(complaints.len(), 2, "{complaints:?}");
    for complaint in complaints {
        assert!(complaint.contains("Space limit exceeded"), "{complaint}");
    }
}

/// It hears the refusal although it goes on sending, much more than the sockets hold.
#[test]
fn who_is_refused_may_end_what_it_sends() {
    let echo = Echo::start();
    let mut client = echo.open_by_hand();
    let size = 32 << 20;
    client.send([&b"\x82\xff"[..], &(size as u64).to_be_bytes(), &[0; 4]].concat());
    client.send(vec![0; size]);
    client.0.shutdown(Shutdown::Write).unwrap();
    let told = client.rest();
    assert_eq!((told[0], &told[2..4]), (0x88, &b"\x03\xf1"[..]));
    assert_eq!(told.len(), 2 + usize::from(told[1]));
    assert_eq!(echo.complaints().len(), 1);
}

#[test]
fn text_that_is_none_is_refused() {
    let echo = Echo::start();
    let mut socket = echo.open();
    socket.send(piece([b'a', 0xff], Data::Text, true)).unwrap();
    assert_eq!(refusal(&mut socket), CloseCode::Invalid);
    drop(socket);
    let complaints = echo.complaints();
    assert_eq!(complaints.len(), 1, "{complaints:?}");
}

#[test]
fn frames_by_hand_are_understood_however_they_arrive() {
    let echo = Echo::start();
    let mut client = echo.open_by_hand();
    // "Hello", masked: RFC 6455, section 5.7. Whole, and byte by byte.
    let hello = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
    client.send(hello);
    client.expect(b"\x81\x05Hello");
    for byte in hello {
        client.send([*byte]);
    }
    client.expect(b"\x81\x05Hello");
    // Three messages in one write.
    client.send([&hello[..]; 3].concat());
    client.expect([&b"\x81\x05Hello"[..]; 3].concat());
    // Goodbye, code 1000, masked with zeros: answered with the same, and the server ends the connection.
    client.send(b"\x88\x82\0\0\0\0\x03\xe8");
    client.expect(b"\x88\x02\x03\xe8");
    assert_eq!(client.rest(), b"");

    // Against the protocol: a frame of a client that is not masked, and one with a bit that means nothing.
    for bad in [
        &b"\x81\x05Hello"[..],
        b"\xc1\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58",
    ] {
        let mut client = echo.open_by_hand();
        client.send(bad);
        let told = client.exactly(4);
        assert_eq!((told[0], &told[2..]), (0x88, &b"\x03\xea"[..]), "{bad:?}");
    }
    assert_eq!(echo.complaints().len(), 2);
}

#[test]
fn a_peer_that_vanishes_is_noticed_wherever_it_was() {
    let echo = Echo::start();
    // Between two messages, within the head of a frame, within its bytes, and between the fragments of a message.
    for last in [
        &b""[..],
        b"\x81",
        b"\x81\x85\x37\xfa\x21\x3d\x7f",
        b"\x01\x81\0\0\0\0a",
    ] {
        let mut client = echo.open_by_hand();
        client.send(last);
        client.0.shutdown(Shutdown::Write).unwrap();
        assert_eq!(client.rest(), b"", "after {last:?}");
    }
    // With a reset.
    let socket = echo.open();
    let options = socket2::SockRef::from(socket.get_ref());
    options.set_linger(Some(std::time::Duration::ZERO)).unwrap();
    drop(socket);
    let mut socket = echo.open();
    socket.send(Message::text("next")).unwrap();
    assert_eq!(socket.read().unwrap(), Message::text("next"));
    close(socket);
    let complaints = echo.complaints();
    let vanished = ProtocolError::ResetWithoutClosingHandshake.to_string();
    let count = complaints.iter().filter(|line| line.contains(&vanished));
    assert!(count.count() >= 4, "{complaints:?}");
}

#[test]
fn who_asks_for_no_websocket_gets_none() {
    let echo = Echo::start();
    for asked in [
        "GET / HTTP/1.1\r\nHost: here\r\n\r\n",
        "this is no HTTP\r\n\r\n",
        "GET / HT",
    ] {
        let mut client = echo.server.connect();
        client.send(asked);
        client.0.shutdown(Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        match io::Read::read_to_end(&mut client.0, &mut answer) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::ConnectionReset),
        }
        assert!(!answer.starts_with(b"HTTP/1.1 101"), "{asked}");
    }
    assert_eq!(echo.complaints().len(), 3);
}

#[test]
fn ctrl_c_says_goodbye_to_everybody() {
    let mut echo = Echo::start();
    let mut sockets: Vec<_> = (0..5).map(|_| echo.open()).collect();
    for socket in &mut sockets {
        socket.send(Message::text("hello")).unwrap();
        assert_eq!(socket.read().unwrap(), Message::text("hello"));
    }
    echo.server.running.interrupt();
    for mut socket in sockets {
        assert_eq!(refusal(&mut socket), CloseCode::Away);
        // tungstenite agrees, and waits for the server's end.
        assert!(matches!(socket.read(), Err(Error::ConnectionClosed)));
    }
    echo.server.running.ended();
}
