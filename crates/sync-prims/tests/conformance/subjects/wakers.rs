//! What one task waits with.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use crate::subject::{Lets, Subject};

/// A flag that one task takes, and waits for with an atomic waker.
#[derive(Default)]
pub(crate) struct AtomicWaker {
    flag: AtomicBool,
    waker: sync_prims::AtomicWaker,
}

struct Wait<'w> {
    subject: &'w AtomicWaker,
    registered: bool,
}

impl Future for Wait<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let subject = self.subject;
        if subject.flag.swap(false, Ordering::SeqCst) {
            return Poll::Ready(());
        }
        self.registered = true;
        subject.waker.register(cx.waker());
        if subject.flag.swap(false, Ordering::SeqCst) {
            return Poll::Ready(());
        }
        Poll::Pending
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        if self.registered {
            drop(self.subject.waker.take_waker());
        }
    }
}

impl Subject for AtomicWaker {
    const LETS: Lets = Lets::One;
    const KEEPS: bool = true;
    const TELLS_ALL: bool = false;
    const MOST_WAITERS: usize = 1;

    fn blocked(_waiters: usize) -> Self {
        AtomicWaker::default()
    }

    fn wait(&self) -> impl Future<Output = ()> + Send {
        Wait {
            subject: self,
            registered: false,
        }
    }

    fn notify_one(&self) {
        self.flag.store(true, Ordering::SeqCst);
        self.waker.wake();
    }

    fn notify_all(&self, _waiters: usize) {
        self.notify_one();
    }

    fn look(&self) {
        let _ = format!("{:?}", self.waker);
    }
}
