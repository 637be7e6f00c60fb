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

use std::any::{Any, TypeId};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::marker::PhantomData;
use std::ops::Deref;
use std::panic::Location;
use std::ptr::NonNull;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use uring_engine::Unparker;

use crate::builder::Config;
use crate::current;
use crate::driver::Driver;
use crate::guard::Guards;
use crate::inbox::Inbox;
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
use crate::task::{self, ARRIVING, HANDLE, Header, JoinHandle, Origin, RemoteJoinHandle, TaskPtr};
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
    pub(crate) inbox: Inbox<Header>,
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
    pub(crate) sleep: SleepState,
    /// What wakes the driver of the run that is on, if one is.
    unparker: Mutex<Option<Unparker>>,
    home: Home,
}

// SAFETY: every field but `home` is for all threads; `home` is reached only through `Local`, which exists only on the
// thread that the core is bound to.
unsafe impl Sync for Core {}
// SAFETY: while the core is unbound its home part is empty; binding hands it to one thread.
unsafe impl Send for Core {}

/// What belongs to the home thread alone.
pub(crate) struct Home {
    pub(crate) run_queue: RunQueue,
    /// The task being polled.
    pub(crate) current: Cell<Option<TaskPtr>>,
    /// The monotonic clock in nanoseconds, as of the last time the loop looked.
    pub(crate) now: Cell<u64>,
    pub(crate) driver: RefCell<Option<Driver>>,
    pub(crate) timers: RefCell<Wheel>,
    pub(crate) scopes: RefCell<Scopes>,
    /// What crates above keep once for each context; see [`crate::local_state`].
    pub(crate) states: RefCell<HashMap<TypeId, Rc<dyn Any>>>,
    /// True once the context no longer takes up new tasks: what is spawned then is cancelled at once.
    pub(crate) closing: Cell<bool>,
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
            inbox: Inbox::new(),
            table: Table::new(),
            metrics: Counters::default(),
            stop: StopSignal::default(),
            guards: Guards::default(),
            room,
            work,
            pending: AtomicUsize::new(0),
            wakeups_sent: AtomicU64::new(0),
            sleep: SleepState::new(),
            unparker: Mutex::new(None),
            home: Home {
                run_queue: RunQueue::default(),
                current: Cell::new(None),
                now: Cell::new(0),
                driver: RefCell::new(None),
                timers: RefCell::new(Wheel::new(timer::now_ns())),
                scopes: RefCell::new(Vec::new()),
                states: RefCell::new(HashMap::new()),
                closing: Cell::new(false),
                kept: Kept::default(),
                outstanding: Cell::new(0),
                next_id: Cell::new(0),
                end_of_ids: Cell::new(0),
            },
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
        let origin = Origin::new(NEXT_TASK.fetch_add(1, Ordering::Relaxed), location, name);
        self.references.fetch_add(1, Ordering::Relaxed);
        {
            let memory = task::block::<F>().allocate();
            // SAFETY: fresh memory for that block.
            unsafe {
                task::make(
                    memory,
                    future,
                    NonNull::from(self),
                    ARRIVING,
                    Shared::submitted(),
                    origin,
                )
            }
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

    /// Sets what wakes the driver of a run that begins, or forgets it at its end, and its descriptor with it.
    pub(crate) fn set_unparker(&self, unparker: Option<Unparker>) {
        *self.unparker.lock().unwrap_or_else(PoisonError::into_inner) = unparker;
    }
}

/// A core on its home thread.
#[derive(Clone, Copy)]
pub(crate) struct Local<'a> {
    core: &'a Core,
    not_send: PhantomData<*const ()>,
}

impl Deref for Local<'_> {
    type Target = Core;

    #[inline]
    fn deref(&self) -> &Core {
        self.core
    }
}

impl<'a> Local<'a> {
    /// # Safety
    ///
    /// `core` is bound to this thread, and stays so while the value is in use.
    #[inline]
    pub(crate) unsafe fn new(core: &'a Core) -> Self {
        Self {
            core,
            not_send: PhantomData,
        }
    }

