//! The standard streams, in processes of their own: pipes, redirected files, `/dev/null`, terminals.
//!
//! A test starts this program again for one of the parts that are ignored here, which report on the standard error.

mod support;

use std::cell::RefCell;
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, ChildStderr, ChildStdin, Stdio};
use std::rc::Rc;
use std::time::Duration;

use rustix::fs::{Mode, OFlags, fcntl_getfl};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use support::{Random, bytes_at, check_bytes, part, poll_at_most, run};
use uring_io::io::{BufReader, stderr, stdin, stdout};

/// What a part reports, once it has succeeded.
#[track_caller]
fn report(child: Child) -> String {
    let output = child.wait_with_output().unwrap();
    let report = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{report}");
    report
}

/// What a part reports while it runs.
struct Hearing(ChildStderr, String);

impl Hearing {
    fn of(child: &mut Child) -> Self {
        Self(child.stderr.take().unwrap(), String::new())
    }

    /// Listens until there was this word.
    #[track_caller]
    fn wait_for(&mut self, word: &str) {
        let mut bytes = [0; 100];
        while !self.1.contains(word) {
            let count = self.0.read(&mut bytes).unwrap();
            assert!(count > 0, "{}", self.1);
            self.1
                .push_str(std::str::from_utf8(&bytes[..count]).unwrap());
        }
    }
}

/// Writes known bytes in pieces of all lengths, with pauses.
fn feed(mut stdin: ChildStdin, total: u64) {
    let mut random = Random(19);
    let mut position = 0;
    while position < total {
        let length = (1 + random.below(200)).min(total - position);
        stdin
            .write_all(&bytes_at(1, position, length as usize))
            .unwrap();
        position += length;
        if random.below(16) == 0 {
            std::thread::sleep(Duration::from_micros(random.below(100)));
        }
    }
}

/// A terminal: the side of its user, and the side of a program, in blocking mode or not.
fn terminal(mode: OFlags) -> (File, OwnedFd) {
    let user = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&user).unwrap();
    unlockpt(&user).unwrap();
    let path = ptsname(&user, Vec::new()).unwrap();
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC | mode;
    let program = rustix::fs::open(path, flags, Mode::empty()).unwrap();
    (user.into(), program)
}

#[test]
#[ignore = "a part of other tests"]
fn reads_to_the_end() {
    let mut all = Vec::new();
    let mut dropped = 0;
    run(async {
        let mut random = Random(3);
        loop {
            let input = stdin().unwrap();
            let polls = random.below(3) as usize;
            let bytes = match random.below(3) {
                0 => poll_at_most(polls, input.read(Vec::with_capacity(50)))
                    .await
                    .map(|(result, bytes)| {
                        result.unwrap();
                        bytes
                    }),
                1 => {
                    let limit = Duration::from_micros(random.below(100));
                    let bytes = context::timeout(limit, input.recv()).await.ok();
                    bytes.map(|bytes| bytes.unwrap().map_or_else(Vec::new, |bytes| bytes.to_vec()))
                }
                _ => poll_at_most(polls, input.recv())
                    .await
                    .map(|bytes| bytes.unwrap().map_or_else(Vec::new, |bytes| bytes.to_vec())),
            };
            match bytes {
                Some(bytes) if bytes.is_empty() => break,
                Some(bytes) => all.extend_from_slice(&bytes),
                None => dropped += 1,
            }
        }
    });
    check_bytes(1, 0, &all);
    eprintln!("read {} bytes, dropped {dropped} reads", all.len());
}

/// The number after a word of a report.
fn number(report: &str, word: &str) -> u64 {
    let after = report
        .split(word)
        .nth(1)
        .unwrap_or_else(|| panic!("{report}"));
    let digits = after.trim_start().split(|c: char| !c.is_ascii_digit());
    digits.into_iter().next().unwrap().parse().unwrap()
}

#[test]
fn dropped_reads_of_a_pipe_lose_nothing() {
    let mut child = part("reads_to_the_end")
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let input = child.stdin.take().unwrap();
    let feeding = std::thread::spawn(move || feed(input, 600_000));
    let report = report(child);
    feeding.join().unwrap();
    assert_eq!(number(&report, "read"), 600_000, "{report}");
    assert!(number(&report, "dropped") > 30, "{report}");
}

