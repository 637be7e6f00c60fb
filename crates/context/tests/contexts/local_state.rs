//! What crates above keep once for each run of a context.

use std::cell::Cell;
use std::rc::Rc;

use context::Context;

use crate::support::{DropGuard, Drops};

/// 10: made once, shared, dropped at the end of the run and after its tasks; a new run has a new one.
#[test]
fn once_for_each_run() {
    struct Pool(Cell<u32>, DropGuard);
    let drops = Drops::default();
    let mut context = Context::new();
    for round in 0..3 {
        context
            .block_on(async {
                for n in 0..3 {
                    let pool = context::local_state(|_| Pool(Cell::new(0), drops.guard())).unwrap();
                    assert_eq!(pool.0.get(), n);
                    pool.0.set(n + 1);
                    let _ = &pool.1;
                }
                assert_eq!(drops.count(), round);
            })
            .unwrap();
        assert_eq!(drops.count(), round + 1);
    }
}

/// 10: a state whose destructor asks for a state leaves nothing behind for the next run, or for another thread.
#[test]
fn a_state_made_while_states_are_dropped() {
    struct First(Drops);
    struct Second {
        run: u32,
        _guard: DropGuard,
    }
    impl Drop for First {
        fn drop(&mut self) {
            let drops = self.0.clone();
            let _ = context::local_state(|_| Second {
                run: 1,
                _guard: drops.guard(),
            });
        }
    }
    let drops = Drops::default();
    let mut context = Context::new();
    context
        .block_on(async {
            context::local_state(|_| First(drops.clone())).unwrap();
        })
        .unwrap();
    // Made and dropped, or refused: either way it is gone.
    let made_at_the_end = drops.count();
    context
        .block_on(async {
            let second = context::local_state(|_| Second {
                run: 2,
                _guard: drops.guard(),
            });
            assert_eq!(second.unwrap().run, 2);
        })
        .unwrap();
    assert_eq!(drops.count(), made_at_the_end + 1);
}

/// 10: states that make each other, and one that is made inside its own making.
#[test]
fn makers_may_ask_for_states() {
    struct Outer(Rc<Inner>);
    struct Inner(u32);
    context::block_on(async {
        let outer =
            context::local_state(|_| Outer(context::local_state(|_| Inner(5)).unwrap())).unwrap();
        assert_eq!(outer.0.0, 5);
        struct Itself(u32);
        impl Drop for Itself {
            fn drop(&mut self) {
                let _ = context::local_state(|_| Inner(6));
            }
        }
        let itself = context::local_state(|_| {
            drop(context::local_state(|_| Itself(1)));
            Itself(2)
        })
        .unwrap();
        assert_eq!(itself.0, 2);
    })
    .unwrap();
}

/// 1, 10: destructors that panic while the run ends do not keep it from ending.
#[test]
fn destructors_that_panic_at_the_end() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("a destructor panics");
        }
    }
    struct DropsBadly(#[allow(dead_code, reason = "it is there to be dropped")] Bomb);
    impl std::task::Wake for DropsBadly {
        fn wake(self: std::sync::Arc<Self>) {}
    }
    let mut context = Context::new();
    for _ in 0..2 {
        context
            .block_on(async {
                context::local_state(|_| Bomb).unwrap();
                context::local_state(|_| (Bomb, 1)).unwrap();
                let waker = std::task::Waker::from(std::sync::Arc::new(DropsBadly(Bomb)));
                let mut sleep = context::sleep(std::time::Duration::from_secs(1000));
                let mut cx = std::task::Context::from_waker(&waker);
                assert!(std::pin::Pin::new(&mut sleep).poll(&mut cx).is_pending());
                // Its entry, and the waker in it, stay to the end of the run.
                std::mem::forget(sleep);
                drop(waker);
            })
            .unwrap();
    }
    assert!(!context::in_context());
}
