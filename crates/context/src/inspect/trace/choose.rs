//! Which of the calls are worth telling: the future that waits, and where the program awaits it.
//!
//! The *program's own* functions are those whose files are not of a package from elsewhere, and not of this project's crates; and those
//! of the crate that the outermost of these is of. Without debug information no file is known, and they are those of the
//! crate that the outermost call is of. And calls that the compiler has inlined are not seen then, which the poll of the task's own
//! future often is: so that stands first in any case.

use super::name;
use super::wait::{Call, TracedWait};

/// Whose wait it is.
#[derive(Debug, PartialEq)]
pub(super) enum Origin {
    /// Not the context's.
    Foreign(TracedWait),
    /// That of a group of futures, each with a waker of its own.
    Group(TracedWait),
    /// An operation's, which the context knows better.
    Known,
    /// No symbol says whose.
    Nameless,
}

/// Tells what `calls` wait for, the outermost first, in a task whose future is of this type.
pub(super) fn origin(calls: &[Call], task: &str) -> Origin {
    let Some(innermost) = calls.iter().rfind(|call| !is_waker_cell(call)) else {
        return Origin::Nameless;
    };
    if innermost.name.crate_name() == "uring_engine" {
        return Origin::Known;
    }
    let is_group = innermost.name.is_in("context::when");
    let wait = match with_task(calls, task) {
        Some(calls) => choose(&calls),
        None => choose(calls),
    };
    match is_group {
        true => Origin::Group(wait),
        false => Origin::Foreign(wait),
    }
}

/// The calls with the poll of the task's future before them, if it is missing.
fn with_task(calls: &[Call], task: &str) -> Option<Vec<Call>> {
    let task = Call::new(task, None, None);
    let is_seen = |call: &Call| call.file.is_some() || call.function == task.function;
    if task.name.is_std() || calls.iter().any(is_seen) {
        return None;
    }
    Some([task].into_iter().chain(calls.iter().cloned()).collect())
}

/// A place for a waker, which says nothing about whose it is.
fn is_waker_cell(call: &Call) -> bool {
    call.name.crate_name() == "atomic_waker"
}

