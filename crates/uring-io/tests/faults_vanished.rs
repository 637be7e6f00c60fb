//! Peers that vanish: the link to them is cut, and nothing comes any more, not even an error.
//!
//! The link is a pair of virtual devices between two network namespaces, so the test runs again in a process of its own,
//! which has namespaces. The near one is the process's; a thread has the far one, where sockets of the standard library
//! are the peers.

mod support;

use std::io::{ErrorKind, Read};
use std::net::{SocketAddr, TcpListener as StdListener, TcpStream as StdStream};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use context::when_all;
use support::{bytes_at, check_bytes, open_descriptors, poll_at_most, run};
use uring_io::net::{KeepaliveProbes, TcpStream};

/// More than the kernel takes in.
const MUCH: usize = 8 << 20;

#[test]
fn peers_that_vanish_are_told_of() {
    let allowed = Command::new("unshare")
        .args(["-Urn", "sh", "-ec"])
        .arg("ip link add near type veth peer name far")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if !allowed.is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: this machine lets nobody make a link between network namespaces");
        return;
    }
    let output = Command::new("unshare")
        .arg("-Urn")
        .arg(std::env::current_exe().unwrap())
        .args([
            "--ignored",
            "--exact",
            "inside_of_a_namespace",
            "--nocapture",
        ])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && told.contains("1 passed"),
        "{}\n{told}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
#[ignore = "run by `peers_that_vanish_are_told_of`"]
fn inside_of_a_namespace() {
    let wire = Wire::new();
    let before = open_descriptors();
    run(async {
        let (reader, _reader) = wire.connect().await;
        let (writer, _writer) = wire.connect().await;
        let (dropper, _dropper) = wire.connect().await;
        let (closer, _closer) = wire.connect().await;
        let (aborted, _aborted) = wire.connect().await;
        let (patient, peer) = wire.connect().await;
        let received = thread::spawn(move || read_all(peer));
        wire.cut();
        when_all((
            silent(reader),
            unheard(writer),
            unheard_and_dropped(dropper),
            unheard_and_closed(closer),
            given_up(aborted),
            unreached(wire.address),
            mended(patient, &wire),
        ))
        .await;
        assert_eq!(received.join().unwrap(), MUCH);
        // Whom nobody ever saw cannot be reached.
        let nobody = SocketAddr::from(([10, 77, 0, 9], 80));
        let error = TcpStream::connect(nobody).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::HostUnreachable);
        // The context and the wire are as good as ever.
        let (stream, peer) = wire.connect().await;
        stream.write_all(bytes_at(1, 0, 1000)).await.0.unwrap();
        stream.close().await.unwrap();
        assert_eq!(read_all(peer), 1000);
    });
    assert_eq!(open_descriptors(), before);
}

/// Who only receives asks now and then whether the peer is still there.
async fn silent(stream: TcpStream) {
    let probes = KeepaliveProbes {
        idle: Some(Duration::from_secs(1)),
        interval: Some(Duration::from_secs(1)),
        retries: Some(1),
    };
    stream.set_keepalive_probes(probes).unwrap();
    assert!(poll_at_most(1, stream.recv()).await.is_none());
    let error = stream.recv().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert!(stream.recv().await.unwrap().is_none());
}

/// Who sends waits for so long that it is acknowledged.
async fn unheard(stream: TcpStream) {
    limit(&stream);
    let (result, bytes) = stream.write_all(bytes_at(1, 0, MUCH)).await;
    assert_eq!(result.unwrap_err().kind(), ErrorKind::TimedOut);
    assert_eq!(bytes.len(), MUCH);
    let error = stream.write_all("more").await.0.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
}

/// The next operation tells how a write ended that was dropped.
async fn unheard_and_dropped(stream: TcpStream) {
    limit(&stream);
    let dropped = poll_at_most(1, stream.write_all(bytes_at(1, 0, MUCH))).await;
    assert!(dropped.is_none());
    let error = stream.write_all("more").await.0.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
}

/// So does closing.
async fn unheard_and_closed(stream: TcpStream) {
    limit(&stream);
    let dropped = poll_at_most(1, stream.write_all(bytes_at(1, 0, MUCH))).await;
    assert!(dropped.is_none());
    let error = stream.close().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
}

