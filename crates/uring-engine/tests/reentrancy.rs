//! Wakers, destructors and discards may use the engine: nothing is borrowed while they run.

#![cfg(not(loom))]

mod common;

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::io::Write as _;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, RawWaker, RawWakerVTable, Wake, Waker};

use common::{block_on, engine, fd, pipe, poll_once, settle};
use uring_engine::io_uring::{opcode, squeue};
use uring_engine::{Completion, Engine, Op, Operation, Wait, op};

thread_local! {
    static ENGINE: RefCell<Option<Engine>> = const { RefCell::new(None) };
    static USES: Cell<u32> = const { Cell::new(0) };
}

/// Starts, drops and cancels operations, and turns.
fn use_engine() {
    USES.set(USES.get() + 1);
    let Some(engine) = ENGINE.with_borrow(Clone::clone) else {
        return;
    };
    let mut nop = engine.op(op::Nop::new());
    let _ = poll_once(&mut nop);
    nop.cancel();
    drop(nop);
    let _ = engine.turn(Wait::No);
}

/// A waker whose every function uses the engine.
fn meddling_waker() -> Waker {
    const VTABLE: RawWakerVTable = RawWakerVTable::new(
        |data| {
            use_engine();
            RawWaker::new(data, &VTABLE)
        },
        |_| use_engine(),
        |_| use_engine(),
        |_| use_engine(),
    );
    // SAFETY: the functions use no data, and are only called on this thread.
    unsafe { Waker::new(std::ptr::null(), &VTABLE) }
}

/// A no-op whose callbacks and destructor use the engine.
struct Meddler;

// SAFETY: the entry points at nothing.
unsafe impl Operation for Meddler {
    type Output = i32;

    fn entry(&mut self) -> squeue::Entry {
        use_engine();
        opcode::Nop::new().build()
    }

    fn complete(self, completion: Completion) -> i32 {
        use_engine();
        completion.result
    }

    fn discard(self, _completion: Completion) {
        use_engine();
    }
}

impl Drop for Meddler {
    fn drop(&mut self) {
        use_engine();
    }
}

#[test]
fn everything_foreign_may_use_the_engine() {
    let engine = engine();
    ENGINE.set(Some(engine.clone()));
    for _ in 0..100 {
        let waker = meddling_waker();
        let mut context = Context::from_waker(&waker);
        let mut kept = engine.op(Meddler);
        let mut dropped = engine.op(Meddler);
        assert!(Pin::new(&mut kept).poll(&mut context).is_pending());
        assert!(Pin::new(&mut dropped).poll(&mut context).is_pending());
        drop(dropped);
        // Another waker takes the place of the first.
        let mut resolved = poll_once(&mut kept).is_ready();
        while !resolved {
            engine.turn(Wait::Until(None)).unwrap();
            resolved = Pin::new(&mut kept).poll(&mut context).is_ready();
        }
    }
    assert!(USES.get() > 500);
    ENGINE.set(None);
    settle(&engine);
    assert_eq!(engine.stats().stale, 0);
}

#[test]
fn a_discard_may_shut_the_engine_down() {
    struct Ender(Rc<Cell<bool>>);
    // SAFETY: the entry points at nothing.
    unsafe impl Operation for Ender {
        type Output = ();
        fn entry(&mut self) -> squeue::Entry {
            opcode::Nop::new().build()
        }
        fn complete(self, _completion: Completion) {}
        fn discard(self, _completion: Completion) {
            if let Some(engine) = ENGINE.with_borrow(Clone::clone) {
                engine.shutdown();
            }
            self.0.set(true);
        }
    }
    let engine = engine();
    ENGINE.set(Some(engine.clone()));
    let ended = Rc::new(Cell::new(false));
    let (reader, _writer) = pipe();
    let mut pending = engine.op(op::Read::new(fd(&reader), vec![0_u8; 8]));
    assert!(poll_once(&mut pending).is_pending());
    let mut enders: Vec<_> = (0..3).map(|_| engine.op(Ender(ended.clone()))).collect();
    for ender in &mut enders {
        assert!(poll_once(ender).is_pending());
    }
    drop(enders);
    engine.turn(Wait::Until(None)).unwrap();
    assert!(ended.get() && engine.is_shut_down());
    assert!(poll_once(&mut pending).is_ready());
    ENGINE.set(None);
}