fn choose(calls: &[Call]) -> TracedWait {
    let is_near = |call: &&Call| {
        let elsewhere = call.file.as_deref().is_some_and(name::is_of_library);
        !elsewhere && !call.name.is_ours()
    };
    let program = calls.iter().find(is_near);
    let program = program.map(|call| call.name.crate_name());
    // Not the file alone: what a library's macro has written is in the library's file.
    let is_own = |call: &Call| {
        let named = Some(call.name.crate_name()) == program;
        named || (call.file.is_some() && is_near(&call))
    };
    let own = calls.iter().rposition(is_own);
    let inner = own.map_or(calls, |own| &calls[own + 1..]);
    // A future's call is a poll. If the compiler has inlined that into the program's own function, the rest is all there is.
    let within_poll = own.is_some_and(|own| !calls[own].name.is_body());
    let future = inner
        .iter()
        .find(|call| call.name.is_poll() && !call.name.is_combinator())
        .or_else(|| inner.iter().find(|call| call.name.is_poll()))
        .or_else(|| inner.first().filter(|_| !within_poll));
    let in_sight = |call: &Call| is_own(call) && is_near(&call);
    let place = own.map(|own| {
        let place = match future {
            Some(_) => calls[..=own].iter().rposition(in_sight),
            // A future of the program's own, awaited further out.
            None => {
                let awaits = |call: &Call| in_sight(call) && call.name.is_body();
                calls[..own].iter().rposition(awaits)
            }
        };
        &calls[place.unwrap_or(own)]
    });
    let future = future.or(own.map(|own| &calls[own]));
    let future = future.unwrap_or(&calls[0]);
    TracedWait {
        future: future.function.clone(),
        place: place.cloned(),
        calls: calls.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A task's future that tells nothing.
    const PLAIN: &str = "core::pin::Pin<alloc::boxed::Box<dyn Future>>";
    const APP: &str = "/home/me/app/src/main.rs";
    const LIBRARY: &str = "/home/me/.cargo/registry/src/index/tokio-1.0.0/src/lib.rs";

    fn calls(calls: &[(&str, Option<&str>, u32)]) -> Vec<Call> {
        let call = |&(symbol, file, line): &(&str, Option<&str>, u32)| {
            let file: Option<&str> = file;
            let line = file.map(|_| line);
            Call::new(symbol, file.map(str::to_owned), line)
        };
        calls.iter().map(call).collect()
    }

    fn told(calls: &[Call]) -> String {
        match origin(calls, PLAIN) {
            Origin::Foreign(wait) => wait.to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_outermost_future_of_a_library_is_told_and_the_innermost_line_of_the_program() {
        let calls = calls(&[
            ("app::main::{{closure}}", Some(APP), 3),
            ("app::work::{{closure}}", Some(APP), 7),
            (
                "<context::when::any::WhenAny<G> as core::future::future::Future>::poll",
                Some("/elsewhere/context/any.rs"),
                1,
            ),
            (
                "tokio::sync::mutex::Mutex<T>::lock::{{closure}}",
                Some(LIBRARY),
                9,
            ),
            (
                "<tokio::sync::batch_semaphore::Acquire as core::future::future::Future>::poll",
                Some(LIBRARY),
                11,
            ),
        ]);
        let expected = "tokio::sync::mutex::Mutex::lock in app::work at /home/me/app/src/main.rs:7";
        assert_eq!(told(&calls), expected);
    }

    #[test]
    fn without_files_the_program_is_what_is_outermost() {
        let calls = calls(&[
            ("context::inspect::label::WaitingFor<F>::poll", None, 0),
            ("app::main::{closure#0}", None, 0),
            ("app::work::{closure#0}", None, 0),
            (
                "<sync_prims::mutex::lock::Lock<u8> as core::future::future::Future>::poll",
                None,
                0,
            ),
            ("<sync_prims::queue::Queue>::poll::<()>", None, 0),
        ]);
        assert_eq!(told(&calls), "sync_prims::mutex::lock::Lock in app::work");
        // Inlined.
        assert_eq!(told(&calls[..3]), "app::work in app::main");
        let inlined = [calls[1].clone(), calls[4].clone()];
        assert_eq!(
            told(&inlined),
            "sync_prims::queue::Queue::poll in app::main"
        );
        // Nothing but a library.
        assert_eq!(told(&calls[3..]), "sync_prims::mutex::lock::Lock");
    }

    #[test]
    fn a_future_of_the_program_is_told_with_who_awaits_it() {
        let register = ("atomic_waker::AtomicWaker::register", Some(LIBRARY), 5);
        let calls = calls(&[
            ("app::main::{{closure}}", Some(APP), 3),
            (
                "<app::Turn as core::future::future::Future>::poll",
                Some(APP),
                20,
            ),
            register,
        ]);
        assert_eq!(
            told(&calls),
            "app::Turn in app::main at /home/me/app/src/main.rs:3"
        );
        // One that is a task.
        assert_eq!(
            told(&calls[1..]),
            "app::Turn at /home/me/app/src/main.rs:20"
        );
    }

    #[test]
    fn what_a_macro_has_written_is_the_program_s() {
        let select = ("app::work::{{closure}}::{{closure}}", Some(LIBRARY), 700);
        let inlined = (
            "{closure#0}",
            Some("/any/registry/src/index/tokio-1.0.0/src/macros/select.rs"),
            700,
        );
        let notified = ("tokio::sync::Notified::poll_notified", Some(LIBRARY), 9);
        for select in [select, inlined] {
            let calls = calls(&[("app::work::{{closure}}", Some(APP), 7), select, notified]);
            let expected =
                "tokio::sync::Notified::poll_notified in app::work at /home/me/app/src/main.rs:7";
            assert_eq!(told(&calls), expected);
        }
    }

    #[test]
    fn a_combinator_is_told_if_there_is_nothing_else() {
        let select =
            "<futures_util::future::select::Select<A, B> as core::future::future::Future>::poll";
        let calls = calls(&[("app::main::{{closure}}", None, 0), (select, None, 0)]);
        assert_eq!(
            told(&calls),
            "futures_util::future::select::Select in app::main"
        );
    }

    #[test]
    fn what_the_context_knows_is_told_apart() {
        let main = ("app::main::{{closure}}", None, 0);
        let operation = (
            "<uring_engine::future::Op<T> as core::future::future::Future>::poll",
            None,
            0,
        );
        assert_eq!(origin(&calls(&[main, operation]), PLAIN), Origin::Known);
        let group = ("context::when::wakers::ChildWakers::register", None, 0);
        let register = ("atomic_waker::AtomicWaker::register", None, 0);
        let found = origin(&calls(&[main, group, register]), PLAIN);
        assert!(matches!(found, Origin::Group(_)), "{found:?}");
        assert_eq!(origin(&[], "app::main"), Origin::Nameless);
        assert_eq!(origin(&calls(&[register]), "app::main"), Origin::Nameless);
    }

    #[test]
    fn what_is_inlined_into_the_task_is_awaited_by_the_task() {
        let task = "app::work::{{closure}}";
        let told = |calls: &[Call]| match origin(calls, task) {
            Origin::Foreign(wait) => wait.to_string(),
            other => panic!("{other:?}"),
        };
        let register = ("tokio::sync::AtomicWaker::register", None, 0);
        let expected = "tokio::sync::AtomicWaker::register in app::work";
        assert_eq!(told(&calls(&[register])), expected);
        assert_eq!(
            told(&calls(&[("app::work::{closure#0}", None, 0), register])),
            expected
        );
        // With debug information nothing is hidden: here the task is a library's.
        let known = ("tokio::sync::Notified::poll", Some(LIBRARY), 3);
        assert_eq!(told(&calls(&[known])), "tokio::sync::Notified::poll");
    }
}