/// Without a limit there is a way to end it at once.
async fn given_up(stream: TcpStream) {
    let dropped = poll_at_most(1, stream.write_all(bytes_at(1, 0, MUCH))).await;
    assert!(dropped.is_none());
    stream.abort();
}

/// Connecting takes minutes, which a timeout cuts short.
async fn unreached(address: SocketAddr) {
    for _ in 0..3 {
        let connecting = TcpStream::connect(address);
        let result = context::timeout(Duration::from_millis(100), connecting).await;
        assert!(result.is_err(), "the link is cut");
    }
}

/// Who has no limit goes on when the link is mended, as if nothing had been.
async fn mended(stream: TcpStream, wire: &Wire) {
    let mending = async {
        // The others are to find the link cut.
        context::sleep(Duration::from_secs(5)).await;
        wire.mend();
    };
    let ((result, _), ()) = when_all((stream.write_all(bytes_at(1, 0, MUCH)), mending)).await;
    result.unwrap();
    stream.close().await.unwrap();
}

fn limit(stream: &TcpStream) {
    stream
        .set_user_timeout(Some(Duration::from_secs(1)))
        .unwrap();
}

/// Reads to the end, checks, and says how much it was.
fn read_all(mut peer: StdStream) -> usize {
    let mut all = Vec::new();
    peer.read_to_end(&mut all).unwrap();
    check_bytes(1, 0, &all);
    all.len()
}

/// A link that can be cut.
struct Wire {
    address: SocketAddr,
    listener: StdListener,
    /// Commands for the thread that has the far namespace, and its answers.
    far: mpsc::Sender<&'static str>,
    done: mpsc::Receiver<()>,
}

/// The neighbours know each other: a link that is cut gives no sign of it.
const NEAR: &str = "ip link set lo up
    ip address add 10.77.0.1/24 dev near
    ip link set near up
    ip neighbour add 10.77.0.2 lladdr 02:00:00:00:00:02 dev near nud permanent";
const FAR: &str = "ip address add 10.77.0.2/24 dev far
    ip link set far up
    ip neighbour add 10.77.0.1 lladdr 02:00:00:00:00:01 dev far nud permanent";
const CUT: &str = "ip link set far down";
const MEND: &str = "ip link set far up
    ip neighbour add 10.77.0.1 lladdr 02:00:00:00:00:01 dev far nud permanent";

impl Wire {
    fn new() -> Self {
        let (far, commands) = mpsc::channel();
        let (tell, done) = mpsc::channel();
        let (bind, bound) = mpsc::channel();
        let (name, named) = mpsc::channel();
        thread::spawn(move || {
            // SAFETY: only this thread moves, into a namespace of its own.
            assert_eq!(unsafe { libc::unshare(libc::CLONE_NEWNET) }, 0);
            // SAFETY: a question without arguments.
            name.send(unsafe { libc::gettid() }).unwrap();
            for command in commands {
                shell(command);
                if command == FAR {
                    bind.send(StdListener::bind("10.77.0.2:0").unwrap())
                        .unwrap();
                }
                tell.send(()).unwrap();
            }
        });
        let thread = named.recv().unwrap();
        shell(&format!(
            "ip link add near address 02:00:00:00:00:01 type veth peer name far address 02:00:00:00:00:02
             ip link set far netns {thread}"
        ));
        shell(NEAR);
        far.send(FAR).unwrap();
        done.recv().unwrap();
        let listener: StdListener = bound.recv().unwrap();
        Self {
            address: listener.local_addr().unwrap(),
            listener,
            far,
            done,
        }
    }

    /// A stream over the link, and its peer.
    async fn connect(&self) -> (TcpStream, StdStream) {
        let stream = TcpStream::connect(self.address).await.unwrap();
        (stream, self.listener.accept().unwrap().0)
    }

    fn cut(&self) {
        self.far.send(CUT).unwrap();
        self.done.recv().unwrap();
    }

    fn mend(&self) {
        self.far.send(MEND).unwrap();
        self.done.recv().unwrap();
    }
}

/// Runs commands in the namespace of the calling thread.
fn shell(script: &str) {
    let status = Command::new("sh").args(["-ec", script]).status().unwrap();
    assert!(status.success(), "{script}");
}
