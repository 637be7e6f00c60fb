//! Child processes: their streams, their ends, and that none stays in the process table.

mod support;

use std::io::ErrorKind;
use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use support::{alone, bytes_at, check_bytes, open_descriptors, poll_at_most, run};
use uring_io::io::AsyncRead;
use uring_io::process::{Child, Command, Stdio};

fn sleeping() -> Command {
    let mut command = Command::new("sleep");
    command.arg("1000");
    command
}

/// The state letter of a process; `None` if there is no such process.
fn state(pid: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit(") ").next()?.chars().next()
}

/// Waits until the process is out of the process table.
fn wait_until_gone(pid: u32) {
    for _ in 0..10_000 {
        if state(pid).is_none() {
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("process {pid} is in state {:?}", state(pid));
}

/// Waits until the thread that waits for orphans has gone.
fn wait_for_descriptors(count: usize) {
    for _ in 0..10_000 {
        if open_descriptors() == count {
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(open_descriptors(), count);
}

#[test]
fn output_and_status() {
    let _alone = alone();
    let before = open_descriptors();
    run(async {
        let script = "echo out; echo err >&2; exit 3";
        let output = Command::new("sh")
            .args(["-c", script])
            .output()
            .await
            .unwrap();
        assert_eq!(output.status.code(), Some(3));
        assert_eq!(
            (&*output.stdout, &*output.stderr),
            (&b"out\n"[..], &b"err\n"[..])
        );

        // More than the pipes hold, in both streams.
        let script = "head -c 300000 /dev/zero; head -c 400000 /dev/zero >&2";
        let output = Command::new("sh")
            .args(["-c", script])
            .output()
            .await
            .unwrap();
        assert_eq!(
            (output.stdout.len(), output.stderr.len()),
            (300_000, 400_000)
        );

        assert!(Command::new("true").status().await.unwrap().success());
        let mut command = Command::new("sh");
        command.args(["-c", "kill -TERM $$"]);
        assert_eq!(command.status().await.unwrap().signal(), Some(15));

        let mut command = Command::new("sh");
        command
            .args(["-c", "echo $ONE $TWO $(pwd)"])
            .env("ONE", "1")
            .envs([("TWO", "2")])
            .current_dir("/");
        assert_eq!(command.output().await.unwrap().stdout, b"1 2 /\n");

        let error = Command::new("/no/such/program").spawn().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
    });
    assert_eq!(open_descriptors(), before);
}

#[test]
fn bytes_through_a_child_both_ways() {
    let _alone = alone();
    run(async {
        let mut child = Command::new("cat")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let writing = async move {
            for round in 0..20 {
                let bytes = bytes_at(6, round * 50_000, 50_000);
                poll_at_most(1, stdin.write_all(bytes)).await;
            }
            stdin.close().await.unwrap();
        };
        let mut all = Vec::new();
        let (read, ()) = context::when_all((stdout.read_to_end(&mut all), writing)).await;
        assert_eq!(read.unwrap(), 1_000_000);
        check_bytes(6, 0, &all);
        assert!(child.wait().await.unwrap().success());

        // A wait closes the input.
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        assert!(child.wait().await.unwrap().success());

        // A child that has gone is a broken pipe.
        let mut child = Command::new("true").stdin(Stdio::piped()).spawn().unwrap();
        let stdin = child.stdin.take().unwrap();
        child.wait().await.unwrap();
        let error = stdin.write_all("lost").await.0.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    });
}

#[test]
fn a_dropped_wait_loses_no_status() {
    let _alone = alone();
    let before = open_descriptors();
    run(async {
        for round in 0..40 {
            let mut child = Command::new("sh")
                .args(["-c", "read line; exit 5"])
                .stdin(Stdio::piped())
                .spawn()
                .unwrap();
            let pid = child.id().unwrap();
            let stdin = child.stdin.take().unwrap();
            assert!(poll_at_most(1, child.wait()).await.is_none());
            drop(stdin);
            // Dropped at every moment around the end.
            while context::timeout(Duration::from_micros(round * 20), child.wait())
                .await
                .is_err()
            {}
            for _ in 0..2 {
                assert_eq!(child.wait().await.unwrap().code(), Some(5));
                assert_eq!(child.try_wait().unwrap().unwrap().code(), Some(5));
            }
            assert_eq!((child.id(), state(pid)), (None, None));
            child.kill().await.unwrap();
        }
    });
    assert_eq!(open_descriptors(), before);
}

#[test]
fn killed_and_waited_for() {
    let _alone = alone();
    run(async {
        let mut child = sleeping().spawn().unwrap();
        assert!(child.try_wait().unwrap().is_none());
        child.kill().await.unwrap();
        assert_eq!(child.wait().await.unwrap().signal(), Some(9));

        let mut child = sleeping().spawn().unwrap();
        child.start_kill().unwrap();
        assert_eq!(child.wait().await.unwrap().signal(), Some(9));
    });
}

#[test]
fn no_dropped_child_stays_in_the_process_table() {
    let _alone = alone();
    let before = open_descriptors();
    let mut ended = Vec::new();
    let mut killed = Vec::new();
    run(async {
        for _ in 0..20 {
            // One that goes on for a while, and one that was waited for in vain.
            let child = Command::new("sleep").arg("0.05").spawn().unwrap();
            ended.push(child.id().unwrap());
            drop(child);
            let mut child = sleeping().kill_on_drop(true).spawn().unwrap();
            killed.push(child.id().unwrap());
            assert!(poll_at_most(1, child.wait()).await.is_none());
            drop(child);
        }
        // Dropped by the end of the context.
        let mut child = sleeping().kill_on_drop(true).spawn().unwrap();
        killed.push(child.id().unwrap());
        context::spawn(async move { child.wait().await }).detach();
        context::yield_now().await;
    });
    for pid in ended.into_iter().chain(killed) {
        wait_until_gone(pid);
    }
    wait_for_descriptors(before);
}

#[test]
fn a_dropped_child_goes_on() {
    let _alone = alone();
    let (pid, running) = run(async {
        let child = sleeping().spawn().unwrap();
        let pid = child.id().unwrap();
        drop(child);
        context::sleep(Duration::from_millis(20)).await;
        (pid, state(pid))
    });
    assert_eq!(running, Some('S'));
    let pid = rustix::process::Pid::from_raw(pid as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    wait_until_gone(pid.as_raw_nonzero().get() as u32);
}

#[test]
fn a_child_of_the_standard_library() {
    let _alone = alone();
    run(async {
        let child = std::process::Command::new("echo")
            .arg("hello")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let child = Child::from_std(child).unwrap();
        let output = child.wait_with_output().await.unwrap();
        assert_eq!(output.stdout, b"hello\n");
    });
}
