//! Requirement 17 and its grid: `when_all` whose children hold mutexes, and that is awaited with mutexes held.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use corio::context::when_all_iter;
use corio::sync::Mutex;
use corio::{block_on, when_all, yield_now};

use crate::support::{Tasks, Unguarded, context_counts};

/// A counter behind a mutex; the count is taken over turns of others.
#[derive(Default)]
struct Counted {
    mutex: Mutex<()>,
    counter: Unguarded,
}

impl Counted {
    async fn count(&self) -> usize {
        let _guard = self.mutex.lock().await;
        self.counter.count().await;
        self.counter.get()
    }
}

/// 1, 4 and 10 children of one task, all of which want the lock, and get it in order.
#[test]
fn one_four_and_ten() {
    block_on(async {
        let counted = Counted::default();
        let c = || counted.count();
        assert_eq!(when_all((c(),)).await, (1,));
        assert_eq!(when_all((c(), c(), c(), c())).await, (2, 3, 4, 5));
        let ten = when_all([(); 10].map(|()| c())).await;
        assert_eq!(ten, [6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
    })
    .unwrap();
}

/// 10 to 10,000 children from an iterator, in tasks on all contexts, over one mutex.
#[test]
fn ranges() {
    const TASKS: usize = 4;
    for contexts in context_counts() {
        for children in [10, 100, 1_000, 10_000] {
            let mut tasks = Tasks::over(contexts);
            let counted = Arc::new(Counted::default());
            tasks.add_each(TASKS, |_| {
                let counted = counted.clone();
                async move {
                    let counts = when_all_iter((0..children).map(|_| counted.count())).await;
                    assert!(counts.is_sorted());
                }
            });
            tasks.run();
            assert_eq!(counted.counter.get(), TASKS * children);
        }
    }
}

/// Each level holds its mutex while it awaits two of the next level, which take turns with theirs.
#[test]
fn nested() {
    const DEPTH: usize = 13;

    fn level<'a>(
        levels: &'a [Mutex<usize>],
        leaves: &'a Cell<usize>,
    ) -> Pin<Box<dyn Future<Output = ()> + 'a>> {
        Box::pin(async move {
            let Some((own, below)) = levels.split_first() else {
                leaves.set(leaves.get() + 1);
                return yield_now().await;
            };
            let mut visits = own.lock().await;
            when_all((level(below, leaves), level(below, leaves))).await;
            *visits += 1;
        })
    }

    for depth in 1..=DEPTH {
        let levels: Vec<_> = (0..depth).map(|_| Mutex::new(0)).collect();
        let leaves = Cell::new(0);
        block_on(level(&levels, &leaves)).unwrap();
        assert_eq!(leaves.get(), 1 << depth);
        let visits: Vec<_> = levels.into_iter().map(Mutex::into_inner).collect();
        assert!((0..depth).map(|level| 1 << level).eq(visits));
    }
}

/// Tasks on all contexts hold one mutex while their children work with another.
#[test]
fn awaited_with_a_mutex_held() {
    for contexts in context_counts() {
        for waiting in [1, 4, 10] {
            let mut tasks = Tasks::over(contexts);
            let shared = Arc::new((Counted::default(), Counted::default()));
            tasks.add_each(100, |_| {
                let shared = shared.clone();
                async move {
                    let (outer, inner) = &*shared;
                    let _guard = outer.mutex.lock().await;
                    let counts = when_all_iter((0..waiting).map(|_| inner.count())).await;
                    // Nobody else has come to the inner one meanwhile.
                    assert!(counts.is_sorted_by(|one, next| one + 1 == *next));
                    outer.counter.count().await;
                }
            });
            tasks.run();
            assert_eq!(shared.0.counter.get(), 100);
            assert_eq!(shared.1.counter.get(), 100 * waiting);
        }
    }
}
