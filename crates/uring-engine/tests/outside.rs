//! Engines whose thread sleeps in somebody else's event loop.

#![cfg(not(loom))]

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use uring_engine::{Engine, EngineConfig, Feature, Unparker, Wait, Withheld, op};

fn engine() -> Engine {
    Engine::new(&EngineConfig {
        without: Withheld::NOTHING.feature(Feature::DeferTaskrun),
        ..EngineConfig::default()
    })
    .expect("a ring")
}

/// Waits for the engine's descriptor: for ever, or not at all.
fn is_readable(engine: &Engine, wait: bool) -> bool {
    let mut wanted = libc::pollfd {
        fd: engine.descriptor().expect("it is open"),
        events: libc::POLLIN,
        revents: 0,
    };
    loop {
        // SAFETY: one descriptor, that lives across the call.
        match unsafe { libc::poll(&mut wanted, 1, if wait { -1 } else { 0 }) } {
            // A completion's interrupt.
            -1 => {}
            ready => return ready == 1,
        }
    }
}

/// Parks, though completions of earlier turns may be in the way at first.
fn park(engine: &Engine) {
    while !engine.park_outside().expect("the ring works") {}
}

#[test]
fn a_call_makes_it_readable_every_time() {
    let engine = engine();
    let unparker = engine.unparker();
    for _ in 0..100 {
        park(&engine);
        assert!(!is_readable(&engine, false));
        let caller = thread::spawn({
            let unparker = unparker.clone();
            move || unparker.unpark()
        });
        assert!(is_readable(&engine, true));
        assert!(caller.join().unwrap());
        engine.park_end();
    }
}

#[test]
fn what_is_queued_is_submitted_and_its_completion_makes_it_readable() {
    let engine = engine();
    let mut sleep = pin!(engine.op(op::Timeout::new(Duration::from_millis(5))));
    let cx = &mut Context::from_waker(Waker::noop());
    assert!(sleep.as_mut().poll(cx).is_pending());
    park(&engine);
    assert!(is_readable(&engine, true));
    engine.park_end();
    engine.turn(Wait::No).expect("the ring works");
    assert!(sleep.as_mut().poll(cx).is_ready());
}

/// A call that comes while the sleep is being announced: those that follow it would wake nobody.
#[test]
fn it_does_not_sleep_after_a_call() {
    struct Calls(Unparker);
    impl Wake for Calls {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let engine = engine();
    let waker = Waker::from(Arc::new(Calls(engine.unparker())));
    park(&engine);
    engine.park_end();
    let mut nop = pin!(engine.op(op::Nop::new()));
    assert!(
        nop.as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    // The turn in it completes the operation, which calls.
    assert!(!engine.park_outside().expect("the ring works"));
    assert!(matches!(
        nop.as_mut().poll(&mut Context::from_waker(Waker::noop())),
        Poll::Ready(_)
    ));
    park(&engine);
}

#[test]
fn an_engine_that_is_shut_down_has_no_descriptor() {
    let engine = engine();
    assert!(engine.descriptor().is_some());
    assert_eq!(engine.wait_limit(), None);
    engine.shutdown();
    assert_eq!(engine.descriptor(), None);
    assert!(engine.park_outside().is_err());
}
