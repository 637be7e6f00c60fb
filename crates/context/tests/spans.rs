//! A span for each task: entered around each poll, with what the task is, and closed at its end.

mod support;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use support::{started, stop};

#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Records>>);

#[derive(Default)]
struct Records {
    spans: Vec<Span>,
    entered: Vec<u64>,
    /// For each event, the name of the innermost task's span.
    events: Vec<Option<String>>,
}

#[derive(Default)]
struct Span {
    fields: HashMap<&'static str, String>,
    enters: usize,
    open: usize,
}

struct Fields<'a>(&'a mut HashMap<&'static str, String>);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "context::task" || metadata.is_event()
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        assert!(attributes.is_root());
        let mut span = Span {
            open: 1,
            ..Span::default()
        };
        attributes.record(&mut Fields(&mut span.fields));
        let mut records = self.0.lock().unwrap();
        records.spans.push(span);
        Id::from_u64(records.spans.len() as u64)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {
        let mut records = self.0.lock().unwrap();
        let name = records.entered.last().map(|&id| {
            let span = &records.spans[id as usize - 1];
            span.fields.get("name").cloned().unwrap_or_default()
        });
        records.events.push(name);
    }

    fn enter(&self, id: &Id) {
        let mut records = self.0.lock().unwrap();
        records.entered.push(id.into_u64());
        records.spans[id.into_u64() as usize - 1].enters += 1;
    }

    fn exit(&self, id: &Id) {
        assert_eq!(self.0.lock().unwrap().entered.pop(), Some(id.into_u64()));
    }

    fn clone_span(&self, id: &Id) -> Id {
        self.0.lock().unwrap().spans[id.into_u64() as usize - 1].open += 1;
        id.clone()
    }

    fn try_close(&self, id: Id) -> bool {
        let mut records = self.0.lock().unwrap();
        let span = &mut records.spans[id.into_u64() as usize - 1];
        span.open -= 1;
        span.open == 0
    }
}

/// What its destructor says belongs to the task as well.
struct Speaks;

impl Drop for Speaks {
    fn drop(&mut self) {
        tracing::info!("dropped");
    }
}

#[test]
fn polls_and_ends_of_a_task_are_in_its_span() {
    let recorder = Recorder::default();
    let records = recorder.0.clone();
    tracing::subscriber::with_default(recorder, || {
        context::block_on(async {
            let polled = context::spawn_named("polled", async {
                tracing::info!("first");
                context::yield_now().await;
                tracing::info!("second");
            });
            let aborted = context::spawn_named("aborted", async {
                let _speaks = Speaks;
                std::future::pending::<()>().await;
            });
            let panics = context::spawn(async { panic!("on purpose") });
            polled.await.unwrap();
            aborted.abort();
            assert!(aborted.await.unwrap_err().is_cancelled());
            assert!(panics.await.unwrap_err().is_panic());
            tracing::info!("main");
        })
        .unwrap();
        tracing::info!("outside");
    });
    let records = records.lock().unwrap();
    let span = |name: &str| {
        let has = |span: &&Span| span.fields.get("name").is_some_and(|it| it == name);
        records.spans.iter().find(has).unwrap()
    };
    assert_eq!(records.spans.len(), 4);
    let polled = span("polled");
    assert_eq!(polled.enters, 2);
    assert_eq!(polled.fields["context"], "context");
    assert!(polled.fields["location"].contains("spans.rs:"));
    assert!(polled.fields["id"].parse::<u64>().is_ok());
    // One poll, and the drop.
    assert_eq!(span("aborted").enters, 2);
    let names: Vec<_> = records.events.iter().map(Option::as_deref).collect();
    let expected = ["polled", "polled", "aborted", "main"].map(Some);
    assert_eq!(names[..4], expected);
    assert_eq!(names[4], None);
    assert!(records.entered.is_empty());
    assert!(
        records.spans.iter().all(|span| span.open == 0),
        "all are closed"
    );
}

/// A span closes with the future, although a join handle keeps the task; and a task that is submitted has one, too.
#[test]
fn a_span_closes_with_the_future() {
    let recorder = Recorder::default();
    let records = recorder.0.clone();
    tracing::subscriber::with_default(recorder, || {
        let mut context = started();
        let task = context
            .handle()
            .submit_named("submitted", async {})
            .unwrap();
        support::until(|| task.is_finished());
        {
            let records = records.lock().unwrap();
            let span = &records.spans[0];
            assert_eq!(span.fields["name"], "submitted");
            assert_eq!((span.enters, span.open), (1, 0));
        }
        task.join_blocking().unwrap();
        stop(&mut context);
    });
}

/// Without a subscriber there is no span, and nothing of a task is observed.
#[test]
fn without_a_subscriber_tasks_run_as_ever() {
    context::block_on(async {
        let task = context::spawn(async { tracing::Span::current().is_none() });
        assert!(task.await.unwrap());
    })
    .unwrap();
}
