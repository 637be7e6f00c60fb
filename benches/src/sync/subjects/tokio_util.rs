//! tokio-util.

use std::array;
use std::future::Future;
use std::pin::pin;
use std::task::Context;
use std::time::Duration;

use ::tokio_util::sync::CancellationToken;
use ::tokio_util::task::TaskTracker;

use crate::sync::by_hand::{pending, ready};
use crate::sync::case::{Case, Kind};
use crate::sync::token;
use crate::sync::wait_group::{self, MEMBERS};

pub(super) fn time(Case(kind): Case, iterations: u64) -> Option<Duration> {
    Some(match kind {
        Kind::WaitGroup(case) => wait_group::time::<TaskTracker>(case, iterations),
        Kind::Token(case) => token::time::<CancellationToken>(case, iterations),
        _ => return None,
    })
}

impl wait_group::WaitGroup for TaskTracker {
    fn round(cx: &mut Context<'_>) {
        let group = TaskTracker::new();
        let members: [_; MEMBERS] = array::from_fn(|_| group.token());
        group.close();
        let mut wait = pin!(group.wait());
        pending(wait.as_mut(), cx);
        drop(members);
        ready(wait, cx);
    }
}

impl token::Token for CancellationToken {
    fn new() -> Self {
        CancellationToken::new()
    }

    #[inline]
    fn is_cancelled(&self) -> bool {
        self.is_cancelled()
    }

    #[inline]
    fn child(&self) -> Self {
        self.child_token()
    }

    #[inline]
    fn cancelled(&self) -> impl Future<Output = ()> + Send {
        self.cancelled()
    }
}
