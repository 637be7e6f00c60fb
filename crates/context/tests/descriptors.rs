//! Requirements 1 and 5: ending and dropping contexts at any moment leaks no descriptor. A test binary of its own, with one
//! test, as others would open descriptors meanwhile.

#[path = "support/mod.rs"]
mod support;

use context::{Context, ContextBuilder, Scheduler, Stop};

use crate::support::{nop, own_waker, poll_once, tiny_ring};

/// The number of this process's open descriptors.
fn open() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

async fn busy() {
    for _ in 0..50 {
        context::spawn(async {
            loop {
                nop().await;
            }
        })
        .detach();
    }
    for _ in 0..3 {
        nop().await;
    }
}

/// Every way to end a context.
fn end_in_every_way(round: usize) {
    let mut context = ContextBuilder::new()
        .engine(tiny_ring(1 << (round % 4)))
        .build();
    match round % 6 {
        0 => context.block_on(busy()).unwrap(),
        1 => {
            context.start().unwrap();
            context.handle().submit_with(busy).unwrap().detach();
        }
        2 => {
            context.start().unwrap();
            context.handle().submit_with(busy).unwrap().detach();
            context.notify_stop(Stop::Abort);
            context.join().unwrap();
        }
        3 => {
            let unwound = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                context.block_on(async {
                    busy().await;
                    std::panic::resume_unwind(Box::new(()));
                })
            }));
            assert!(unwound.is_err());
        }
        4 => {
            let mut scheduler = Scheduler::new(2);
            scheduler.start().unwrap();
            scheduler.handle().submit_with(busy).unwrap().detach();
        }
        _ => {
            // What is kept past the end.
            let kept = context
                .block_on(async {
                    busy().await;
                    let mut op = context::driver().engine().op(uring_engine::op::Nop::new());
                    let _ = poll_once(&mut op);
                    (op, own_waker().await, context::handle())
                })
                .unwrap();
            drop(context);
            drop(kept);
        }
    }
}

/// 1, 5: no descriptor is left, however a context ends, and none is added by running one again and again, with a
/// handle to it alive.
#[test]
fn no_descriptor_is_left() {
    end_in_every_way(0);
    let before = open();
    for round in 0..60 {
        end_in_every_way(round);
        assert_eq!(open(), before, "round {round}");
    }

    let mut context = Context::new();
    let handle = context.handle();
    context.block_on(nop()).unwrap();
    let once = open();
    for _ in 0..50 {
        context.block_on(nop()).unwrap();
        context.start().unwrap();
        handle.submit(async {}).unwrap().join_blocking().unwrap();
        context.notify_stop(Stop::Abort);
        context.join().unwrap();
    }
    assert_eq!(open(), once, "after 100 more runs");
    drop((context, handle));
    assert_eq!(open(), before);
}
