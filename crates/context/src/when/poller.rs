//! Which children are polled when the task that waits for them is: all, if they are few; else those that were woken.

use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::Context;

use super::children::{Children, DIRECT, rotation};
use super::wakers::ChildWakers;

/// Polls the children of one group.
#[derive(Debug, Default)]
pub(super) struct Poller {
    /// Present from the first poll on, if there are more than [`DIRECT`] children.
    wakers: Option<ChildWakers>,
}

impl Poller {
    /// Polls each child that may have something to do, beginning with child `start` if all are polled. Calls
    /// `finished` with those that this finished, until it breaks.
    #[inline]
    pub(super) fn poll<C: Children>(
        &mut self,
        children: Pin<&mut C>,
        start: usize,
        cx: &mut Context<'_>,
        finished: impl FnMut(usize) -> ControlFlow<()>,
    ) {
        if children.count() <= DIRECT {
            children.poll_all(start, cx, finished);
        } else {
            self.poll_woken(children, start, cx, finished);
        }
    }

    fn poll_woken<C: Children>(
        &mut self,
        mut children: Pin<&mut C>,
        start: usize,
        cx: &mut Context<'_>,
        mut finished: impl FnMut(usize) -> ControlFlow<()>,
    ) {
        let count = children.count();
        let first_time = self.wakers.is_none();
        let wakers = self.wakers.get_or_insert_with(|| ChildWakers::new(count));
        wakers.register(cx.waker());
        let mut stopped = false;
        let mut poll = |index| {
            if stopped {
                return;
            }
            let polled = wakers.with_waker(index, |waker| {
                children
                    .as_mut()
                    .poll_child(index, &mut Context::from_waker(waker))
            });
            stopped = polled.is_ready() && finished(index).is_break();
        };
        if first_time {
            rotation(count, start).for_each(poll);
        } else {
            wakers.take_woken(&mut poll);
        }
    }
}
