//! Requirement 16: panics that nobody awaits are reported to standard error, and a standard error that cannot be written to
//! harms nobody. Both need a process of their own.

use std::process::{Command, Stdio};

const CHILD: &str = "CONTEXT_TEST_CHILD";

/// Runs the test of this name in a process of its own.
fn child(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(CHILD, "1");
    command
}

fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

/// 16: the report names the task, the place and the message, once for each panic nobody awaits: a handle dropped before, a
/// handle dropped after, a destructor. A cancelled task is not worth a line.
#[test]
fn a_detached_panic_is_reported() {
    if is_child() {
        std::panic::set_hook(Box::new(|_| {}));
        context::block_on(async {
            context::spawn_named("early", async { panic!("dropped before") }).detach();
            let late = context::spawn_named("late", async { panic!("dropped after") });
            let remote =
                context::spawn_named("far", async { panic!("dropped elsewhere") }).into_remote();
            let awaited = context::spawn_named("awaited", async { panic!("was awaited") });
            context::spawn_named("cancelled", std::future::pending::<()>()).detach();
            assert!(awaited.await.is_err());
            drop(late);
            std::thread::spawn(move || drop(remote)).join().unwrap();
        })
        .unwrap();
        return;
    }
    let output = child("detached_panics::a_detached_panic_is_reported")
        .output()
        .unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stderr).unwrap();
    for (name, message) in [
        ("(early)", "panicked: dropped before"),
        ("(late)", "panicked: dropped after"),
        ("(far)", "panicked: dropped elsewhere"),
    ] {
        let lines: Vec<_> = text.lines().filter(|line| line.contains(name)).collect();
        assert_eq!(lines.len(), 1, "{text}");
        assert!(
            lines[0].contains(message) && lines[0].contains("detached_panics.rs:"),
            "{text}"
        );
    }
    assert!(
        !text.contains("was awaited") && !text.contains("cancelled"),
        "{text}"
    );
}

/// 16: a report that cannot be written, because nobody reads standard error, does not end the context.
#[test]
fn a_broken_standard_error_harms_nobody() {
    if is_child() {
        std::panic::set_hook(Box::new(|_| {}));
        let done = context::block_on(async {
            context::spawn(async { panic!("nobody reads this") }).detach();
            context::yield_now().await;
            context::spawn(async { 5 }).await.unwrap()
        });
        std::process::exit(if done.unwrap() == 5 { 0 } else { 1 });
    }
    let (read, write) = std::io::pipe().unwrap();
    drop(read);
    let status = child("detached_panics::a_broken_standard_error_harms_nobody")
        .stdout(Stdio::null())
        .stderr(Stdio::from(write))
        .status()
        .unwrap();
    assert!(status.success(), "{status}");
}
