//! The home thread's part: call stacks, as addresses.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use super::choose::{Origin, origin};
use super::resolve::Names;
use super::stack;
use crate::core::Local;
use crate::inspect::{TaskInfo, TaskState, WaitingOn};
use crate::task::Traceable;

/// The longest stack that is kept. What is left out are the outermost calls.
const MAX_CALLS: usize = 256;
/// The most stacks of one poll that are kept.
const MAX_STACKS: usize = 64;

/// Where a waker was cloned: addresses of calls, the innermost first.
pub(crate) type Stack = Box<[usize]>;

/// Takes note of whoever clones the waker of a traced poll. The home thread's.
#[derive(Default)]
pub(crate) struct Tracer {
    /// The stack pointer where the poll that is on was called; `None` if none is.
    caller: Cell<Option<usize>>,
    stacks: RefCell<Vec<Stack>>,
}

impl Tracer {
    /// Calls `poll`; where the waker was cloned in it comes back, too.
    #[inline(never)]
    pub(crate) fn around<R>(&self, poll: impl FnOnce() -> R) -> (R, Vec<Stack>) {
        self.caller
            .set(Some(stack::pointer().unwrap_or(usize::MAX)));
        let polled = poll();
        self.caller.set(None);
        (polled, self.stacks.take())
    }

    /// To be called where a waker is cloned, which is what calls lead to.
    #[inline(always)]
    pub(crate) fn waker_cloned(&self) {
        self.take_stack(stack::pointer().unwrap_or(0));
    }

    fn take_stack(&self, clone: usize) {
        let Some(caller) = self.caller.get() else {
            return;
        };
        if self.stacks.borrow().len() == MAX_STACKS {
            return;
        }
        let mut stack = Vec::new();
        backtrace::trace(|call| {
            // Stacks grow downwards: what was called lies below its caller.
            let at = call.sp().addr();
            if at > clone && at <= caller {
                stack.push(call.ip().addr());
            }
            at <= caller && stack.len() < MAX_CALLS
        });
        let stack = stack.into_boxed_slice();
        let mut stacks = self.stacks.borrow_mut();
        // Many children of a group stand at the same place.
        if !stacks.contains(&stack) {
            stacks.push(stack);
        }
    }
}

/// Where the wakers of tasks were cloned, by the ids of the tasks.
#[derive(Default)]
pub(in crate::inspect) struct Traces(HashMap<u64, Vec<Stack>>);

impl Traces {
    /// Adds what was found out to what is known of the tasks.
    pub(in crate::inspect) fn add_to(&self, tasks: &mut [TaskInfo], names: &mut Names) {
        // One that was woken waits no more.
        let waiting = |task: &&mut TaskInfo| task.state == TaskState::Waiting;
        for task in tasks.iter_mut().filter(waiting) {
            let Some(stacks) = self.0.get(&task.id.as_u64()) else {
                continue;
            };
            let mut groups = Vec::new();
            for stack in stacks {
                let calls = names.calls(stack);
                match origin(&calls, task.future) {
                    Origin::Foreign(wait) => task.waiting_on.push(WaitingOn::Traced(wait)),
                    Origin::Group(wait) => groups.push(WaitingOn::Traced(wait)),
                    Origin::Known | Origin::Nameless => {}
                }
            }
            // A group of futures with wakers of their own says no more than what is known of them.
            if task.waiting_on.is_empty() {
                task.waiting_on = groups;
            }
        }
    }
}

impl Local<'_> {
    /// Polls every waiting task once more. No task is being polled on this thread.
    pub(in crate::inspect) fn trace(self) -> Traces {
        let mut waiting = Vec::new();
        self.table.for_each(|task| {
            // SAFETY: listed, and this is the home thread.
            waiting.extend(unsafe { Traceable::new(task) });
        });
        let traced = waiting.into_iter().rev().filter_map(|task| task.poll(self));
        Traces(traced.filter(|(_, stacks)| !stacks.is_empty()).collect())
    }
}