    #[inline]
    pub(crate) fn home(self) -> &'a Home {
        &self.core.home
    }

    /// Ends the thread's being home: settles the count of tasks.
    ///
    /// # Safety
    ///
    /// No task of the core is left that is not complete, its run queue is empty and its driver gone, and no `Local` of it is
    /// used again.
    pub(crate) unsafe fn unbind(self) {
        current::set(None);
        let outstanding = self.home().outstanding.replace(0);
        // The difference may be negative; the sum is not, as the caller still holds a `CoreRef`.
        self.core
            .references
            .fetch_add((outstanding as usize).wrapping_sub(BOUND), Ordering::AcqRel);
    }

    fn next_id(self) -> u64 {
        let home = self.home();
        let id = home.next_id.get();
        if id != home.end_of_ids.get() {
            home.next_id.set(id + 1);
            return id;
        }
        let first = NEXT_TASK.fetch_add(ID_BLOCK, Ordering::Relaxed);
        home.next_id.set(first + 1);
        home.end_of_ids.set(first + ID_BLOCK);
        first
    }

    /// Spawns a task on the home thread.
    #[inline]
    pub(crate) fn spawn<F>(
        self,
        future: F,
        name: Option<Arc<str>>,
        location: &'static Location<'static>,
    ) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
    {
        // SAFETY: a `'static` future borrows nothing.
        unsafe { self.spawn_borrowing(future, name, location) }
    }

    /// As [`spawn`](Self::spawn), for a future that borrows.
    ///
    /// # Safety
    ///
    /// What the future and its output borrow outlives the core's being bound.
    #[inline]
    pub(crate) unsafe fn spawn_borrowing<F: Future>(
        self,
        future: F,
        name: Option<Arc<str>>,
        location: &'static Location<'static>,
    ) -> JoinHandle<F::Output> {
        let home = self.home();
        let origin = Origin::new(self.next_id(), location, name);
        let memory = home.kept.take(task::block::<F>());
        // SAFETY: fresh memory for that block.
        let task = unsafe {
            task::make(
                memory,
                future,
                NonNull::from(self.core),
                HANDLE,
                Shared::spawned(),
                origin,
            )
        };
        home.outstanding.set(home.outstanding.get() + 1);
        // SAFETY: new, not complete, this is its home thread.
        unsafe {
            self.take_up(task);
            if home.closing.get() {
                task.header().flags.insert(task::ABORT);
            }
            task::schedule_at_home(self, task);
        }
        JoinHandle::new(task)
    }

    /// Counts a task as live and lists it.
    ///
    /// # Safety
    ///
    /// The task is not complete and not listed, and this is its home thread.
    #[inline]
    unsafe fn take_up(self, task: TaskPtr) {
        let home = self.home();
        if self.live() == 0
            && let Some(work) = &self.work
        {
            work.begin();
        }
        // SAFETY: by contract.
        unsafe {
            let header = task.header();
            header.spawned_at.set(home.now.get());
            header.polled_at.set(home.now.get());
            self.table.link(task);
        }
        self.metrics.spawned.add(1);
    }

    /// Takes a task that came out of the inbox: a new one is taken up, a woken one is queued.
    ///
    /// # Safety
    ///
    /// `task` was just taken out of this core's inbox.
    pub(crate) unsafe fn receive(self, task: TaskPtr) {
        // SAFETY: the inbox's reference keeps the task until `take`.
        let header = unsafe { task.header() };
        let arriving = header.flags.has(ARRIVING);
        if arriving {
            header.flags.remove(ARRIVING);
            // SAFETY: submitted tasks are not complete and not listed before they arrive.
            unsafe { self.take_up(task) };
            if let Some(work) = &self.work {
                // The context's own share, if it was idle, was taken just now.
                work.end();
            }
            self.arrived();
        }
        let taken = header.shared.take();
        if taken.last {
            // SAFETY: it was the last reference to a complete task.
            unsafe { task::free(task) };
            return;
        }
        if header.flags.has(task::COMPLETE) {
            return;
        }
        if taken.abort || self.home().closing.get() {
            header.flags.insert(task::ABORT);
        }
        // SAFETY: not complete, so the table keeps it; this is its home thread.
        unsafe { task::schedule_at_home(self, task) };
    }

    /// Counts a task as ended: to be called before anybody can notice its end. What comes back ends the context's share of a
    /// scheduler's work, if this was its last task: to be dropped after the last foreign code that the end involves.
    #[inline]
    #[must_use]
    pub(crate) fn task_ended(self) -> EndedShare<'a> {
        self.metrics.finished.add(1);
        // A task that foreign code spawns after this takes a share of its own.
        EndedShare(
            (self.live() == 0)
                .then_some(self.core.work.as_deref())
                .flatten(),
        )
    }
}

/// A context's share of a scheduler's work, given up on drop.
pub(crate) struct EndedShare<'a>(Option<&'a Work>);

impl Drop for EndedShare<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some(work) = self.0 {
            work.end();
        }
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