#[test]
fn a_discard_that_turns_the_engine_does_not_meet_itself() {
    struct Turning {
        listener: std::net::TcpListener,
        inside: bool,
        seen: Rc<Cell<u32>>,
    }
    // SAFETY: the entry points at nothing.
    unsafe impl uring_engine::Multishot for Turning {
        type Item = i32;
        fn entry(&mut self) -> squeue::Entry {
            let listener =
                uring_engine::io_uring::types::Fd(std::os::fd::AsRawFd::as_raw_fd(&self.listener));
            opcode::AcceptMulti::new(listener).build()
        }
        fn item(&mut self, completion: Completion) -> i32 {
            completion.result
        }
        fn discard(&mut self, completion: Completion) {
            assert!(
                !self.inside,
                "a second exclusive reference to the same payload"
            );
            self.inside = true;
            use_engine();
            self.inside = false;
            self.seen.set(self.seen.get() + 1);
            if completion.result >= 0 {
                // SAFETY: a descriptor that the kernel has just opened for this operation.
                drop(unsafe {
                    <std::os::fd::OwnedFd as std::os::fd::FromRawFd>::from_raw_fd(completion.result)
                });
            }
        }
    }
    let engine = engine();
    ENGINE.set(Some(engine.clone()));
    let seen = Rc::new(Cell::new(0));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut accept = engine.multishot(Turning {
        listener,
        inside: false,
        seen: seen.clone(),
    });
    // All of these are accepted when the entry is submitted, after the handle is gone.
    let clients: Vec<_> = (0..5)
        .map(|_| std::net::TcpStream::connect(address).unwrap())
        .collect();
    assert!(
        accept
            .poll_next(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    drop(accept);
    settle(&engine);
    ENGINE.set(None);
    assert_eq!(seen.get(), 6, "five connections and the end");
    drop(clients);
}

/// A panicking waker is its owner's problem; the other wakers are still woken.
#[test]
fn a_panic_in_a_waker_loses_no_other_wake_up() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("on purpose");
        }
    }
    let engine = engine();
    let waker = Waker::from(Arc::new(Panics));
    let counter = Arc::new(common::Counter::default());
    let counting = Waker::from(counter.clone());
    let mut first = engine.op(op::Nop::new());
    let mut second = engine.op(op::Nop::new());
    assert!(
        Pin::new(&mut first)
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    assert!(
        Pin::new(&mut second)
            .poll(&mut Context::from_waker(&counting))
            .is_pending()
    );
    let turn = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        engine.turn(Wait::Until(None))
    }));
    assert!(turn.is_err());
    assert!(engine.has_work(), "an undelivered wake-up counts as work");
    engine.turn(Wait::Until(None)).unwrap();
    assert_eq!(counter.wakes.load(std::sync::atomic::Ordering::SeqCst), 1);
    assert!(poll_once(&mut first).is_ready() && poll_once(&mut second).is_ready());
}

#[test]
fn a_panic_in_a_callback_frees_the_slot() {
    struct Bad(Rc<()>);
    // SAFETY: the entry points at nothing.
    unsafe impl Operation for Bad {
        type Output = ();
        fn entry(&mut self) -> squeue::Entry {
            panic!("on purpose, with {}", Rc::strong_count(&self.0));
        }
        fn complete(self, _completion: Completion) {}
    }
    let engine = engine();
    let payload = Rc::new(());
    let mut bad = engine.op(Bad(payload.clone()));
    let polled = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| poll_once(&mut bad)));
    assert!(polled.is_err());
    drop(bad);
    assert_eq!(Rc::strong_count(&payload), 1);
    assert_eq!(engine.in_flight(), 0);
    block_on(&engine, engine.op(op::Nop::new())).unwrap();
}

/// The waker that is polled with last is the one that is woken.
#[test]
fn the_last_waker_is_woken() {
    let engine = engine();
    let (reader, mut writer) = pipe();
    let mut read = engine.op(op::Read::new(fd(&reader), [0_u8; 1]));
    let counters: Vec<_> = (0..3)
        .map(|_| Arc::new(common::Counter::default()))
        .collect();
    for counter in &counters {
        let waker = Waker::from(counter.clone());
        assert!(
            Pin::new(&mut read)
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
    }
    writer.write_all(b"x").unwrap();
    settle(&engine);
    let woken: Vec<_> = counters
        .iter()
        .map(|counter| counter.wakes.load(std::sync::atomic::Ordering::SeqCst))
        .collect();
    assert_eq!(woken, [0, 0, 1]);
    let _: &Op<_> = &read;
}
