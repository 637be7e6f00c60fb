//! What a subject is put through.

pub(crate) mod cancelling;
pub(crate) mod foreign;
pub(crate) mod memory;
pub(crate) mod order;
pub(crate) mod polling;
pub(crate) mod threads;

/// All checks of one subject, as tests.
macro_rules! conformance {
    ($($name:ident: $subject:ty,)*) => {$(
        conformance!(@checks $name, $subject, {
            cancelling: unpolled, before_the_notification, after_the_notification,
                after_the_notification_of_all, each_of_many, all_and_begun_anew;
            polling: moved_before_the_first_poll, another_waker, another_waker_that_looks_the_same, the_same_waker, many_polls_without_growth,
                a_notified_waiter_that_is_never_polled, latecomers;
            memory: nothing_is_allocated;
            order: first_come_first_served, during_the_wakes_of_all, a_hundred_thousand;
            foreign: calls_from_clone, calls_from_wake, calls_from_drop, a_waker_that_polls, a_waker_that_drops, wakers_that_panic,
                a_waker_that_panics_when_cloned, a_waker_that_panics_when_dropped;
            threads: notifications_and_cancellations;
        });
    )*};
    (@checks $name:ident, $subject:ty, { $($file:ident: $($check:ident),*;)* }) => {
        mod $name {
            $($(
                #[test]
                fn $check() {
                    let _watchdog = crate::support::Watchdog::new(concat!(stringify!($name), "::", stringify!($check)));
                    crate::checks::$file::$check::<$subject>();
                }
            )*)*
        }
    };
}