#[test]
fn a_redirected_file_and_nothing() {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&bytes_at(1, 0, 100_000)).unwrap();
    file.seek(SeekFrom::Start(0)).unwrap();
    let child = part("reads_to_the_end")
        .stdin(file.try_clone().unwrap())
        .spawn();
    let report_of_file = report(child.unwrap());
    assert_eq!(number(&report_of_file, "read"), 100_000, "{report_of_file}");
    assert_eq!(file.stream_position().unwrap(), 100_000);

    let child = part("reads_to_the_end").spawn().unwrap();
    assert_eq!(number(&report(child), "read"), 0);
}

#[test]
#[ignore = "a part of other tests"]
fn reads_ten_bytes() {
    run(async {
        let (result, bytes) = stdin().unwrap().read_exact(vec![0; 10]).await;
        result.unwrap();
        eprintln!("read {}", String::from_utf8(bytes).unwrap());
    });
}

#[test]
fn nothing_is_read_but_what_was_asked_for() {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"0123456789abcdef").unwrap();
    file.seek(SeekFrom::Start(0)).unwrap();
    let child = part("reads_ten_bytes")
        .stdin(file.try_clone().unwrap())
        .spawn();
    assert!(report(child.unwrap()).contains("read 0123456789"));
    let mut rest = String::new();
    file.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "abcdef");
}

#[test]
#[ignore = "a part of other tests"]
fn reads_on_several_contexts() {
    /// Reads once; what was read is kept in the same step. False at the end.
    async fn read(all: Rc<RefCell<Vec<u8>>>) -> bool {
        let (result, bytes) = stdin().unwrap().read(Vec::with_capacity(30)).await;
        all.borrow_mut().extend_from_slice(&bytes);
        result.unwrap() > 0
    }

    let all = Rc::new(RefCell::new(Vec::new()));
    let mut has_ended = false;
    let mut contexts = 0;
    while !has_ended {
        contexts += 1;
        run(async {
            // These are cut off by the end of the context, wherever they are.
            for _ in 0..3 {
                context::spawn(read(all.clone())).detach();
            }
            context::yield_now().await;
            let limit = Duration::from_micros(contexts % 200);
            let read = context::timeout(limit, read(all.clone())).await;
            has_ended = read == Ok(false);
        });
    }
    check_bytes(1, 0, &all.borrow());
    eprintln!("read {} bytes on {contexts} contexts", all.borrow().len());
}

#[test]
fn the_next_context_gets_what_is_left() {
    let mut child = part("reads_on_several_contexts")
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let input = child.stdin.take().unwrap();
    let feeding = std::thread::spawn(move || feed(input, 100_000));
    let report = report(child);
    feeding.join().unwrap();
    assert!(number(&report, "bytes on") > 3, "{report}");
    assert_eq!(number(&report, "read"), 100_000, "{report}");
}

#[test]
#[ignore = "a part of other tests"]
fn reads_lines() {
    let before = fcntl_getfl(std::io::stdin()).unwrap();
    run(async {
        let mut lines = BufReader::new(stdin().unwrap()).lines();
        eprintln!("ready");
        let mut dropped = 0;
        loop {
            let limit = Duration::from_micros(200);
            match context::timeout(limit, lines.next_line()).await {
                Ok(Ok(Some(line))) => eprintln!("line {line}"),
                Ok(end) => break assert_eq!(end.unwrap(), None),
                Err(_) => dropped += 1,
            }
        }
        eprintln!("end, dropped {dropped}");
        // The end of a terminal's input comes once: then there is nothing, and the context does not wait for more.
        let more = context::timeout(Duration::from_millis(20), lines.next_line()).await;
        assert!(more.is_err());
        context::spawn(async move { lines.next_line().await }).detach();
        context::yield_now().await;
    });
    assert_eq!(fcntl_getfl(std::io::stdin()).unwrap(), before);
}

#[test]
fn lines_from_a_terminal() {
    lines_from(OFlags::empty());
    // One whose mode somebody else has set: the kernel does not wait on it by itself.
    lines_from(OFlags::NONBLOCK);
}

fn lines_from(mode: OFlags) {
    let (mut user, program) = terminal(mode);
    let mut child = part("reads_lines").stdin(program).spawn().unwrap();
    let mut hearing = Hearing::of(&mut child);
    hearing.wait_for("ready");
    std::thread::sleep(Duration::from_millis(20));
    user.write_all(b"one\ntw").unwrap();
    hearing.wait_for("line one");
    user.write_all(b"o\n").unwrap();
    hearing.wait_for("line two");
    // Control-D.
    user.write_all(&[4]).unwrap();
    hearing.wait_for("end, dropped");
    assert!(child.wait().unwrap().success(), "{}", hearing.1);
}

