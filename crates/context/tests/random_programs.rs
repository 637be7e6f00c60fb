//! Requirements 2, 5 and 16 under random programs: spawn, submit, wake, abort, clone and drop of every kind of handle, over two
//! contexts and the test's own thread. Whatever the program, each future is polled and dropped on its home thread only,
//! dropped exactly once, each handle resolves, and no task's memory is left.

#[path = "support/mod.rs"]
mod support;

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Poll, Waker};
use std::thread::{self, ThreadId};

use context::{AbortHandle, Context, Handle, RemoteJoinHandle, Stop};
use proptest::prelude::{ProptestConfig, Strategy, prop_oneof, proptest};

use crate::support::{Watchdog, Witness};

/// One step of a program. A number picks one of what there is.
#[derive(Clone, Debug)]
enum Step {
    /// Submit a task that does these steps, and then waits to be woken so many times.
    Submit(usize, Vec<Step>, u8),
    /// Spawn one, if this is a task.
    Spawn(Vec<Step>, u8),
    /// Spawn one and give its handle to all threads.
    SpawnRemote(Vec<Step>, u8),
    Wake(usize),
    WakeByRef(usize),
    CloneWaker(usize),
    DropWaker(usize),
    Abort(usize),
    DropHandle(usize),
    PollHandle(usize),
    DropAbortHandle(usize),
    /// Let others run, if this is a task; the step after it comes in the next poll.
    Yield,
    Panic,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let simple = prop_oneof![
        (0..8_usize).prop_map(Step::Wake),
        (0..8_usize).prop_map(Step::WakeByRef),
        (0..8_usize).prop_map(Step::CloneWaker),
        (0..8_usize).prop_map(Step::DropWaker),
        (0..8_usize).prop_map(Step::Abort),
        (0..8_usize).prop_map(Step::DropHandle),
        (0..8_usize).prop_map(Step::PollHandle),
        (0..8_usize).prop_map(Step::DropAbortHandle),
        proptest::strategy::Just(Step::Yield),
        proptest::strategy::Just(Step::Yield),
    ];
    let step = simple.prop_recursive(3, 24, 6, |inner| {
        let body = || proptest::collection::vec(inner.clone(), 0..6);
        prop_oneof![
            3 => inner.clone(),
            2 => (0..2_usize, body(), 0..3_u8).prop_map(|(at, steps, waits)| Step::Submit(at, steps, waits)),
            1 => (body(), 0..3_u8).prop_map(|(steps, waits)| Step::Spawn(steps, waits)),
            1 => (body(), 0..3_u8).prop_map(|(steps, waits)| Step::SpawnRemote(steps, waits)),
            1 => proptest::strategy::Just(Step::Panic),
        ]
    });
    proptest::collection::vec(step, 1..12)
}

/// What all tasks and the test's thread share.
#[derive(Default)]
struct World {
    handles: Vec<Handle>,
    homes: Mutex<[Option<ThreadId>; 2]>,
    wakers: Mutex<Vec<Waker>>,
    joins: Mutex<Vec<RemoteJoinHandle<()>>>,
    aborts: Mutex<Vec<AbortHandle>>,
    made: AtomicUsize,
    dropped: AtomicUsize,
    wrong: Mutex<Vec<String>>,
}

impl World {
    fn assert_home(&self, home: usize, what: &str) {
        let here = thread::current().id();
        let known = *self.homes.lock().unwrap()[home].get_or_insert(here);
        if known != here {
            self.wrong
                .lock()
                .unwrap()
                .push(format!("{what} away from home"));
        }
    }
}

/// Takes the `n`th of what there is, outside the lock.
fn pick<T>(list: &Mutex<Vec<T>>, n: usize) -> Option<T> {
    let mut list = list.lock().unwrap();
    if list.is_empty() {
        return None;
    }
    let n = n % list.len();
    Some(list.swap_remove(n))
}

/// A task's future.
struct Program {
    world: Arc<World>,
    name: Arc<str>,
    home: usize,
    steps: VecDeque<Step>,
    waits: u8,
    polled: bool,
    ended: bool,
}

