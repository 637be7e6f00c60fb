//! Signals: every listener sees each, dropped waits lose none, and an interrupt reaches a child that waits for it.

mod support;

use std::io::{BufRead, BufReader, ErrorKind};
use std::sync::mpsc;
use std::time::Duration;

use rustix::process::{Pid, Signal as Number, getpid, kill_process};
use support::{alone, open_descriptors, poll_at_most, run};
use uring_io::process::{Command, Stdio};
use uring_io::signal::{SignalKind, ctrl_c, signal};

fn send(number: Number) {
    kill_process(getpid(), number).unwrap();
}

#[test]
fn a_dropped_wait_loses_no_signal() {
    let _alone = alone();
    let before = open_descriptors();
    run(async {
        let mut listener = signal(SignalKind::user_defined1()).unwrap();
        assert_eq!(listener.kind().as_raw(), libc::SIGUSR1);
        for round in 0..200 {
            assert!(poll_at_most(1, listener.recv()).await.is_none());
            send(Number::USR1);
            // Dropped at every moment around its arrival.
            while context::timeout(Duration::from_micros(round % 50), listener.recv())
                .await
                .is_err()
            {}
        }
        // Those that come before one asks are one.
        for _ in 0..5 {
            // To this thread, so that it has arrived when the call returns.
            // SAFETY: a plain system call; the signal is being listened for.
            assert_eq!(unsafe { libc::raise(libc::SIGUSR1) }, 0);
        }
        listener.recv().await.unwrap();
        let more = context::timeout(Duration::from_millis(5), listener.recv()).await;
        assert!(more.is_err());
    });
    assert_eq!(open_descriptors(), before);
}

#[test]
fn every_listener_on_every_context_sees_each() {
    let _alone = alone();
    let before = open_descriptors();
    const LISTENERS: usize = 3;
    const SIGNALS: usize = 20;
    let (heard, counted) = mpsc::channel();
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let heard = heard.clone();
            std::thread::spawn(move || {
                run(async {
                    let mut tasks = Vec::new();
                    for _ in 0..LISTENERS {
                        let mut listener = signal(SignalKind::user_defined2()).unwrap();
                        let heard = heard.clone();
                        heard.send(()).unwrap();
                        tasks.push(context::spawn(async move {
                            for _ in 0..SIGNALS {
                                listener.recv().await.unwrap();
                                heard.send(()).unwrap();
                            }
                        }));
                    }
                    for task in tasks {
                        task.await.unwrap();
                    }
                });
            })
        })
        .collect();
    let all = 3 * LISTENERS;
    let wait_for_all = || {
        for _ in 0..all {
            counted.recv_timeout(Duration::from_secs(60)).unwrap();
        }
    };
    wait_for_all();
    for _ in 0..SIGNALS {
        send(Number::USR2);
        wait_for_all();
    }
    for thread in threads {
        thread.join().unwrap();
    }
    // Nobody listens any more, and it still does not kill.
    send(Number::USR2);
    assert_eq!(open_descriptors(), before);
}

#[test]
fn kinds_that_cannot_be_listened_for() {
    let _alone = alone();
    run(async {
        for number in [libc::SIGKILL, libc::SIGSTOP, libc::SIGSEGV, -1, 1000] {
            let error = signal(SignalKind::from_raw(number)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{number}");
        }
    });
}

#[test]
fn a_context_ends_while_somebody_listens() {
    let _alone = alone();
    let before = open_descriptors();
    for _ in 0..20 {
        run(async {
            context::spawn(ctrl_c()).detach();
            let mut listener = signal(SignalKind::hangup()).unwrap();
            context::spawn(async move { listener.recv().await }).detach();
            context::yield_now().await;
        });
    }
    assert_eq!(open_descriptors(), before);
}

/// The part of the test below that runs in a process of its own.
#[test]
#[ignore = "run by the test below"]
fn waits_for_an_interrupt() {
    run(async {
        let mut listener = signal(SignalKind::interrupt()).unwrap();
        println!("listening");
        listener.recv().await.unwrap();
        println!("first");
        ctrl_c().await.unwrap();
        println!("second");
    });
}

#[test]
fn an_interrupt_reaches_a_child_that_waits_for_it() {
    let _alone = alone();
    let mut child = std::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "--ignored",
            "--exact",
            "--nocapture",
            "waits_for_an_interrupt",
        ])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let pid = Pid::from_raw(child.id() as i32).unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut wait_for = |word| {
        lines
            .by_ref()
            .map_while(Result::ok)
            .any(|line| line.contains(word))
    };
    assert!(wait_for("listening"));
    kill_process(pid, Number::INT).unwrap();
    assert!(wait_for("first"));
    // `ctrl_c` listens from its first poll on, which may come a little later.
    let (enough, is_enough) = mpsc::channel::<()>();
    let killer = std::thread::spawn(move || {
        let interval = Duration::from_millis(2);
        while is_enough.recv_timeout(interval) == Err(mpsc::RecvTimeoutError::Timeout) {
            kill_process(pid, Number::INT).unwrap();
        }
    });
    assert!(wait_for("second"));
    drop(enough);
    killer.join().unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_signal_for_a_child() {
    let _alone = alone();
    run(async {
        let mut child = Command::new("sh")
            .args([
                "-c",
                "trap 'echo caught; exit 4' TERM; echo ready; while :; do sleep 0.01; done",
            ])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = child.stdout.take().unwrap();
        assert_eq!(&*stdout.recv().await.unwrap().unwrap(), b"ready\n");
        child.send_signal(SignalKind::terminate()).unwrap();
        assert_eq!(child.wait().await.unwrap().code(), Some(4));
        child.send_signal(SignalKind::terminate()).unwrap();
        let mut child = Command::new("true").spawn().unwrap();
        let error = child.send_signal(SignalKind::from_raw(1000)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        // Dropped instead, it would be waited for elsewhere, with descriptors that the next test counts.
        child.wait().await.unwrap();
    });
}
