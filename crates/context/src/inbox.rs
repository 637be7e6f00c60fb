//! What other threads push to a context: an intrusive stack of tasks, taken whole.
//!
//! A node carries its own link, so a push allocates nothing, has no bound and never waits: one compare-and-swap
//! (Treiber's stack). Only the home thread takes, and it takes everything at once by swapping the head, so the ABA
//! problem of a stack's `pop` cannot come up. The chain comes off newest first; [`Inbox::take_all`] turns it round, so the
//! order of arrival is kept.
//!
//! The head is one of three things:
//!
//! | head | meaning |
//! |------|---------|
//! | null | open and empty |
//! | [`closed`] mark | the context's run has ended: a push is refused |
//! | a node | open, with that node pushed last |
//!
//! | transition | by | from | to |
//! |------------|----|------|----|
//! | [`Inbox::push`] | any thread | open | node |
//! | [`Inbox::take_all`] | home | open | empty |
//! | [`Inbox::close_if_empty`] | home | empty | closed; fails if a push came first |
//! | [`Inbox::close`] | home | open | closed, and what was in it comes back |
//! | [`Inbox::reopen`] | home, before a new run | closed | empty |
//!
//! *push × close_if_empty* is decided by the head's modification order: either the push came first, and the close fails
//! and the run goes on, or the close came first, and the pusher gets its node back. No push is lost between.
//!
//! *push × sleep*: the pusher looks at the sleep state after its push, and the home thread publishes it before its last look
//! at the head, so a push never goes unnoticed by a context that falls asleep. Modelled in
//! [`sleep_state`](crate::sleep_state).

use std::ptr::NonNull;

use crate::sync::{AtomicPtr, Ordering};

/// A node that can be in an inbox.
///
/// # Safety
///
/// `inbox_link` returns the same link for the node's whole life, and nothing but the inbox touches it while the node
/// is in one.
pub(crate) unsafe trait InboxNode: Sized {
    /// The node's link.
    fn inbox_link(&self) -> &AtomicPtr<Self>;
}

/// The stack; see the module's page.
pub(crate) struct Inbox<N> {
    head: AtomicPtr<N>,
}

/// The address that marks a closed inbox. No node is there: nodes are aligned to more than one byte.
fn closed<N>() -> *mut N {
    std::ptr::without_provenance_mut(1)
}

impl<N: InboxNode> Inbox<N> {
    /// An open, empty inbox.
    pub(crate) fn new() -> Self {
        Self {
            head: AtomicPtr::new(std::ptr::null_mut()),
        }
    }

    /// Pushes `node`; false if the inbox is closed.
    ///
    /// # Safety
    ///
    /// `node` is valid, in no inbox, and stays valid until it is taken out.
    #[inline]
    #[must_use]
    pub(crate) unsafe fn push(&self, node: NonNull<N>) -> bool {
        let mut head = self.head.load(Ordering::SeqCst);
        loop {
            if head == closed() {
                return false;
            }
            // SAFETY: the caller says that `node` is valid.
            unsafe { node.as_ref() }
                .inbox_link()
                .store(head, Ordering::Relaxed);
            match self.head.compare_exchange_weak(
                head,
                node.as_ptr(),
                Ordering::SeqCst,
                Ordering::SeqCst,
            ) {
                Ok(_) => return true,
                Err(now) => head = now,
            }
        }
    }

    /// True if there is nothing to take.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        let head = self.head.load(Ordering::SeqCst);
        head.is_null() || head == closed()
    }

    /// Takes all nodes, oldest first. For the home thread alone.
    pub(crate) fn take_all(&self) -> Chain<N> {
        if self.is_empty() {
            return Chain {
                next: std::ptr::null_mut(),
            };
        }
        Chain::from_newest(self.head.swap(std::ptr::null_mut(), Ordering::SeqCst))
    }

    /// Closes the inbox if nothing is in it; false if something is. For the home thread alone.
    #[must_use]
    pub(crate) fn close_if_empty(&self) -> bool {
        self.head
            .compare_exchange(
                std::ptr::null_mut(),
                closed(),
                Ordering::SeqCst,
                Ordering::SeqCst,
            )
            .map_or_else(|head| head == closed(), |_| true)
    }

    /// Closes the inbox and takes what was in it. For the home thread alone.
    pub(crate) fn close(&self) -> Chain<N> {
        let head = self.head.swap(closed(), Ordering::SeqCst);
        if head == closed() {
            return Chain {
                next: std::ptr::null_mut(),
            };
        }
        Chain::from_newest(head)
    }

    /// Opens a closed inbox for a new run.
    pub(crate) fn reopen(&self) {
        let _ = self.head.compare_exchange(
            closed(),
            std::ptr::null_mut(),
            Ordering::SeqCst,
            Ordering::SeqCst,
        );
    }
}

