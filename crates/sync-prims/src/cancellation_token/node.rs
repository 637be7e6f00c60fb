//! What a token is made of: its state, its waiters, and its place in the tree.
//!
//! # States
//!
//! One word, as that of an [`Event`](crate::Event). `OPEN` has no waiters, `AWAITED` may have some, `CANCELLED` is final.
//!
//! | from | cancel, under the tree's lock | first poll of a wait | a wait is dropped |
//! |---|---|---|---|
//! | `OPEN` | `CANCELLED` | under the queue's lock: `AWAITED`, link | – |
//! | `AWAITED` | `CANCELLED`; later, without the tree's lock: tell all, wake | under the queue's lock: link | under the queue's lock: unlink |
//! | `CANCELLED` | – | ready | – |
//!
//! # The tree
//!
//! The nodes of a tree are linked by plain pointers, under one lock that stands in its root; each node keeps the root, and
//! nobody keeps a parent or a child. A node is linked from the moment it is made until it is cancelled or its last handle
//! goes, whichever is first:
//!
//! - *A node goes*: its children take its place in the list of its parent. Then nobody has a pointer to it any more. The root
//!   stays, as the others keep it, until it is the last.
//! - *A subtree is cancelled*: leaf by leaf, each in turn is cancelled and unlinked, and the one that `cancel` was called for
//!   is the last; so whoever finds a node cancelled finds all its descendants cancelled. Those that may have waiters are kept
//!   in a list, which their wakers are taken from when the lock is free again. A cancelled node has no place in the tree,
//!   and its children are made cancelled.
//!
//! # Races
//!
//! - *Register and cancel*: as that of an event: the waiter looks at the word again under the queue's lock.
//! - *Child creation and cancel*: both take the tree's lock. The child is linked and found, or made cancelled.
//! - *A handle goes and cancel*: the same. The last handle of a node may go while the node waits to be unlinked: then the
//!   other finds the node linked but without a handle, cancels it, and does not keep it; there is nobody who could wait.
//! - *Two cancels*, of one node or of two in one tree: each node is cancelled by one of the two, which wakes its waiters. The
//!   other returns when it has had the tree's lock, or has seen the node cancelled, so all of them are cancelled then.
//! - *A parent goes and a child is made, goes or is cancelled*: one after the other, under the lock.

use alloc::sync::{Arc, Weak};
use core::marker::PhantomPinned;
use core::mem;
use core::pin::Pin;
use core::ptr;
use core::task::{Context, Poll, ready};

use crate::queue::{Admission, Queue, Token, Waiter, quietly};
use crate::sync::{AtomicUsize, Lock, Ordering, UnsafeCell};

const OPEN: usize = 0;
const AWAITED: usize = 1;
const CANCELLED: usize = 2;

/// All are told the same.
const TOLD: Token = Token(0);

/// A token, to all its handles. Its handles are the strong counts of its `Arc`, and for the root those of the others too.
pub(super) struct Node {
    state: AtomicUsize,
    queue: Queue,
    this: Weak<Node>,
    /// Has the lock of the tree; `None` if this is the root.
    root: Option<Arc<Node>>,
    /// The lock of the tree, if this is the root.
    tree: Lock<Tree>,
    links: UnsafeCell<Links>,
    /// While a node goes, others still reach its links through their pointers.
    _pinned: PhantomPinned,
}

/// What the lock of the tree protects. The pointers are to nodes of the same tree.
struct Links {
    parent: *const Node,
    previous: *const Node,
    next: *const Node,
    first_child: *const Node,
    last_child: *const Node,
    /// The next in the list of those who are cancelled and whose waiters are to be woken.
    next_told: Option<Arc<Node>>,
}

/// The right to work on the links of all nodes of a tree.
struct Tree(());

/// Nodes that were cancelled, in that order, and whose waiters are to be woken.
struct Told {
    first: Option<Arc<Node>>,
    last: *const Node,
}

// SAFETY: the links are touched under the tree's lock, and their pointers are to nodes, of which all else may be sent.
unsafe impl Send for Node {}
// SAFETY: as above.
unsafe impl Sync for Node {}

impl Node {
    /// A node without a parent.
    pub(super) fn root() -> Arc<Node> {
        Node::new(OPEN, None)
    }

    fn new(state: usize, root: Option<Arc<Node>>) -> Arc<Node> {
        Arc::new_cyclic(|this| Node {
            state: AtomicUsize::new(state),
            queue: Queue::new(),
            this: this.clone(),
            root,
            tree: Lock::new(Tree(())),
            links: UnsafeCell::new(Links {
                parent: ptr::null(),
                previous: ptr::null(),
                next: ptr::null(),
                first_child: ptr::null(),
                last_child: ptr::null(),
                next_told: None,
            }),
            _pinned: PhantomPinned,
        })
    }

    /// A child; cancelled if this is.
    pub(super) fn child(self: &Arc<Self>) -> Arc<Node> {
        if !self.is_cancelled() {
            let child = Node::new(OPEN, Some(self.root.as_ref().unwrap_or(self).clone()));
            let mut tree = self.tree().lock();
            if !self.is_cancelled() {
                tree.link(Arc::as_ptr(self), Arc::as_ptr(&child), ptr::null());
                return child;
            }
            // The child goes without the lock, which it takes itself.
            drop(tree);
        }
        Node::new(CANCELLED, None)
    }

    #[inline]
    pub(super) fn is_cancelled(&self) -> bool {
        self.state.load(Ordering::Acquire) == CANCELLED
    }

    pub(super) fn cancel(&self) {
        if self.is_cancelled() {
            return;
        }
        let tree = self.tree();
        let told = tree.lock().cancel(self);
        wake(tree, told);
    }

