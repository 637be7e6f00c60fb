//! What is made once.

use std::convert::identity;
use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use futures_util::FutureExt;

use crate::subject::{Lets, Subject};
use crate::support::poll_once;

/// A cell whose value somebody makes.
pub(crate) struct OnceCell {
    cell: Arc<sync_prims::OnceCell<String>>,
    /// Makes the value when it is polled.
    turn: Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>,
}

impl Subject for OnceCell {
    const LETS: Lets = Lets::All;
    const KEEPS: bool = true;

    fn blocked(_waiters: usize) -> Self {
        let cell = Arc::new(sync_prims::OnceCell::new());
        let owner = cell.clone();
        let mut turn = Box::pin(async move {
            let begun = AtomicBool::new(false);
            let made = poll_fn(|_| match begun.swap(true, Ordering::Relaxed) {
                true => Poll::Ready(String::new()),
                false => Poll::Pending,
            });
            owner.get_or_init(|| made).await;
        });
        assert!(poll_once(turn.as_mut()).is_pending());
        OnceCell {
            cell,
            turn: Mutex::new(Some(turn)),
        }
    }

    fn wait(&self) -> impl Future<Output = ()> + Send {
        self.cell
            .get_or_init(pending)
            .map(|value| assert_eq!(value, ""))
    }

    fn notify_one(&self) {
        let turn = self.turn.lock().unwrap().take();
        assert!(
            turn.map(|mut turn| poll_once(turn.as_mut()).is_ready())
                .is_none_or(identity)
        );
    }

    fn notify_all(&self, _waiters: usize) {
        self.notify_one();
    }

    fn look(&self) {
        self.cell.get();
        let _ = self.cell.set("refused".to_owned());
        let _ = format!("{:?} {:?}", self.cell, self.cell.get_or_init(pending));
    }
}
