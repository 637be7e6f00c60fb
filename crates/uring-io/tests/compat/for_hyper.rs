//! What hyper asks of a runtime besides streams.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::time::{Duration, Instant};

use hyper::rt::{Executor as _, Sleep, Timer as _};
use uring_io::compat::hyper::{Executor, Timer};

use crate::on_both;

#[test]
fn futures_that_are_not_send_run_on_the_context() {
    on_both(|| async {
        let ran = Rc::new(Cell::new(0));
        for _ in 0..3 {
            let ran = ran.clone();
            Executor.execute(async move {
                context::yield_now().await;
                ran.set(ran.get() + 1);
            });
        }
        while ran.get() < 3 {
            context::yield_now().await;
        }
    });
}

#[test]
fn a_sleep_waits_and_can_be_set_anew() {
    on_both(|| async {
        let begin = Instant::now();
        Timer.sleep(Duration::from_millis(5)).await;
        assert!(begin.elapsed() >= Duration::from_millis(5));

        let mut sleep = Timer.sleep_until(Instant::now() + Duration::from_secs(3600));
        let at = &raw const *sleep;
        assert!(
            crate::support::poll_at_most(1, sleep.as_mut())
                .await
                .is_none()
        );
        let deadline = Instant::now() + Duration::from_millis(5);
        Timer.reset(&mut sleep, deadline);
        assert!(std::ptr::addr_eq(at, &raw const *sleep), "set in place");
        sleep.await;
        assert!(Instant::now() >= deadline);
    });
}

/// One that another timer made.
struct Strange;

impl std::future::Future for Strange {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut std::task::Context<'_>) -> std::task::Poll<()> {
        std::task::Poll::Pending
    }
}

impl Sleep for Strange {}

#[test]
fn the_sleep_of_another_timer_is_replaced() {
    on_both(|| async {
        let mut sleep: Pin<Box<dyn Sleep>> = Box::pin(Strange);
        Timer.reset(&mut sleep, Instant::now());
        sleep.await;
    });
}

#[test]
fn a_sleep_that_was_polled_may_end_on_another_thread() {
    on_both(|| async {
        let mut sleep = Timer.sleep(Duration::from_secs(3600));
        assert!(
            crate::support::poll_at_most(1, sleep.as_mut())
                .await
                .is_none()
        );
        context::spawn_blocking(move || drop(sleep)).await.unwrap();
        let mut sleep = Timer.sleep(Duration::from_millis(20));
        assert!(
            crate::support::poll_at_most(1, sleep.as_mut())
                .await
                .is_none()
        );
        // It waits there as well, on a context of that thread.
        context::spawn_blocking(move || context::block_on(sleep).unwrap())
            .await
            .unwrap();
    });
}
