//! In a steady state operations allocate nothing.

#![cfg(not(loom))]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::Write as _;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use common::{engine, fd, poll_once, tcp_pair};
use uring_engine::{BufferRing, BufferRingConfig, Engine, RecvStream, Wait, op};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: passed on to the caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: passed on to the caller.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: passed on to the caller.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(work: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}

/// Runs an operation to its end without an allocation of its own.
fn run<F: Future + Unpin>(engine: &Engine, mut future: F) -> F::Output {
    loop {
        if let Poll::Ready(output) = poll_once(&mut future) {
            return output;
        }
        engine.turn(Wait::Until(None)).unwrap();
    }
}

#[test]
fn no_operation_allocates_once_the_engine_is_warm() {
    let engine = engine();
    let (mut client, server) = tcp_pair();
    let ring = BufferRing::new(&engine, BufferRingConfig::default()).unwrap();
    let mut stream = Some(RecvStream::new(&engine, fd(&server), &ring));
    let mut context = Context::from_waker(Waker::noop());
    let mut buffer = Some(vec![0_u8; 64]);
    let mut round = || {
        let mut ops: [_; 32] = std::array::from_fn(|_| engine.op(op::Nop::new()));
        for op in &mut ops {
            assert!(poll_once(op).is_pending());
        }
        for op in &mut ops {
            run(&engine, Pin::new(op)).unwrap();
        }
        let (sent, back) = run(
            &engine,
            engine.op(op::Send::new(fd(&client), buffer.take().unwrap())),
        );
        assert_eq!(sent.unwrap(), 64);
        buffer = Some(back);
        client.write_all(&[1; 8]).unwrap();
        // Everything, or items would pile up.
        let mut left = 72;
        while left > 0 {
            match stream.as_mut().unwrap().poll_next(&mut context) {
                Poll::Ready(item) => left -= item.unwrap().unwrap().len(),
                Poll::Pending => {
                    engine.turn(Wait::Until(None)).unwrap();
                }
            }
        }
        // An abandoned operation too.
        let mut timeout = engine.op(op::Timeout::new(std::time::Duration::from_secs(100)));
        assert!(poll_once(&mut timeout).is_pending());
        engine.turn(Wait::No).unwrap();
        drop(timeout);
        while engine.in_flight() > 1 {
            engine.turn(Wait::Until(None)).unwrap();
        }
        let chain = engine.chain((op::Nop::new(), op::Nop::new())).unwrap();
        let (first, second) = run(&engine, chain);
        assert!(first.is_ok() && second.is_ok());
    };
    for _ in 0..10 {
        round();
    }
    let count = allocations(|| {
        for _ in 0..1_000 {
            round();
        }
    });
    assert_eq!(count, 0);
    assert!(
        allocations(|| drop(vec![1_u8; 10])) > 0,
        "the counter counts"
    );
    drop(stream.take());
}