#[test]
#[ignore = "a part of other tests"]
fn drops_a_read_that_has_found_the_end() {
    run(async {
        let input = stdin().unwrap();
        let mut read = Box::pin(input.read(vec![0; 10]));
        assert!(poll_at_most(1, read.as_mut()).await.is_none());
        context::sleep(Duration::from_millis(50)).await;
        drop(read);
        let limit = Duration::from_secs(20);
        let (result, _) = context::timeout(limit, input.read(vec![0; 10]))
            .await
            .expect("the end, which a terminal tells once");
        assert_eq!(result.unwrap(), 0);
        eprintln!("the end");
    });
}

#[test]
fn a_dropped_read_keeps_the_end_of_a_terminal() {
    let (mut user, program) = terminal(OFlags::empty());
    user.write_all(&[4]).unwrap();
    let child = part("drops_a_read_that_has_found_the_end")
        .stdin(program)
        .spawn();
    assert!(report(child.unwrap()).contains("the end"));
}

#[test]
#[ignore = "a part of other tests"]
fn writes_much() {
    let before = fcntl_getfl(std::io::stdout()).unwrap();
    run(async {
        let (output, also) = (stdout().unwrap(), stdout().unwrap());
        output.write_all("begin ").await.0.unwrap();
        for round in 0..20 {
            let bytes = vec![b'a' + round; 10_000];
            let output = if round % 2 == 0 { &output } else { &also };
            poll_at_most(1, output.write_all(bytes)).await;
        }
        // The context goes on meanwhile.
        context::sleep(Duration::from_millis(5)).await;
        stderr()
            .unwrap()
            .write_all("not held up\n")
            .await
            .0
            .unwrap();
        output.write_all(" end").await.0.unwrap();
    });
    assert_eq!(fcntl_getfl(std::io::stdout()).unwrap(), before);
}

#[track_caller]
fn check_much(output: &str) {
    let mut rest = output.split("begin ").nth(1).expect("the beginning");
    for round in 0..20 {
        let piece = String::from(char::from(b'a' + round)).repeat(10_000);
        rest = rest.strip_prefix(&piece).expect("the next piece");
    }
    assert!(rest.starts_with(" end"), "{rest}");
}

#[test]
fn writes_to_pipes_files_and_terminals() {
    let output = part("writes_much").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    check_much(&String::from_utf8(output.stdout).unwrap());

    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"before\n").unwrap();
    report(
        part("writes_much")
            .stdout(file.try_clone().unwrap())
            .spawn()
            .unwrap(),
    );
    file.seek(SeekFrom::Start(0)).unwrap();
    let mut text = String::new();
    file.read_to_string(&mut text).unwrap();
    assert!(text.starts_with("before\n"));
    check_much(&text);

    // A terminal whose user looks only after the program has told that it goes on.
    let (mut user, program) = terminal(OFlags::empty());
    let mut child = part("writes_much").stdout(program).spawn().unwrap();
    Hearing::of(&mut child).wait_for("not held up");
    let mut text = Vec::new();
    // The terminal is gone (an error) once the program is.
    let _ = user.read_to_end(&mut text);
    check_much(&String::from_utf8(text).unwrap());
    assert!(child.wait().unwrap().success());
}

#[test]
#[ignore = "a part of other tests"]
fn writes_to_nobody() {
    // SAFETY: sets the default action; no handler is involved.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    run(async {
        let output = stdout().unwrap();
        eprintln!("ready");
        let error = loop {
            if let Err(error) = output.write_all(vec![b'x'; 1000]).await.0 {
                break error;
            }
        };
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    });
    // SAFETY: as above; what the test harness still writes shall not kill it.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
    eprintln!("lives on");
    // The harness would write its summary to nobody, too.
    std::process::exit(0);
}

#[test]
fn an_output_that_nobody_reads_is_an_error() {
    let mut child = part("writes_to_nobody").spawn().unwrap();
    let mut hearing = Hearing::of(&mut child);
    hearing.wait_for("ready");
    drop(child.stdout.take());
    hearing.wait_for("lives on");
    assert!(child.wait().unwrap().success());
}
