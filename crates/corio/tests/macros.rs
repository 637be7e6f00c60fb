//! The attribute macros run their functions on real contexts.

use std::rc::Rc;

#[corio::test]
async fn a_test_runs_on_a_context_and_need_not_be_send() {
    let shared = Rc::new(7);
    let seen = corio::spawn({
        let shared = shared.clone();
        async move { *shared }
    });
    assert_eq!(seen.await.unwrap(), 7);
    assert!(corio::scheduler().is_none());
}

#[corio::test(contexts = 3)]
async fn more_contexts_serve_what_is_submitted() {
    let scheduler = corio::scheduler().unwrap();
    assert_eq!(scheduler.contexts().len(), 2);
    let here = std::thread::current().id();
    let mut seen = std::collections::HashSet::new();
    for _ in 0..4 {
        let there = scheduler.submit(async {
            // Work that is there may hand on to its siblings.
            assert_eq!(corio::scheduler().unwrap().contexts().len(), 2);
            std::thread::current().id()
        });
        seen.insert(there.unwrap().await.unwrap());
    }
    assert_eq!(seen.len(), 2);
    assert!(!seen.contains(&here));
}

#[corio::test(contexts = 2)]
async fn what_is_left_on_the_other_contexts_is_aborted() {
    let scheduler = corio::scheduler().unwrap();
    let endless = scheduler.submit(std::future::pending::<()>()).unwrap();
    endless.detach();
}

#[corio::test]
async fn a_result_is_what_the_harness_gets() -> std::io::Result<()> {
    assert!(corio::fs::read("/dev/null").await?.is_empty());
    Ok(())
}

#[corio::test]
#[should_panic(expected = "as it should")]
async fn a_panic_reaches_the_harness() {
    corio::yield_now().await;
    panic!("as it should");
}

#[corio::test]
#[should_panic(expected = "this thread runs a context already")]
async fn a_context_inside_a_context_is_refused_with_the_reason() {
    corio::__private::block_on(async {});
}

mod program {
    #[corio::main]
    async fn main() -> Result<u8, std::num::ParseIntError> {
        corio::time::sleep(corio::time::Duration::from_millis(1)).await;
        "200".parse()
    }

    #[test]
    fn main_returns_what_the_body_returns() {
        assert_eq!(main(), Ok(200));
    }
}
