//! The macros against a stand-in for the facade: what they expand to compiles and runs the body as it was written.
//!
//! The stand-in polls in a loop; that the real `block_on` runs a context is tested where that is.

/// Shaped like the facade's hidden module.
mod facade {
    pub(crate) mod __private {
        use std::cell::Cell;
        use std::pin::pin;
        use std::task::{Context, Poll, Waker};

        thread_local! {
            /// What the last call asked for; `None` if it was `block_on`.
            static CONTEXTS: Cell<Option<usize>> = const { Cell::new(None) };
        }

        pub(crate) fn contexts() -> Option<usize> {
            CONTEXTS.get()
        }

        pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
            let mut future = pin!(future);
            let mut context = Context::from_waker(Waker::noop());
            loop {
                if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                    return output;
                }
            }
        }

        pub(crate) fn block_on_contexts<F: Future>(contexts: usize, future: F) -> F::Output {
            CONTEXTS.set(Some(contexts));
            block_on(future)
        }
    }
}

use std::rc::Rc;

/// Is pending once, so that the body really waits.
async fn pause() {
    let mut is_paused = false;
    std::future::poll_fn(|_| {
        if std::mem::replace(&mut is_paused, true) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
}

#[corio_macros::test(crate = facade)]
async fn a_body_may_wait_and_need_not_be_send() {
    let shared = Rc::new(7);
    pause().await;
    assert_eq!(*shared, 7);
    assert_eq!(facade::__private::contexts(), None);
}

#[corio_macros::test(contexts = 3, crate = facade)]
async fn a_literal_number_of_contexts_is_passed_on() {
    assert_eq!(facade::__private::contexts(), Some(3));
}

#[corio_macros::test(crate = crate::facade, contexts = "ab".len() + 2)]
async fn an_expression_for_contexts_is_passed_on() {
    assert_eq!(facade::__private::contexts(), Some(4));
}

#[corio_macros::test(crate = facade)]
async fn a_result_with_question_mark_needs_no_annotation() -> Result<(), Box<dyn std::error::Error>>
{
    pause().await;
    assert_eq!("12".parse::<u32>()?, 12);
    Ok(())
}

#[corio_macros::test(crate = facade)]
#[should_panic(expected = "as it should")]
async fn a_panic_reaches_the_harness() {
    pause().await;
    panic!("as it should");
}

#[corio_macros::test(crate = facade)]
#[ignore = "shows that the attribute is passed through: it would fail"]
async fn an_ignored_test_is_not_run() {
    panic!("this test is ignored");
}

mod program {
    use super::facade;

    #[corio_macros::main(crate = facade)]
    async fn main() -> Result<u8, std::num::ParseIntError> {
        super::pause().await;
        let number: u8 = "300".parse()?;
        Ok(number)
    }

    #[test]
    fn main_returns_what_the_body_returns() {
        assert!(main().is_err());
    }
}
