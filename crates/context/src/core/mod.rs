//! What a context is made of, as its tasks, its handles and its worker loop see it.
//!
//! [`Core`] has a part for every thread (inbox, wake-up, stop request, metrics, task table) and a part for the home thread
//! alone ([`Home`]: run queue, driver, timers). The home part is reached through [`Local`], which exists only on
//! the home thread: the type says who may touch what.
//!
//! # Who keeps a core
//!
//! Handles count in `references`, as in an `Arc`. Tasks hold a plain pointer, because counting each would cost every
//! spawn and every end of a task an atomic operation. Instead the tasks are counted as a group: while the core is bound,
//! the home thread counts in a cell how many more tasks it made than freed, and holds the core by [`BOUND`], a number so
//! large that tasks freed by other threads, each of which takes one off `references`, cannot exhaust it. When the
//! core is unbound the home thread settles: it adds its count and takes `BOUND` off. A task submitted from another
//! thread adds one when it is made. So, unbound, `references` is exactly handles plus tasks that still exist.

mod local;
mod seen;

use std::any::{Any, TypeId};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ops::Deref;
use std::panic::Location;
use std::ptr::NonNull;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crossbeam_utils::CachePadded;
pub(crate) use local::Local;
pub(crate) use seen::Poll;
use uring_engine::{SetupReport, Unparker};

use crate::builder::Config;
use crate::current;
use crate::driver::Driver;
use crate::guard::Guards;
use crate::inbox::Inbox;
#[cfg(feature = "trace-waits")]
use crate::inspect::Tracer;
use crate::inspect::{Labels, Questions};
use crate::metrics::Counters;
use crate::room::Room;
use crate::run_queue::RunQueue;
use crate::scheduler::Work;
use crate::sleep_state::SleepState;
use crate::stop::StopSignal;
use crate::table::Table;
use crate::task::local::Scopes;
use crate::task::memory::{Block, Kept};
use crate::task::state::Shared;
use crate::task::{self, ARRIVING, Header, Origin, PublishedTask, RemoteJoinHandle, TaskPtr};
use crate::timer::{self, Wheel};

/// What a bound core's home thread holds of `references`.
const BOUND: usize = 1 << 48;

/// How many task ids a context takes at a time.
const ID_BLOCK: u64 = 1024;

static NEXT_TASK: AtomicU64 = AtomicU64::new(1);
static NEXT_CORE: AtomicU64 = AtomicU64::new(1);

/// A context's shared state; see the module's page.
pub(crate) struct Core {
    references: AtomicUsize,
    pub(crate) id: u64,
    pub(crate) config: Config,
    /// On cache lines of its own: other threads write to it while the home thread works.
    pub(crate) inbox: CachePadded<Inbox<Header>>,
    pub(crate) table: Table,
    pub(crate) metrics: Counters,
    pub(crate) stop: StopSignal,
    pub(crate) guards: Guards,
    pub(crate) room: Room,
    /// What the contexts of one scheduler count together.
    pub(crate) work: Option<Arc<Work>>,
    /// Tasks submitted and not taken up.
    pending: AtomicUsize,
    /// Wake-up system calls made for this context.
    wakeups_sent: AtomicU64,
    /// Whether the home thread sleeps.
    pub(crate) sleep: CachePadded<SleepState>,
    /// What wakes the driver of the run that is on, if one is.
    unparker: Mutex<Option<Unparker>>,
    /// How that driver was set up.
    setup: Mutex<Option<Arc<SetupReport>>>,
    /// Who wants to know what tasks wait on.
    pub(crate) questions: Questions,
    home: CachePadded<Home>,
}

// SAFETY: every field but `home` is for all threads; `home` is reached only through `Local`, which exists only on the
// thread that the core is bound to.
unsafe impl Sync for Core {}
// SAFETY: while the core is unbound its home part is empty; binding hands it to one thread.
unsafe impl Send for Core {}

