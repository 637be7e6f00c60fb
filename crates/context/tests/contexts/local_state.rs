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
    struct Second(#[allow(dead_code)] DropGuard, Rc<()>);
    impl Drop for First {
        fn drop(&mut self) {
            let drops = self.0.clone();
            let _ = context::local_state(|_| Second(drops.guard(), Rc::new(())));
        }
    }
    let drops = Drops::default();
    let mut context = Context::new();
    context
        .block_on(async {
            context::local_state(|_| First(drops.clone())).unwrap();
        })
        .unwrap();
    let left = drops.count();
    context
        .block_on(async {
            let fresh = context::local_state(|_| Second(drops.guard(), Rc::new(()))).unwrap();
            assert_eq!(Rc::strong_count(&fresh.1), 1);
            assert_eq!(drops.count(), left);
        })
        .unwrap();
    assert_eq!(drops.count(), left + 1);
    assert!(
        drops
            .threads()
            .iter()
            .all(|thread| *thread == std::thread::current().id())
    );
    // Made by a destructor at the end of the first run and dropped there, or refused: either way it is gone.
    assert!(left <= 1);
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
