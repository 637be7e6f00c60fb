//! The TLS echo and its client, against each other, rustls on sockets of std, and openssl.

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::thread;

use tempfile::TempDir;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned,
};

use crate::support::{Client, Server, example, succeeded};

type Secure = StreamOwned<ClientConnection, TcpStream>;

/// A server, its certificate, and what it complains of.
struct Echo {
    server: Server,
    folder: TempDir,
}

impl Echo {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut program = example("tls_echo");
        program.arg("--cert").arg(folder.path().join("cert.pem"));
        program.arg("127.0.0.1:0");
        program.stderr(File::create(folder.path().join("complaints")).unwrap());
        let server = Server::of(program);
        Self { server, folder }
    }

    fn certificate(&self) -> PathBuf {
        self.folder.path().join("cert.pem")
    }

    /// The example's client, which trusts this server.
    fn client(&self) -> Command {
        client(self.server.address, &self.certificate())
    }

    /// rustls on a socket of std, before the handshake.
    fn stranger(&self) -> Secure {
        let mut roots = RootCertStore::empty();
        let certificate = CertificateDer::from_pem_file(self.certificate()).unwrap();
        roots.add(certificate).unwrap();
        let config = ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = "localhost".try_into().unwrap();
        let connection = ClientConnection::new(Arc::new(config), name).unwrap();
        let Client(stream) = self.server.connect();
        StreamOwned::new(connection, stream)
    }

    /// Ends it: the lines of its complaints.
    fn complaints(mut self) -> Vec<String> {
        self.server.running.interrupt();
        self.server.running.ended();
        let text = std::fs::read_to_string(self.folder.path().join("complaints")).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

fn client(address: SocketAddr, certificate: &Path) -> Command {
    let mut client = example("tls_echo");
    client.arg("--cert").arg(certificate);
    client.args(["--connect", &address.to_string()]);
    client
}

/// Runs a program with such an input.
fn with_input(mut program: Command, input: Vec<u8>) -> Output {
    program.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut running = program.stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = running.stdin.take().unwrap();
    let writer = thread::spawn(move || stdin.write_all(&input));
    let output = running.wait_with_output().unwrap();
    // It may have ended without reading it.
    let _ = writer.join().unwrap();
    output
}

/// Different everywhere, and more than fits into any buffer on the way.
fn large() -> Vec<u8> {
    (0..800_000_u32).flat_map(u32::to_le_bytes).collect()
}

fn echoes(secure: &mut Secure, bytes: &[u8]) {
    secure.write_all(bytes).unwrap();
    let mut back = vec![0; bytes.len()];
    secure.read_exact(&mut back).unwrap();
    assert!(back == bytes);
}

/// The server must have said that it ends, else this is an error.
fn hears_the_end(secure: &mut Secure) {
    assert_eq!(secure.read(&mut [0; 8]).unwrap(), 0);
}

/// What rustls wants to send now.
fn outgoing(connection: &mut ClientConnection) -> Vec<u8> {
    let mut bytes = Vec::new();
    while connection.wants_write() {
        connection.write_tls(&mut bytes).unwrap();
    }
    bytes
}

#[test]
fn the_client_gets_back_what_it_sends() {
    let echo = Echo::start();
    for input in [Vec::new(), b"hello".to_vec(), large()] {
        let output = with_input(echo.client(), input.clone());
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{text}");
        assert!(output.stdout == input, "{} bytes", output.stdout.len());
    }
    let mut by_address = echo.client();
    by_address.args(["--name", "127.0.0.1"]);
    let output = with_input(by_address, b"hello".to_vec());
    assert_eq!(succeeded(output), "hello");
    assert_eq!(echo.complaints(), [""; 0]);
}

#[test]
fn rustls_on_plain_sockets_is_served_and_both_say_that_they_end() {
    let echo = Echo::start();
    let mut secure = echo.stranger();
    echoes(&mut secure, b"hello");
    // Larger than a record, smaller than what the sockets hold.
    echoes(&mut secure, &large()[..40_000]);
    secure.conn.send_close_notify();
    secure.flush().unwrap();
    hears_the_end(&mut secure);
    drop(secure);
    assert_eq!(echo.complaints(), [""; 0]);
}

#[test]
fn openssl_is_served() {
    if Command::new("openssl").arg("version").output().is_err() {
        eprintln!("skipped: there is no openssl");
        return;
    }
    let echo = Echo::start();
    let mut openssl = Command::new("openssl");
    openssl.args(["s_client", "-quiet", "-no_ign_eof", "-verify_return_error"]);
    openssl.args(["-verify_hostname", "localhost", "-CAfile"]);
    openssl.arg(echo.certificate());
    openssl.args(["-connect", &echo.server.address.to_string()]);
    openssl.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut openssl = openssl.stderr(Stdio::null()).spawn().unwrap();
    let mut stdin = openssl.stdin.take().unwrap();
    let mut stdout = BufReader::new(openssl.stdout.take().unwrap());
    for line in ["hello\n", "and again\n"] {
        stdin.write_all(line.as_bytes()).unwrap();
        let mut back = String::new();
        stdout.read_line(&mut back).unwrap();
        assert_eq!(back, line);
    }
    drop(stdin);
    assert!(openssl.wait().unwrap().success());
    assert_eq!(echo.complaints(), [""; 0]);
}

#[test]
fn a_certificate_that_is_not_trusted_ends_the_handshake() {
    let (echo, other) = (Echo::start(), Echo::start());
    let mut wrong_name = echo.client();
    wrong_name.args(["--name", "example.org"]);
    let wrong_root = client(echo.server.address, &other.certificate());
    for program in [wrong_root, wrong_name] {
        let output = with_input(program, b"secret".to_vec());
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && output.stdout.is_empty());
        assert!(text.contains("invalid peer certificate"), "{text}");
    }
    assert_eq!(succeeded(with_input(echo.client(), b"ok".into())), "ok");
    // The clients have said why they left.
    let complaints = echo.complaints();
    assert_eq!(complaints.len(), 2, "{complaints:?}");
    for complaint in complaints {
        assert!(complaint.contains("fatal alert"), "{complaint}");
    }
}