/// What belongs to the home thread alone.
pub(crate) struct Home {
    pub(crate) run_queue: RunQueue,
    /// The task being polled, for any thread to see.
    pub(crate) current: PublishedTask,
    /// The monotonic clock in nanoseconds, as of the last time the loop looked.
    pub(crate) now: Cell<u64>,
    pub(crate) driver: RefCell<Option<Driver>>,
    pub(crate) timers: RefCell<Wheel>,
    pub(crate) scopes: RefCell<Scopes>,
    /// What crates above keep once for each context; see [`crate::local_state`].
    pub(crate) states: RefCell<HashMap<TypeId, Rc<dyn Any>>>,
    /// Waits that were given a name.
    pub(crate) labels: Labels,
    /// Where the waker of a traced poll was cloned.
    #[cfg(feature = "trace-waits")]
    pub(crate) tracer: Tracer,
    /// True once the context no longer takes up new tasks: what is spawned then is cancelled at once.
    pub(crate) closing: Cell<bool>,
    /// True while a task that is spawned without a name needs nothing special: the context is not closing, and keeps no times.
    pub(crate) spawns_plainly: Cell<bool>,
    /// Memory for the next tasks.
    pub(crate) kept: Kept,
    /// Tasks made minus tasks freed by this thread since the core was bound.
    outstanding: Cell<isize>,
    next_id: Cell<u64>,
    end_of_ids: Cell<u64>,
}

impl Core {
    pub(crate) fn create(config: Config, work: Option<Arc<Work>>) -> CoreRef {
        let room = Room::new(config.capacity);
        let core = Box::new(Self {
            references: AtomicUsize::new(1),
            id: NEXT_CORE.fetch_add(1, Ordering::Relaxed),
            config,
            inbox: CachePadded::new(Inbox::new()),
            table: Table::new(),
            metrics: Counters::default(),
            stop: StopSignal::default(),
            guards: Guards::default(),
            room,
            work,
            pending: AtomicUsize::new(0),
            wakeups_sent: AtomicU64::new(0),
            sleep: CachePadded::new(SleepState::new()),
            unparker: Mutex::new(None),
            setup: Mutex::new(None),
            questions: Questions::default(),
            home: CachePadded::new(Home {
                run_queue: RunQueue::default(),
                current: PublishedTask::default(),
                now: Cell::new(0),
                driver: RefCell::new(None),
                timers: RefCell::new(Wheel::new(timer::now_ns())),
                scopes: RefCell::new(Vec::new()),
                states: RefCell::new(HashMap::new()),
                labels: Labels::default(),
                #[cfg(feature = "trace-waits")]
                tracer: Tracer::default(),
                closing: Cell::new(false),
                spawns_plainly: Cell::new(false),
                kept: Kept::default(),
                outstanding: Cell::new(0),
                next_id: Cell::new(0),
                end_of_ids: Cell::new(0),
            }),
        });
        CoreRef(NonNull::from(Box::leak(core)))
    }

    /// Wakes the home thread if it sleeps.
    #[inline]
    pub(crate) fn unpark(&self) {
        if self.sleep.notify() {
            self.unpark_driver();
        }
    }

