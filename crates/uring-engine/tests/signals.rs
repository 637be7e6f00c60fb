//! A signal ends a sleep without an error.

#![cfg(not(loom))]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use common::{block_on, engine};
use uring_engine::{Wait, op};

extern "C" fn nothing(_signal: libc::c_int) {}

#[test]
fn a_signal_interrupts_a_sleep() {
    // SAFETY: the handler does nothing, which is safe in a signal handler; the structure is initialised.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = nothing as *const () as libc::sighandler_t;
        assert_eq!(
            libc::sigaction(libc::SIGUSR1, &action, std::ptr::null_mut()),
            0
        );
    }
    let engine = engine();
    // SAFETY: no arguments.
    let sleeper = unsafe { libc::pthread_self() };
    let done = Arc::new(AtomicBool::new(false));
    let sender = std::thread::spawn({
        let done = done.clone();
        move || {
            while !done.load(Ordering::SeqCst) {
                // SAFETY: the thread is alive: it joins this one.
                unsafe { libc::pthread_kill(sleeper, libc::SIGUSR1) };
                std::thread::sleep(Duration::from_micros(200));
            }
        }
    });
    let mut interruptions = 0;
    while interruptions < 20 {
        interruptions += u32::from(engine.turn(Wait::Until(None)).unwrap().interrupted);
    }
    // Operations come through all the same.
    for _ in 0..1_000 {
        block_on(&engine, engine.op(op::Nop::new())).unwrap();
    }
    done.store(true, Ordering::SeqCst);
    sender.join().unwrap();
    assert!(engine.stats().interrupted >= 20);
}
