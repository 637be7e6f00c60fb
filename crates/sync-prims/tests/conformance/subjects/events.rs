//! What happens once for all.

use std::future::Future;

use crate::subject::{Lets, Subject};

pub(crate) struct Event(sync_prims::Event);

impl Subject for Event {
    const LETS: Lets = Lets::All;
    const KEEPS: bool = true;

    fn blocked(_waiters: usize) -> Self {
        Event(sync_prims::Event::new())
    }

    fn wait(&self) -> impl Future<Output = ()> + Send {
        self.0.wait()
    }

    fn notify_one(&self) {
        self.0.set();
    }

    fn notify_all(&self, _waiters: usize) {
        self.0.set();
    }

    fn look(&self) {
        self.0.is_set();
        let _ = format!("{:?} {:?}", self.0, self.0.wait());
    }
}