impl Program {
    fn new(world: &Arc<World>, name: &Arc<str>, home: usize, steps: Vec<Step>, waits: u8) -> Self {
        world.made.fetch_add(1, Ordering::Relaxed);
        Self {
            world: world.clone(),
            name: name.clone(),
            home,
            steps: steps.into(),
            waits,
            polled: false,
            ended: false,
        }
    }
}

impl Future for Program {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<()> {
        let this = &mut *self;
        assert!(!this.ended, "polled after its end");
        this.polled = true;
        this.world.assert_home(this.home, "polled");
        this.world.wakers.lock().unwrap().push(cx.waker().clone());
        while let Some(step) = this.steps.pop_front() {
            if matches!(step, Step::Yield) {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let (world, name) = (this.world.clone(), this.name.clone());
            take_step(&world, &name, Some(this.home), step);
        }
        if this.waits > 0 {
            this.waits -= 1;
            return Poll::Pending;
        }
        this.ended = true;
        Poll::Ready(())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.world.dropped.fetch_add(1, Ordering::Relaxed);
        if self.polled {
            self.world.assert_home(self.home, "dropped");
        }
    }
}

fn take_step(world: &Arc<World>, name: &Arc<str>, home: Option<usize>, step: Step) {
    let program = |home, steps, waits| Program::new(world, name, home, steps, waits);
    match step {
        Step::Submit(at, steps, waits) => {
            if let Ok(task) =
                world.handles[at].submit_named(name.clone(), program(at, steps, waits))
            {
                world.aborts.lock().unwrap().push(task.abort_handle());
                world.joins.lock().unwrap().push(task);
            }
        }
        Step::Spawn(steps, waits) => {
            if let Some(home) = home {
                let task = context::spawn_named(name.clone(), program(home, steps, waits));
                world.aborts.lock().unwrap().push(task.abort_handle());
                context::spawn(async move {
                    let _ = task.await;
                })
                .detach();
            }
        }
        Step::SpawnRemote(steps, waits) => {
            if let Some(home) = home {
                let task = context::spawn_named(name.clone(), program(home, steps, waits));
                world.joins.lock().unwrap().push(task.into_remote());
            }
        }
        Step::Wake(n) => {
            if let Some(waker) = pick(&world.wakers, n) {
                waker.wake();
            }
        }
        Step::WakeByRef(n) => {
            if let Some(waker) = pick(&world.wakers, n) {
                waker.wake_by_ref();
                world.wakers.lock().unwrap().push(waker);
            }
        }
        Step::CloneWaker(n) => {
            if let Some(waker) = pick(&world.wakers, n) {
                let clone = waker.clone();
                world.wakers.lock().unwrap().extend([waker, clone]);
            }
        }
        Step::DropWaker(n) => drop(pick(&world.wakers, n)),
        Step::Abort(n) => {
            if let Some(abort) = pick(&world.aborts, n) {
                abort.abort();
                world.aborts.lock().unwrap().push(abort);
            }
        }
        Step::DropHandle(n) => drop(pick(&world.joins, n)),
        Step::PollHandle(n) => {
            if let Some(mut task) = pick(&world.joins, n) {
                let waker = pick(&world.wakers, n);
                let mut cx = TaskContext::from_waker(waker.as_ref().unwrap_or(Waker::noop()));
                if Pin::new(&mut task).poll(&mut cx).is_pending() {
                    world.joins.lock().unwrap().push(task);
                }
            }
        }
        Step::DropAbortHandle(n) => drop(pick(&world.aborts, n)),
        Step::Yield => thread::yield_now(),
        Step::Panic if home.is_some() => {
            std::panic::resume_unwind(Box::new("a step of the program"))
        }
        Step::Panic => {}
    }
}

/// Runs a program on the test's thread, over two contexts that run meanwhile, and ends them: by a drain that is then made an
/// abort, with everything that is kept dropped before or after.
fn run(program: Vec<Step>, drop_before: bool) {
    let witness = Witness::new();
    let name = witness.name();
    let mut contexts = [Context::new(), Context::new()];
    let world = Arc::new(World {
        handles: contexts.iter().map(Context::handle).collect(),
        ..World::default()
    });
    for (at, context) in contexts.iter_mut().enumerate() {
        context.start().unwrap();
        let world = world.clone();
        let home = world.handles[at].clone();
        home.submit(async move { world.assert_home(at, "submitted") })
            .unwrap()
            .join_blocking()
            .unwrap();
    }
    for step in program {
        take_step(&world, &name, None, step);
    }
    if drop_before {
        world.wakers.lock().unwrap().clear();
        world.aborts.lock().unwrap().clear();
    }
    for context in &contexts {
        context.notify_stop(Stop::Abort);
    }
    for context in &mut contexts {
        context.join().unwrap();
    }
    let joins = std::mem::take(&mut *world.joins.lock().unwrap());
    for task in joins {
        let _ = task.join_blocking();
    }
    drop(contexts);
    let wakers = std::mem::take(&mut *world.wakers.lock().unwrap());
    for waker in wakers {
        waker.wake();
    }
    world.aborts.lock().unwrap().clear();
    drop(name);
    assert_eq!(*world.wrong.lock().unwrap(), [""; 0]);
    assert_eq!(
        world.made.load(Ordering::Relaxed),
        world.dropped.load(Ordering::Relaxed)
    );
    assert_eq!(witness.holders(), 0, "tasks are left");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// 2, 5, 16: see the file's page.
    #[test]
    fn any_program(program in steps(), drop_before in proptest::bool::ANY) {
        let _watchdog = Watchdog::new("any_program");
        run(program, drop_before);
    }
}

/// 2, 16: the same steps, many at once: four threads of the test wake, clone, abort and drop what 200 tasks leave about.
#[test]
fn a_crowd() {
    let _watchdog = Watchdog::new("a_crowd");
    let witness = Witness::new();
    let name = witness.name();
    let mut contexts = [Context::new(), Context::new()];
    let world = Arc::new(World {
        handles: contexts.iter().map(Context::handle).collect(),
        ..World::default()
    });
    for context in &mut contexts {
        context.start().unwrap();
    }
    let body = |n: usize| {
        vec![
            Step::Yield,
            Step::CloneWaker(n),
            Step::Wake(n + 1),
            Step::Spawn(vec![Step::Yield, Step::DropWaker(n)], 1),
            Step::PollHandle(n),
            Step::SpawnRemote(vec![Step::WakeByRef(n + 2), Step::Abort(n)], 0),
            Step::Yield,
        ]
    };
    thread::scope(|scope| {
        for seed in 0..4_usize {
            let (world, name) = (&world, &name);
            scope.spawn(move || {
                for n in 0..50 {
                    take_step(
                        world,
                        name,
                        None,
                        Step::Submit(n % 2, body(n), (n % 3) as u8),
                    );
                    for (round, at) in (0..20).zip(seed..) {
                        let step = match round % 5 {
                            0 => Step::WakeByRef(at * 7),
                            1 => Step::Wake(at * 5),
                            2 => Step::CloneWaker(at * 3),
                            3 => Step::PollHandle(at),
                            _ => Step::Abort(at * 11),
                        };
                        take_step(world, name, None, step);
                    }
                }
            });
        }
    });
    for context in &mut contexts {
        context.notify_stop(Stop::Abort);
        context.join().unwrap();
    }
    for task in std::mem::take(&mut *world.joins.lock().unwrap()) {
        let _ = task.join_blocking();
    }
    drop(contexts);
    world.aborts.lock().unwrap().clear();
    drop(std::mem::take(&mut *world.wakers.lock().unwrap()));
    drop(name);
    assert_eq!(*world.wrong.lock().unwrap(), [""; 0]);
    assert_eq!(
        world.made.load(Ordering::Relaxed),
        world.dropped.load(Ordering::Relaxed)
    );
    assert_eq!(witness.holders(), 0);
}
