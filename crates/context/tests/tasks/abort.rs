//! Requirement 16: abort, in every state a task can be in, from its own thread and from others.

use std::thread;

use context::Stop;

use crate::support::{Drops, Gate, Witness, own_waker, started, stop};

/// 16: abort of a task that is queued and was never polled.
#[test]
fn abort_before_the_first_poll() {
    let drops = Drops::default();
    let guard = drops.guard();
    context::block_on(async {
        let task = context::spawn(async move {
            let _guard = guard;
            unreachable!("aborted before it ran");
        });
        task.abort();
        assert!(
            !task.is_finished(),
            "a task ends at its turn, not inside `abort`"
        );
        assert!(task.await.unwrap_err().is_cancelled());
    })
    .unwrap();
    assert_eq!(drops.count(), 1);
}

/// 16: abort of a task that waits.
#[test]
fn abort_while_waiting() {
    context::block_on(async {
        let drops = Drops::default();
        let guard = drops.guard();
        let task = context::spawn(async move {
            let _guard = guard;
            std::future::pending::<()>().await;
        });
        context::yield_now().await;
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(drops.count(), 1);
    })
    .unwrap();
}

/// 16: abort of a task by itself takes effect when it next waits; one that returns instead has its output.
#[test]
fn abort_of_itself() {
    context::block_on(async {
        for waits in [true, false] {
            let (handle, handles) = futures_channel();
            let task = context::spawn(async move {
                let abort: context::AbortHandle = handles.wait().await;
                abort.abort();
                if waits {
                    context::yield_now().await;
                    unreachable!("aborted");
                }
                5
            });
            handle.set(task.abort_handle());
            let ended = task.await;
            if waits {
                assert!(ended.unwrap_err().is_cancelled());
            } else {
                assert_eq!(ended.unwrap(), 5);
            }
        }
    })
    .unwrap();
}

/// 16: abort of a completed task changes nothing, whichever handle it comes from.
#[test]
fn abort_after_the_end() {
    context::block_on(async {
        let task = context::spawn(async { 5 });
        context::yield_now().await;
        task.abort();
        let late = task.abort_handle();
        late.abort();
        assert_eq!(task.await.unwrap(), 5);
        late.abort();

        let task = context::handle().submit(async { 6 }).unwrap();
        let early = task.abort_handle();
        while !task.is_finished() {
            context::yield_now().await;
        }
        early.abort();
        task.abort();
        let late = task.abort_handle();
        assert_eq!(task.await.unwrap(), 6);
        early.abort();
        late.abort();
    })
    .unwrap();
}

/// 16: an abort handle that was made after the task's end keeps the task, not more and not less.
#[test]
fn an_abort_handle_made_after_the_end_keeps_the_task() {
    let witness = Witness::new();
    let kept = context::block_on(async {
        let task = context::spawn_named(witness.name(), async {});
        context::yield_now().await;
        assert!(task.is_finished());
        let (first, second) = (task.abort_handle(), task.abort_handle());
        drop(task);
        assert_eq!(witness.holders(), 1);
        drop(first);
        assert_eq!(witness.holders(), 1);
        second
    })
    .unwrap();
    assert_eq!(witness.holders(), 1);
    kept.abort();
    drop(kept);
    assert_eq!(witness.holders(), 0);
}

/// 16: abort by the context's own task of a task that was submitted and has not arrived.
#[test]
fn abort_of_a_submitted_task_before_it_arrives() {
    let witness = Witness::new();
    context::block_on(async {
        let bystander = Gate::default();
        let inner = bystander.clone();
        let other = context::spawn(async move { inner.wait().await });
        let task = context::handle()
            .submit_named(witness.name(), async { unreachable!("aborted") })
            .unwrap();
        task.abort();
        task.abort();
        context::yield_now().await;
        context::yield_now().await;
        assert!(task.await.unwrap_err().is_cancelled());
        let live: Vec<_> = context::handle().tasks();
        assert_eq!(live.len(), 2, "main and the bystander: {live:?}");
        assert_eq!(context::handle().metrics().tasks_live, 2);
        bystander.open();
        other.await.unwrap();
    })
    .unwrap();
    assert_eq!(witness.holders(), 0);
}

/// 16: abort of a submitted task before its context has started.
#[test]
fn abort_before_start() {
    let mut context = context::Context::new();
    let drops = Drops::default();
    let guard = drops.guard();
    let task = context
        .handle()
        .submit(async move {
            let _guard = guard;
            unreachable!("aborted");
        })
        .unwrap();
    task.abort();
    assert_eq!(drops.count(), 0, "a task ends on its own thread");
    context.start().unwrap();
    assert!(task.join_blocking().unwrap_err().is_cancelled());
    assert_eq!(drops.count(), 1);
    assert_ne!(drops.threads(), [thread::current().id()]);
    stop(&mut context);
}

/// 16: an abort from another thread reaches a task in whatever state, and exactly one of abort and end wins.
#[test]
fn abort_from_another_thread_at_any_moment() {
    let mut context = started();
    let handle = context.handle();
    for round in 0..2000 {
        let witness = Witness::new();
        let task = handle
            .submit_named(witness.name(), async move {
                for _ in 0..round % 7 {
                    context::yield_now().await;
                }
                round
            })
            .unwrap();
        let abort = task.abort_handle();
        let aborter = (round % 2 == 0).then(|| {
            let abort = abort.clone();
            thread::spawn(move || abort.abort())
        });
        abort.abort();
        match task.join_blocking() {
            Ok(output) => assert_eq!(output, round),
            Err(error) => assert!(error.is_cancelled()),
        }
        if let Some(aborter) = aborter {
            aborter.join().unwrap();
        }
        drop(abort);
    }
    assert_eq!(handle.metrics().tasks_live, 0);
    stop(&mut context);
}

/// 16, 5: an aborted task's waker still works, and does nothing.
#[test]
fn a_waker_of_an_aborted_task_does_nothing() {
    let mut context = started();
    let (sender, receiver) = std::sync::mpsc::channel();
    let task = context
        .handle()
        .submit(async move {
            sender.send(own_waker().await).unwrap();
            std::future::pending::<()>().await;
        })
        .unwrap();
    let waker = receiver.recv().unwrap();
    task.abort();
    assert!(task.join_blocking().unwrap_err().is_cancelled());
    for _ in 0..100 {
        waker.wake_by_ref();
    }
    let polls = context.handle().metrics().polls;
    let alive = context.handle().submit(async {}).unwrap();
    alive.join_blocking().unwrap();
    assert_eq!(context.handle().metrics().polls, polls + 1);
    context.notify_stop(Stop::Abort);
    context.join().unwrap();
    waker.wake();
}

/// A value that one side sets and the other waits for.
fn futures_channel<T: 'static>() -> (Setter<T>, Getter<T>) {
    let slot = std::rc::Rc::new(std::cell::RefCell::new(None));
    (Setter(slot.clone()), Getter(slot))
}

struct Setter<T>(std::rc::Rc<std::cell::RefCell<Option<T>>>);

impl<T> Setter<T> {
    fn set(self, value: T) {
        *self.0.borrow_mut() = Some(value);
    }
}

struct Getter<T>(std::rc::Rc<std::cell::RefCell<Option<T>>>);

impl<T> Getter<T> {
    async fn wait(&self) -> T {
        loop {
            let value = self.0.borrow_mut().take();
            match value {
                Some(value) => return value,
                None => context::yield_now().await,
            }
        }
    }
}
