//! How the tests run the examples.
#![allow(dead_code, reason = "what is used depends on the features")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// After this time a program that should have answered or ended hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// An example's program, which the test's build has put beside the tests.
pub(crate) fn example(name: &str) -> Command {
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

pub(crate) fn succeeded(output: Output) -> String {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// An example that runs beside the test, and ends with it.
pub(crate) struct Running {
    pub(crate) child: Child,
    /// `None` once it is closed.
    stdout: Option<BufReader<ChildStdout>>,
}

impl Running {
    pub(crate) fn start(mut program: Command) -> Self {
        let mut child = program.stdout(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let stdout = Some(stdout);
        Self { child, stdout }
    }

    /// Nobody reads its output any more.
    pub(crate) fn close_output(&mut self) {
        self.stdout = None;
    }

    /// The next line of its output.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        let stdout = self.stdout.as_mut().unwrap();
        stdout.read_line(&mut line).unwrap();
        line
    }

    /// What it says next, as far as it is there.
    pub(crate) fn some_output(&mut self) -> String {
        let stdout = self.stdout.as_mut().unwrap();
        let bytes = stdout.fill_buf().unwrap().to_vec();
        assert!(!bytes.is_empty(), "it has ended");
        stdout.consume(bytes.len());
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Presses ctrl-c, after which it has to end well; the rest of its output.
    pub(crate) fn stop(mut self) -> String {
        self.interrupt();
        self.ended()
    }

    /// Presses ctrl-c.
    pub(crate) fn interrupt(&self) {
        let process = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(process, rustix::process::Signal::INT).unwrap();
    }

    /// It has to end well by itself; the rest of its output.
    pub(crate) fn ended(&mut self) -> String {
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(begun.elapsed() < PATIENCE, "it does not end");
            std::thread::sleep(Duration::from_millis(2));
        };
        assert!(status.success(), "{status}");
        let mut rest = String::new();
        if let Some(stdout) = &mut self.stdout {
            stdout.read_to_string(&mut rest).unwrap();
        }
        rest
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An example that listens.
pub(crate) struct Server {
    pub(crate) running: Running,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts it, and waits until it says where it listens.
    pub(crate) fn start(name: &str, arguments: &[&str]) -> Self {
        let mut program = example(name);
        program.args(arguments);
        Self::of(program)
    }

    /// As [`start`](Self::start), of a program that is set up already.
    pub(crate) fn of(program: Command) -> Self {
        let mut running = Running::start(program);
        let line = running.line();
        let address = line
            .split_whitespace()
            .nth(2)
            .unwrap_or_else(|| panic!("it said `{line}`"))
            .parse()
            .unwrap();
        Self { running, address }
    }

    pub(crate) fn connect(&self) -> Client {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Client(stream)
    }
}

/// A connection to an example.
pub(crate) struct Client(pub(crate) TcpStream);

impl Client {
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).unwrap();
    }

    /// Receives exactly this.
    #[track_caller]
    pub(crate) fn expect(&mut self, bytes: impl AsRef<[u8]>) {
        let expected = bytes.as_ref();
        let received = self.exactly(expected.len());
        assert!(
            received == expected,
            "received {:?}, expected {:?}",
            String::from_utf8_lossy(&received[..received.len().min(2000)]),
            String::from_utf8_lossy(&expected[..expected.len().min(2000)])
        );
    }

    /// So many bytes, or fewer if the connection ends.
    pub(crate) fn exactly(&mut self, count: usize) -> Vec<u8> {
        let mut received = Vec::new();
        let mut limited = (&self.0).take(count as u64);
        limited.read_to_end(&mut received).unwrap();
        received
    }

    /// What comes up to `end`, it included.
    pub(crate) fn until(&mut self, end: &str) -> String {
        let mut text = String::new();
        while !text.ends_with(end) {
            let byte = self.exactly(1);
            assert!(!byte.is_empty(), "`{text}`, and then the end");
            text.push(byte[0] as char);
        }
        text
    }

    /// All that comes until the end.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        self.0.read_to_end(&mut rest).unwrap();
        rest
    }
}