    /// The part of [`unpark`](Self::unpark) for the one caller in a sleep who makes the system call. The lock is held by nobody
    /// for longer than that.
    #[cold]
    fn unpark_driver(&self) {
        let unparker = self.unparker.lock().unwrap_or_else(PoisonError::into_inner);
        // None: the run has ended meanwhile.
        if unparker.as_ref().is_some_and(Unparker::unpark) {
            self.wakeups_sent.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The number of tasks in the run queue.
    pub(crate) fn queue_len(&self) -> u64 {
        self.home.run_queue.len()
    }

    /// The number of tasks that are not complete, those in the inbox not counted. Exact on the home thread.
    pub(crate) fn live(&self) -> u64 {
        // Elsewhere the two may be read at different moments.
        let finished = self.metrics.finished.get();
        self.metrics.spawned.get().saturating_sub(finished)
    }

    /// Live tasks, and those submitted that have not been taken up.
    pub(crate) fn load(&self) -> u64 {
        self.live() + self.pending.load(Ordering::Relaxed) as u64
    }

    pub(crate) fn wakeups_sent(&self) -> u64 {
        self.wakeups_sent.load(Ordering::Relaxed)
    }

    /// Takes note that a submitted task was taken up, or ended without.
    pub(crate) fn arrived(&self) {
        self.pending.fetch_sub(1, Ordering::Relaxed);
        self.room.freed();
    }

    /// Makes a task of a `Send` future for this core, from any thread, without handing it over.
    pub(crate) fn make_submitted<F>(
        &self,
        future: F,
        name: Option<Arc<str>>,
        location: &'static Location<'static>,
    ) -> TaskPtr
    where
        F: Future + Send,
    {
        let id = NEXT_TASK.fetch_add(1, Ordering::Relaxed);
        let origin = Origin::new(id, location);
        self.references.fetch_add(1, Ordering::Relaxed);
        let memory = task::block::<F>().allocate();
        // SAFETY: fresh memory for that block; then a new `F` task, which nobody else has seen.
        unsafe {
            let task = task::make(
                memory,
                future,
                NonNull::from(self),
                ARRIVING,
                Shared::submitted(),
                origin,
            );
            task::add_extras(task, name, task::observed::<F>(), &self.config);
            task
        }
    }

    /// Hands a task of [`make_submitted`](Self::make_submitted) over; the future comes back if the context has ended.
    pub(crate) fn hand_over<F>(&self, task: TaskPtr) -> Result<RemoteJoinHandle<F::Output>, F>
    where
        F: Future + Send,
        F::Output: Send,
    {
        self.pending.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the task has a reference for the inbox, and another that keeps it for the handle.
        if unsafe { self.inbox.push(task.0) } {
            self.unpark();
            return Ok(RemoteJoinHandle::new(task));
        }
        self.pending.fetch_sub(1, Ordering::Relaxed);
        // SAFETY: refused, so nobody but us ever saw it.
        let future = unsafe { task::take_back::<F>(task) };
        // SAFETY: its future is out, and nothing else refers to it.
        unsafe { task::free(task) };
        Err(future)
    }

    /// Frees the memory of a task, on any thread. The core may be gone afterwards.
    ///
    /// # Safety
    ///
    /// The task was the core's, its memory is such a block, and its contents have been dropped.
    #[inline]
    pub(crate) unsafe fn task_freed(core: NonNull<Self>, memory: NonNull<u8>, block: Block) {
        if current::is(core) {
            // SAFETY: bound to this thread, hence alive.
            let home = unsafe { Local::new(core.as_ref()) }.home();
            home.outstanding.set(home.outstanding.get() - 1);
            // SAFETY: by contract.
            unsafe { home.kept.put(memory, block) };
        } else {
            // SAFETY: by contract; a task of the group gives up its share.
            unsafe {
                block.deallocate(memory);
                Self::release(core);
            }
        }
    }

    /// Whether the caller's reference is the only one: no context, task or handle is left that could run it again.
    pub(crate) fn is_forsaken(&self) -> bool {
        self.references.load(Ordering::Acquire) == 1
    }

    /// Gives up one of `references`.
    ///
    /// # Safety
    ///
    /// The caller owns one.
    unsafe fn release(core: NonNull<Self>) {
        // SAFETY: by contract the core is alive until here.
        if unsafe { core.as_ref() }
            .references
            .fetch_sub(1, Ordering::AcqRel)
            == 1
        {
            // SAFETY: it was the last, and cores come from a box.
            drop(unsafe { Box::from_raw(core.as_ptr()) });
        }
    }

    /// Makes this thread the core's home. The caller unbinds it on the same thread.
    ///
    /// # Safety
    ///
    /// The core is bound to no thread, no core is bound to this thread, and the caller keeps a `CoreRef` until after
    /// `unbind`.
    pub(crate) unsafe fn bind(&self) -> Local<'_> {
        self.references.fetch_add(BOUND, Ordering::Relaxed);
        current::set(Some(NonNull::from(self)));
        // SAFETY: bound to this thread from here on.
        unsafe { Local::new(self) }
    }

    /// True if both are the same core.
    pub(crate) fn is(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

/// A counted reference to a core.
pub(crate) struct CoreRef(NonNull<Core>);

// SAFETY: a `Core` may be used from any thread and dropped on any thread.
unsafe impl Send for CoreRef {}
// SAFETY: as above.
unsafe impl Sync for CoreRef {}

impl CoreRef {
    /// A new reference to a core that is known to be alive.
    pub(crate) fn from_ref(core: &Core) -> Self {
        core.references.fetch_add(1, Ordering::Relaxed);
        Self(NonNull::from(core))
    }
}

impl Deref for CoreRef {
    type Target = Core;

    fn deref(&self) -> &Core {
        // SAFETY: counted.
        unsafe { self.0.as_ref() }
    }
}

impl Clone for CoreRef {
    fn clone(&self) -> Self {
        Self::from_ref(self)
    }
}

impl Drop for CoreRef {
    fn drop(&mut self) {
        // SAFETY: counted.
        unsafe { Core::release(self.0) };
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        debug_assert!(self.inbox.is_empty(), "tasks in the inbox keep the core");
    }
}
