//! 10,000 idle connections: what each costs in memory, and that nothing runs while nothing happens.
//!
//! The server is a process of its own, so that its memory is its own: the test runs itself again as a child, which talks to
//! it over a control connection. `CORIO_IDLE_CONNECTIONS` sets another number.

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener as StdListener, TcpStream as StdStream};
use std::process::Command;
use std::time::Duration;

use context::{Context, Handle, Stop};
use support::{memory_limit, raise_descriptor_limit};
use uring_io::net::{TcpListener, TcpStream};

const CHILD: &str = "CORIO_TEST_CONTROL_ADDRESS";
const NAME: &str = "idle_connections_cost_little_memory_and_no_time";

#[test]
fn idle_connections_cost_little_memory_and_no_time() {
    raise_descriptor_limit();
    match std::env::var(CHILD) {
        Ok(address) => server(address.parse().unwrap()),
        Err(_) => client(),
    }
}

fn client() {
    let wanted = std::env::var("CORIO_IDLE_CONNECTIONS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(10_000);
    let connections = usize::min(wanted, raise_descriptor_limit() - 100);
    let listener = StdListener::bind("127.0.0.1:0").unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", NAME, "--nocapture"])
        .env(CHILD, listener.local_addr().unwrap().to_string())
        .spawn()
        .unwrap();
    let mut control = BufReader::new(listener.accept().unwrap().0);
    let address: SocketAddr = line(&mut control).parse().unwrap();
    // One connection first, so that what the first one sets up for all is not counted.
    echo(&mut StdStream::connect(address).unwrap());
    let before = report(&mut control);
    let mut streams: Vec<_> = (0..connections)
        .map(|_| {
            let mut stream = StdStream::connect(address).unwrap();
            echo(&mut stream);
            stream
        })
        .collect();
    let idle = report(&mut control);
    std::thread::sleep(Duration::from_secs(1));
    let still_idle = report(&mut control);
    let memory = idle.resident.saturating_sub(before.resident) / connections;
    println!("{connections} idle connections: {memory} B resident each in the server");
    println!(
        "a second of idling: {} µs of processor time",
        (still_idle.cpu_ns - idle.cpu_ns) / 1000
    );
    let most = memory_limit(560, connections);
    assert!(memory < most, "{memory} B for each connection");
    assert_eq!(
        still_idle.enters, idle.enters,
        "system calls on the ring while nothing happened"
    );
    for stream in &mut streams {
        echo(stream);
    }
    drop(streams);
    control.get_mut().write_all(b"end\n").unwrap();
    assert!(child.wait().unwrap().success());
}

/// What the child says of itself.
struct Report {
    resident: usize,
    cpu_ns: u64,
    enters: u64,
}

fn report(control: &mut BufReader<StdStream>) -> Report {
    control.get_mut().write_all(b"report\n").unwrap();
    let text = line(control);
    let mut numbers = text.split(' ').map(|number| number.parse::<u64>().unwrap());
    let mut next = || numbers.next().unwrap();
    Report {
        resident: next() as usize,
        cpu_ns: next(),
        enters: next(),
    }
}

fn line(control: &mut BufReader<StdStream>) -> String {
    let mut text = String::new();
    control.read_line(&mut text).unwrap();
    text.trim().to_owned()
}

fn echo(stream: &mut StdStream) {
    let mut answer = [0; 4];
    stream.write_all(b"ping").unwrap();
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"ping");
}

fn server(control: SocketAddr) {
    let mut control = BufReader::new(StdStream::connect(control).unwrap());
    let mut context = Context::new();
    context.start().unwrap();
    let (bound, settled) = std::sync::mpsc::channel();
    context
        .handle()
        .submit_with(move || serve(bound))
        .unwrap()
        .detach();
    writeln!(control.get_mut(), "{}", settled.recv().unwrap()).unwrap();
    while line(&mut control) == "report" {
        // So that the context is asleep, and its counters are those of the moment when it fell asleep.
        std::thread::sleep(Duration::from_millis(50));
        let answer = own_report(&context.handle());
        writeln!(control.get_mut(), "{answer}").unwrap();
    }
    context.notify_stop(Stop::Abort);
    context.join().unwrap();
}

async fn serve(bound: std::sync::mpsc::Sender<SocketAddr>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    bound.send(listener.local_addr().unwrap()).unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        context::spawn(serve_one(stream)).detach();
    }
}

async fn serve_one(stream: TcpStream) {
    while let Ok(Some(bytes)) = stream.recv().await {
        stream.write_all(bytes).await.0.unwrap();
    }
}

fn own_report(handle: &Handle) -> String {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split(' ').nth(1).unwrap().parse().unwrap();
    let cpu_ns: u64 = std::fs::read_dir("/proc/self/task")
        .unwrap()
        .map(|task| {
            let schedstat =
                std::fs::read_to_string(task.unwrap().path().join("schedstat")).unwrap();
            schedstat.split(' ').next().unwrap().parse::<u64>().unwrap()
        })
        .sum();
    format!("{} {cpu_ns} {}", pages * 4096, handle.metrics().enters)
}