/// Nodes taken out of an inbox, oldest first.
pub(crate) struct Chain<N> {
    next: *mut N,
}

impl<N: InboxNode> Chain<N> {
    fn from_newest(mut newest: *mut N) -> Self {
        let mut oldest = std::ptr::null_mut();
        while !newest.is_null() {
            // SAFETY: a node in the chain is valid until it is handed out, and the swap that took the head acquired
            // what its pusher wrote, the link included.
            let link = unsafe { &*newest }.inbox_link();
            let older = link.load(Ordering::Relaxed);
            link.store(oldest, Ordering::Relaxed);
            oldest = newest;
            newest = older;
        }
        Self { next: oldest }
    }
}

impl<N: InboxNode> Iterator for Chain<N> {
    type Item = NonNull<N>;

    #[inline]
    fn next(&mut self) -> Option<NonNull<N>> {
        let node = NonNull::new(self.next)?;
        // SAFETY: as in `from_newest`; the link is read before the node is handed out.
        self.next = unsafe { node.as_ref() }
            .inbox_link()
            .load(Ordering::Relaxed);
        Some(node)
    }
}

#[cfg(test)]
pub(crate) mod test_node {
    use super::{AtomicPtr, InboxNode};

    pub(crate) struct Node {
        link: AtomicPtr<Node>,
        pub(crate) value: usize,
    }

    impl Node {
        pub(crate) fn leak(value: usize) -> std::ptr::NonNull<Self> {
            std::ptr::NonNull::from(Box::leak(Box::new(Self {
                link: AtomicPtr::new(std::ptr::null_mut()),
                value,
            })))
        }
    }

    // SAFETY: the link is a field that only the inbox touches.
    unsafe impl InboxNode for Node {
        fn inbox_link(&self) -> &AtomicPtr<Self> {
            &self.link
        }
    }

    /// Frees `node` and returns its value.
    pub(crate) fn unbox(node: std::ptr::NonNull<Node>) -> usize {
        // SAFETY: nodes come from `leak` and are freed once, after they were taken out.
        unsafe { Box::from_raw(node.as_ptr()) }.value
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::test_node::{Node, unbox};
    use super::*;

    #[test]
    fn order_of_arrival_is_kept() {
        let inbox = Inbox::new();
        for value in 0..1000 {
            // SAFETY: a leaked node stays valid.
            assert!(unsafe { inbox.push(Node::leak(value)) });
        }
        assert_eq!(
            inbox.take_all().map(unbox).collect::<Vec<_>>(),
            (0..1000).collect::<Vec<_>>()
        );
        assert!(inbox.is_empty());
        assert!(inbox.take_all().next().is_none());
    }

    #[test]
    fn a_closed_inbox_refuses_and_can_be_reopened() {
        let inbox = Inbox::new();
        let node = Node::leak(1);
        // SAFETY: a leaked node stays valid.
        unsafe {
            assert!(inbox.push(node));
            assert!(!inbox.close_if_empty());
            assert_eq!(inbox.close().map(unbox).collect::<Vec<_>>(), [1]);
            let node = Node::leak(2);
            assert!(!inbox.push(node));
            assert!(inbox.close_if_empty() && inbox.is_empty());
            inbox.reopen();
            assert!(inbox.push(node));
            assert_eq!(inbox.close().map(unbox).collect::<Vec<_>>(), [2]);
        }
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::test_node::{Node, unbox};
    use super::*;
    use loom::{sync::Arc, thread};

    #[test]
    fn loom_two_pushers_and_a_taker() {
        loom::model(|| {
            let inbox = Arc::new(Inbox::new());
            let threads: Vec<_> = [1usize, 2]
                .into_iter()
                .map(|value| {
                    let inbox = inbox.clone();
                    thread::spawn(move || {
                        // SAFETY: a leaked node stays valid.
                        assert!(unsafe { inbox.push(Node::leak(value)) });
                    })
                })
                .collect();
            let mut sum: usize = inbox.take_all().map(unbox).sum();
            for thread in threads {
                thread.join().unwrap();
            }
            sum += inbox.take_all().map(unbox).sum::<usize>();
            assert_eq!(sum, 3);
        });
    }

    #[test]
    fn loom_a_push_is_taken_or_refused() {
        loom::model(|| {
            let inbox = Arc::new(Inbox::new());
            let pusher = {
                let inbox = inbox.clone();
                thread::spawn(move || {
                    let node = Node::leak(5);
                    // SAFETY: a leaked node stays valid.
                    let pushed = unsafe { inbox.push(node) };
                    if !pushed {
                        assert_eq!(unbox(node), 5);
                    }
                    pushed
                })
            };
            let mut taken = 0;
            while !inbox.close_if_empty() {
                taken += inbox.take_all().map(unbox).count();
            }
            assert_eq!(usize::from(pusher.join().unwrap()), taken);
        });
    }
}
