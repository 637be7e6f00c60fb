//! A core on its home thread: what tasks and the worker loop do with it there.

use std::marker::PhantomData;
use std::ops::Deref;
use std::panic::Location;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{BOUND, Core, Home, ID_BLOCK, NEXT_TASK};
use crate::current;
use crate::scheduler::Work;
use crate::task::state::Shared;
use crate::task::{
    self, ABORT, ARRIVING, Extras, HANDLE, JoinHandle, Origin, QUEUED, TaskPtr, VTable,
};

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
        let origin = Origin::new(self.next_id(), location);
        let memory = home.kept.take(task::block::<F>());
        // SAFETY: fresh memory for that block.
        let task = unsafe {
            task::make(
                memory,
                future,
                NonNull::from(self.core),
                HANDLE | QUEUED,
                Shared::spawned(),
                origin,
            )
        };
        if name.is_some() || !home.spawns_plainly.get() || Extras::may_be_wanted() {
            // SAFETY: new, and an `F` task.
            unsafe { self.make_special(task, name, task::observed::<F>()) };
        }
        home.outstanding.set(home.outstanding.get() + 1);
        // SAFETY: new, not complete, in no queue, and this is its home thread.
        unsafe {
            self.take_up(task);
            home.run_queue.push(task);
        }
        JoinHandle::new(task)
    }

    /// Gives a new task what few need.
    ///
    /// # Safety
    ///
    /// Nobody else has seen the task, this is its home thread, and `observed` are functions for it.
    #[cold]
    unsafe fn make_special(self, task: TaskPtr, name: Option<Arc<str>>, observed: &'static VTable) {
        // SAFETY: by contract.
        unsafe {
            if self.home().closing.get() {
                task.header().flags.insert(ABORT);
            }
            task::add_extras(task, name, observed, &self.config);
        }
    }

    /// Counts a task as live and lists it.
    ///
    /// # Safety
    ///
    /// The task is not complete and not listed, and this is its home thread.
    #[inline]
    unsafe fn take_up(self, task: TaskPtr) {
        let home = self.home();
        if let Some(work) = &self.work
            && self.live() == 0
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
            header.flags.insert(ABORT);
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
        EndedShare(self.core.work.as_deref().filter(|_| self.live() == 0))
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