    /// Polls a wait for the cancellation.
    #[inline]
    pub(super) fn poll_cancelled(
        &self,
        waiter: Pin<&mut Waiter>,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        if waiter.is_idle() && self.is_cancelled() {
            return Poll::Ready(());
        }
        ready!(self.queue.poll(waiter, cx, |_| self.admit()));
        Poll::Ready(())
    }

    /// Ends a wait. All are told, so there is nothing to pass on.
    #[inline]
    pub(super) fn end_wait(&self, waiter: Pin<&mut Waiter>) {
        drop(self.queue.cancel(waiter));
    }

    /// Under the queue's lock: whether to wait, having left word that somebody does.
    fn admit(&self) -> Admission<()> {
        match self
            .state
            .compare_exchange(OPEN, AWAITED, Ordering::AcqRel, Ordering::Acquire)
        {
            Err(CANCELLED) => Admission::Enter(()),
            _ => Admission::Back { tag: 0 },
        }
    }

    #[inline]
    fn tree(&self) -> &Lock<Tree> {
        &self.root.as_deref().unwrap_or(self).tree
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // The root goes last, and without children.
        if self.root.is_some() {
            self.tree().lock().dissolve(self);
        }
    }
}

impl Tree {
    /// Works on the links of a node.
    #[inline]
    fn edit<R>(&mut self, node: *const Node, work: impl FnOnce(&mut Links) -> R) -> R {
        // SAFETY: the caller got the pointer from a reference, or from the links of a node; linked nodes are alive, as they
        // are unlinked before they go, under the lock of the tree. That lock is held, so this is the only access.
        unsafe { (*node).links.with_mut(|links| work(&mut *links)) }
    }

    /// Puts a child without a place before another one of the parent's, or behind all.
    fn link(&mut self, parent: *const Node, child: *const Node, before: *const Node) {
        let previous = if before.is_null() {
            self.edit(parent, |links| mem::replace(&mut links.last_child, child))
        } else {
            self.edit(before, |links| mem::replace(&mut links.previous, child))
        };
        if previous.is_null() {
            self.edit(parent, |links| links.first_child = child);
        } else {
            self.edit(previous, |links| links.next = child);
        }
        self.edit(child, |links| {
            links.parent = parent;
            links.previous = previous;
            links.next = before;
        });
    }

    /// Takes a child out of the list of its parent, if it has one; hands out the parent.
    fn unlink(&mut self, child: *const Node) -> *const Node {
        let (parent, previous, next) = self.edit(child, |links| {
            (
                mem::replace(&mut links.parent, ptr::null()),
                mem::replace(&mut links.previous, ptr::null()),
                mem::replace(&mut links.next, ptr::null()),
            )
        });
        if parent.is_null() {
            return parent;
        }
        if previous.is_null() {
            self.edit(parent, |links| links.first_child = next);
        } else {
            self.edit(previous, |links| links.next = next);
        }
        if next.is_null() {
            self.edit(parent, |links| links.last_child = previous);
        } else {
            self.edit(next, |links| links.previous = previous);
        }
        parent
    }

    /// Takes a node that goes out of the tree; its children take its place.
    fn dissolve(&mut self, node: *const Node) {
        let parent = self.edit(node, |links| links.parent);
        if parent.is_null() {
            // Cancelled, and so without children.
            return;
        }
        loop {
            let child = self.edit(node, |links| links.first_child);
            if child.is_null() {
                break;
            }
            self.unlink(child);
            self.link(parent, child, node);
        }
        self.unlink(node);
    }

    /// Cancels a node and all its descendants, and takes them out of the tree.
    fn cancel(&mut self, top: &Node) -> Told {
        let mut told = Told {
            first: None,
            last: ptr::null(),
        };
        if top.is_cancelled() {
            return told;
        }
        let mut at: *const Node = top;
        loop {
            let child = self.edit(at, |links| links.first_child);
            if !child.is_null() {
                at = child;
                continue;
            }
            // SAFETY: it is `top`, or linked below it, and so alive until it is unlinked.
            let leaf = unsafe { &*at };
            // Without a handle there is nobody who waits.
            if leaf.state.swap(CANCELLED, Ordering::AcqRel) == AWAITED
                && let Some(leaf) = leaf.this.upgrade()
            {
                self.push(&mut told, leaf);
            }
            let parent = self.unlink(at);
            if ptr::eq(at, top) {
                return told;
            }
            at = parent;
        }
    }

    fn push(&mut self, told: &mut Told, node: Arc<Node>) {
        let last = mem::replace(&mut told.last, Arc::as_ptr(&node));
        if last.is_null() {
            told.first = Some(node);
        } else {
            self.edit(last, |links| links.next_told = Some(node));
        }
    }

    fn pop(&mut self, told: &mut Told) -> Option<Arc<Node>> {
        let first = told.first.take()?;
        told.first = self.edit(Arc::as_ptr(&first), |links| links.next_told.take());
        Some(first)
    }
}

/// Wakes the waiters of those who were cancelled: if a waker panics, the rest is woken while the panic unwinds.
fn wake(tree: &Lock<Tree>, told: Told) {
    struct Rest<'t> {
        tree: &'t Lock<Tree>,
        told: Told,
    }

    impl Rest<'_> {
        fn wake(&mut self) {
            while self.told.first.is_some() {
                let next = self.tree.lock().pop(&mut self.told);
                if let Some(node) = next {
                    node.queue.lock().release_all(TOLD);
                }
            }
        }
    }

    impl Drop for Rest<'_> {
        fn drop(&mut self) {
            // A turn that ends in a panic as well has woken a node's waiters.
            while !quietly(|| self.wake()) {}
        }
    }

    let mut rest = Rest { tree, told };
    rest.wake();
}
