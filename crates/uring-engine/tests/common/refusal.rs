//! Refusing io_uring to a process: it cannot be taken back, so each case runs in a child.

use std::process::Command;

const CASE: &str = "CORIO_REFUSED_CASE";

/// Runs `case` in a child: this binary's test `name`, with the variable set.
pub(crate) fn in_child(name: &str, case: fn()) {
    if std::env::var_os(CASE).is_some_and(|set| set == name) {
        case();
        return;
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture", "--test-threads=1"])
        .env(CASE, name)
        // The refusal decides, not the caller of the tests.
        .env_remove("CORIO_DRIVER")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Makes `io_uring_setup` fail with an errno from now on, in this thread.
#[allow(dead_code, reason = "not every user refuses the same")]
pub(crate) fn forbid_setup(errno: i32) {
    filter(&mut [
        load(SYSTEM_CALL),
        unless(libc::SYS_io_uring_setup as u32, 1),
        give(FAIL | errno as u32),
        give(ALLOW),
    ]);
}

/// Makes `io_uring_register` fail with an errno from now on, in this thread, for one of its operations (`IORING_REGISTER_*`).
#[allow(dead_code, reason = "not every user refuses the same")]
pub(crate) fn forbid_registration(operation: u32, errno: i32) {
    /// `IORING_REGISTER_USE_REGISTERED_RING`.
    const BY_INDEX: u32 = 1 << 31;
    filter(&mut [
        load(SYSTEM_CALL),
        unless(libc::SYS_io_uring_register as u32, 4),
        load(SECOND_ARGUMENT),
        statement(libc::BPF_ALU | libc::BPF_AND | libc::BPF_K, 0, 0, !BY_INDEX),
        unless(operation, 1),
        give(FAIL | errno as u32),
        give(ALLOW),
    ]);
}

const ALLOW: u32 = 0x7fff_0000;
const FAIL: u32 = 0x0005_0000;

/// Where `struct seccomp_data` has what.
const SYSTEM_CALL: u32 = 0;
/// Its low half.
const SECOND_ARGUMENT: u32 = 24;

fn statement(code: u32, jt: u8, jf: u8, k: u32) -> libc::sock_filter {
    let code = code as u16;
    libc::sock_filter { code, jt, jf, k }
}

fn load(from: u32) -> libc::sock_filter {
    statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, from)
}

/// Skips so many statements unless that was loaded.
fn unless(value: u32, skip: u8) -> libc::sock_filter {
    statement(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, skip, value)
}

fn give(verdict: u32) -> libc::sock_filter {
    statement(libc::BPF_RET | libc::BPF_K, 0, 0, verdict)
}

fn filter(program: &mut [libc::sock_filter]) {
    let program = libc::sock_fprog {
        len: program.len() as u16,
        filter: program.as_mut_ptr(),
    };
    // SAFETY: the program lives across the calls; both only restrict this thread.
    unsafe {
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        assert_eq!(
            libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &program),
            0
        );
    }
}