#[test]
fn a_handshake_that_is_cut_is_an_error() {
    let echo = Echo::start();
    // Before it, within the client's hello, and where the client's next word is waited for.
    for part in [0, 2, 4] {
        let Secure { mut conn, mut sock } = echo.stranger();
        let hello = outgoing(&mut conn);
        sock.write_all(&hello[..hello.len() * part / 4]).unwrap();
        sock.shutdown(Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        sock.read_to_end(&mut answer).unwrap();
        assert_eq!(answer.is_empty(), part < 4);
    }
    let mut plain = echo.server.connect();
    plain.send("GET / HTTP/1.1\r\n\r\n");
    plain.0.shutdown(Shutdown::Write).unwrap();
    // A record that holds an alert.
    assert_eq!(plain.rest().first(), Some(&21));

    assert_eq!(succeeded(with_input(echo.client(), b"ok".into())), "ok");
    let complaints = echo.complaints();
    let cut = complaints
        .iter()
        .filter(|line| line.contains("handshake eof"));
    assert_eq!(cut.count(), 3, "{complaints:?}");
    let corrupt = complaints.iter().filter(|line| line.contains("corrupt"));
    assert_eq!(corrupt.count(), 1, "{complaints:?}");
}

#[test]
fn a_stream_that_is_cut_is_no_end() {
    let echo = Echo::start();
    // Between two records, within the head of one, and within its bytes.
    for part in [0, 3, 500] {
        let mut secure = echo.stranger();
        echoes(&mut secure, b"hello");
        let Secure { mut conn, mut sock } = secure;
        conn.writer().write_all(&[7; 1000]).unwrap();
        sock.write_all(&outgoing(&mut conn)[..part]).unwrap();
        sock.shutdown(Shutdown::Write).unwrap();
        // Nor does the server say that it ends, as it has not had all.
        let mut secure = Secure::new(conn, sock);
        let error = secure.read(&mut [0; 8]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    }
    // A record that was changed on the way.
    let mut secure = echo.stranger();
    echoes(&mut secure, b"hello");
    let Secure { mut conn, mut sock } = secure;
    conn.writer().write_all(&[7; 1000]).unwrap();
    let mut record = outgoing(&mut conn);
    record[500] ^= 1;
    sock.write_all(&record).unwrap();
    assert!(Secure::new(conn, sock).read(&mut [0; 8]).is_err());

    let complaints = echo.complaints();
    let cut = complaints
        .iter()
        .filter(|line| line.contains("close_notify"));
    assert_eq!(cut.count(), 3, "{complaints:?}");
    let changed = complaints.iter().filter(|line| line.contains("decrypt"));
    assert_eq!(changed.count(), 1, "{complaints:?}");
}

#[test]
fn after_ctrl_c_the_server_says_that_it_ends() {
    let mut echo = Echo::start();
    let mut clients = [echo.stranger(), echo.stranger()];
    for secure in &mut clients {
        echoes(secure, b"hello");
    }
    echo.server.running.interrupt();
    for secure in &mut clients {
        hears_the_end(secure);
        secure.conn.send_close_notify();
        secure.flush().unwrap();
    }
    drop(clients);
    echo.server.running.ended();
    let complaints = std::fs::read_to_string(echo.folder.path().join("complaints")).unwrap();
    // None is of a connection.
    assert!(!complaints.contains("127.0.0.1"), "{complaints}");
}

/// How a server ends that the example's client talks to.
enum End {
    Graceful,
    BetweenRecords,
    WithinARecord,
}

/// A server of rustls on a socket of std: it reads 5 bytes, sends 4, and ends.
fn foreign_server(certificate: &Path, end: End) -> SocketAddr {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(certificate, made.cert.pem()).unwrap();
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.into()], key.into())
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || -> io::Result<()> {
        let (stream, _) = listener.accept()?;
        let connection = ServerConnection::new(Arc::new(config)).map_err(io::Error::other)?;
        let mut secure = StreamOwned::new(connection, stream);
        secure.read_exact(&mut [0; 5])?;
        secure.write_all(b"part")?;
        match end {
            End::Graceful => secure.conn.send_close_notify(),
            End::BetweenRecords => {}
            End::WithinARecord => {
                secure.conn.writer().write_all(b"of it all")?;
                let mut record = Vec::new();
                secure.conn.write_tls(&mut record)?;
                secure.sock.write_all(&record[..record.len() / 2])?;
            }
        }
        secure.flush()?;
        secure.sock.shutdown(Shutdown::Write)?;
        // The client's end, so that nothing is left over which a reset would tell of.
        io::copy(&mut secure.sock, &mut io::sink()).map(drop)
    });
    address
}

#[test]
fn the_client_tells_an_end_from_a_cut() {
    for (end, is_graceful) in [
        (End::Graceful, true),
        (End::BetweenRecords, false),
        (End::WithinARecord, false),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let certificate = folder.path().join("cert.pem");
        let address = foreign_server(&certificate, end);
        let mut program = client(address, &certificate);
        program.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut running = program.stderr(Stdio::piped()).spawn().unwrap();
        // More may be typed: it is the server that ends first.
        let mut stdin = running.stdin.take().unwrap();
        stdin.write_all(b"hello").unwrap();
        let output = running.wait_with_output().unwrap();
        drop(stdin);
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.stdout, b"part");
        assert_eq!(output.status.success(), is_graceful, "{text}");
        assert_eq!(text.contains("close_notify"), !is_graceful, "{text}");
    }
}
