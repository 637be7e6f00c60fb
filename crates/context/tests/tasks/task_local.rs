//! Requirement 16: task-local values.

use context::TaskLocal;

static DEPTH: TaskLocal<u32> = TaskLocal::new();
static OTHER: TaskLocal<u32> = TaskLocal::new();

fn depth() -> Option<u32> {
    DEPTH.get(|depth| *depth)
}

/// 16: each task has its own value across awaits, whatever the interleaving.
#[test]
fn values_belong_to_their_task() {
    context::block_on(async {
        let tasks: Vec<_> = (0..100)
            .map(|n| {
                context::spawn(DEPTH.scope(n, async move {
                    for _ in 0..10 {
                        assert_eq!(depth(), Some(n));
                        context::yield_now().await;
                    }
                    assert_eq!(OTHER.get(|value| *value), None);
                }))
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(depth(), None);
    })
    .unwrap();
}

/// 16: an inner scope hides the outer one until its end; a spawned task inherits nothing.
#[test]
fn scopes_nest_and_are_not_inherited() {
    context::block_on(DEPTH.scope(1, async {
        DEPTH
            .scope(2, async {
                context::yield_now().await;
                assert_eq!(depth(), Some(2));
            })
            .await;
        assert_eq!(depth(), Some(1));
        assert_eq!(context::spawn(async { depth() }).await.unwrap(), None);
    }))
    .unwrap();
    assert_eq!(depth(), None);
}

/// 16: a panic inside a scope ends it.
#[test]
fn a_panic_ends_the_scope() {
    context::block_on(async {
        let task = context::spawn(DEPTH.scope(3, async { panic!("inside") }));
        assert!(task.await.unwrap_err().is_panic());
        assert_eq!(depth(), None);
    })
    .unwrap();
}
