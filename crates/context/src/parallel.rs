//! The same work on many items, spread over the contexts of a scheduler.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::current;
use crate::handle::Handle;
use crate::scheduler::SchedulerHandle;
use crate::task::{JoinError, JoinHandle, RemoteJoinHandle};

/// Calls `map` on every item, spread over the contexts of `scheduler` in equal runs, and returns the results in the order of
/// the items. Each item is a task of its own on its context, so items run concurrently on a context and in parallel
/// across contexts, and an item that panics fails alone.
///
/// A run whose context does not take it (it has stopped) fails item by item as cancelled.
///
/// # Cancel safety
///
/// Dropping the future aborts what has not finished.
///
/// # Examples
///
/// ```
/// let mut scheduler = context::Scheduler::new(2);
/// scheduler.start().unwrap();
/// let handle = scheduler.handle();
/// let squares = context::block_on(async move {
///     context::parallel_map(&handle, 0..10u64, |n| async move { n * n }).await
/// }).unwrap();
/// assert_eq!(squares.into_iter().map(Result::unwrap).sum::<u64>(), 285);
/// ```
pub async fn parallel_map<I, M, F>(
    scheduler: &SchedulerHandle,
    items: I,
    map: M,
) -> Vec<Result<F::Output, JoinError>>
where
    I: IntoIterator,
    I::Item: Send + 'static,
    M: Fn(I::Item) -> F + Send + Sync + 'static,
    F: Future + 'static,
    F::Output: Send + 'static,
{
    let runs = split(items.into_iter().collect(), scheduler.contexts().len());
    let map = Arc::new(map);
    let mut results = Vec::new();
    let mut started = Vec::new();
    for (context, run) in with_items(scheduler, runs) {
        let (map, count) = (map.clone(), run.len());
        let task = context
            .submit_with(move || map_run(run, map))
            .map(AbortOnDrop::new);
        started.push((count, task.ok()));
    }
    for (count, task) in started {
        let run = match task {
            Some(task) => task.await,
            None => Err(JoinError::cancelled(0)),
        };
        match run {
            Ok(run) => results.extend(run),
            Err(error) => {
                let id = error.task_id();
                results.extend((1..count).map(|_| Err(JoinError::cancelled(id))));
                results.push(Err(error));
            }
        }
    }
    results
}

/// As [`parallel_map`], with the results of all items combined by `reduce`, which has to be associative: each context
/// combines its own run of items, and the runs are combined in order. `None` without items.
///
/// # Errors
///
/// The first failure in the order of the items; the other results are dropped.
///
/// # Cancel safety
///
/// Dropping the future aborts what has not finished.
pub async fn parallel_reduce<I, M, F, R>(
    scheduler: &SchedulerHandle,
    items: I,
    map: M,
    reduce: R,
) -> Result<Option<F::Output>, JoinError>
where
    I: IntoIterator,
    I::Item: Send + 'static,
    M: Fn(I::Item) -> F + Send + Sync + 'static,
    F: Future + 'static,
    F::Output: Send + 'static,
    R: Fn(F::Output, F::Output) -> F::Output + Send + Sync + 'static,
{
    let runs = split(items.into_iter().collect(), scheduler.contexts().len());
    let (map, reduce) = (Arc::new(map), Arc::new(reduce));
    let mut started = Vec::new();
    for (context, run) in with_items(scheduler, runs) {
        let (map, reduce) = (map.clone(), reduce.clone());
        let task = context.submit_with(move || async move {
            let mut total = None;
            for result in map_run(run, map).await {
                total = combine(total, Some(result?), &*reduce);
            }
            Ok::<_, JoinError>(total)
        });
        started.push(
            task.map(AbortOnDrop::new)
                .map_err(|_| JoinError::cancelled(0)),
        );
    }
    let mut total = None;
    for task in started {
        total = combine(total, task?.await??, &*reduce);
    }
    Ok(total)
}

fn combine<T>(left: Option<T>, right: Option<T>, reduce: &impl Fn(T, T) -> T) -> Option<T> {
    match (left, right) {
        (Some(left), Some(right)) => Some(reduce(left, right)),
        (left, right) => left.or(right),
    }
}

/// One context's run of items, each in a task of its own.
async fn map_run<T, M, F>(run: Vec<T>, map: Arc<M>) -> Vec<Result<F::Output, JoinError>>
where
    T: 'static,
    M: Fn(T) -> F + 'static,
    F: Future + 'static,
{
    let tasks: Vec<_> = run
        .into_iter()
        .map(|item| {
            let map = map.clone();
            // `map` itself runs in the task, so that its panic is the item's.
            AbortOnDrop::new(current::spawn(async move { map(item).await }))
        })
        .collect();
    let mut results = Vec::with_capacity(tasks.len());
    for task in tasks {
        results.push(task.await);
    }
    results
}

/// The contexts of `scheduler` with their runs of items, those without any left out.
fn with_items<T>(
    scheduler: &SchedulerHandle,
    runs: Vec<Vec<T>>,
) -> impl Iterator<Item = (&Handle, Vec<T>)> {
    let contexts = scheduler.contexts().iter();
    contexts.zip(runs).filter(|(_, run)| !run.is_empty())
}

/// Splits items into `parts` runs whose lengths differ by one at the most.
fn split<T>(items: Vec<T>, parts: usize) -> Vec<Vec<T>> {
    let (each, longer) = (items.len() / parts, items.len() % parts);
    let mut items = items.into_iter();
    (0..parts)
        .map(|part| {
            items
                .by_ref()
                .take(each + usize::from(part < longer))
                .collect()
        })
        .collect()
}

/// What a join handle of either kind can do.
trait Abort {
    fn abort(&self);
}

impl<T> Abort for JoinHandle<T> {
    fn abort(&self) {
        JoinHandle::abort(self);
    }
}

impl<T> Abort for RemoteJoinHandle<T> {
    fn abort(&self) {
        RemoteJoinHandle::abort(self);
    }
}

/// A join handle that aborts its task when dropped, instead of detaching it.
struct AbortOnDrop<H: Abort>(H);

impl<H: Abort> AbortOnDrop<H> {
    fn new(handle: H) -> Self {
        Self(handle)
    }
}

impl<H: Abort> Drop for AbortOnDrop<H> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<H: Abort + Future + Unpin> Future for AbortOnDrop<H> {
    type Output = H::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<H::Output> {
        Pin::new(&mut self.0).poll(cx)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn runs_are_even_and_in_order() {
        assert_eq!(
            split((0..7).collect(), 3),
            [vec![0, 1, 2], vec![3, 4], vec![5, 6]]
        );
        assert_eq!(split((0..2).collect(), 3), [vec![0], vec![1], vec![]]);
    }
}
