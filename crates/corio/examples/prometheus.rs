//! Serves the counters of all contexts to Prometheus.
//!
//! ```text
//! cargo run --release -p corio --features sync-prims --example prometheus -- 127.0.0.1:9184 demo
//! curl http://127.0.0.1:9184/metrics
//! ```
//!
//! The second argument names the contexts of the demonstration's scheduler, on which a few tasks tick. Ctrl-c ends it.
//!
//! A scrape asks no context for anything: counters are read where they are kept. The text is OpenMetrics, written by the crate
//! `prometheus-client`.

mod http;
mod serving;

use std::fmt;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;
use std::{env, io};

use corio::context::Metrics;
use corio::inspect::{self, ContextInfo, ContextState};
use corio::net::TcpStream;
use corio::sync::CancellationToken;
use corio::{ContextBuilder, Handle, Scheduler, Stop};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};

use http::{Head, Request, Status};
use serving::Port;
use serving::input::Input;

type Error = Box<dyn std::error::Error>;

#[corio::main]
async fn main() -> ExitCode {
    let address = env::args().nth(1);
    let address = address.as_deref().unwrap_or("127.0.0.1:9184");
    let name = env::args().nth(2).unwrap_or_else(|| "demo".into());
    serving::exit("prometheus", run(address, name).await)
}

async fn run(address: &str, name: String) -> Result<(), Error> {
    let stop = serving::until_ctrl_c()?;
    let listener = serving::listen(address, Port::Own).await?;
    let each = ContextBuilder::new().name(name);
    let mut scheduler = Scheduler::builder().contexts(2).each(each).build();
    scheduler.start()?;
    for context in scheduler.contexts() {
        context.submit_named("ticker", tick())?.detach();
    }
    let mut contexts = scheduler.contexts().to_vec();
    contexts.push(corio::handle());
    let registry = Rc::new(registry(contexts));
    println!("listening on {}", listener.local_addr()?);
    serving::serve(listener, &stop, |stream| {
        connection(stream, registry.clone(), stop.clone())
    })
    .await;
    scheduler.notify_stop(Stop::Abort);
    scheduler.join()?;
    Ok(())
}

/// Something to count.
async fn tick() {
    loop {
        corio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn connection(
    stream: TcpStream,
    registry: Rc<Registry>,
    stop: CancellationToken,
) -> io::Result<()> {
    let mut input = Input::default();
    while input.receive(&stream, &stop).await? {
        let mut response = Vec::new();
        let (used, keeps_alive) = match http::parse(input.bytes()) {
            Ok(None) => continue,
            Ok(Some((request, length))) => {
                answer(&request, &registry, &mut response);
                (length, request.keeps_alive)
            }
            Err(status) => {
                http::plain(&mut response, status, false);
                (0, false)
            }
        };
        input.consume(used);
        stream.write_all(response).await.0?;
        if !keeps_alive {
            return serving::part(stream).await;
        }
    }
    stream.close().await
}

fn answer(request: &Request<'_>, registry: &Registry, response: &mut Vec<u8>) {
    if request.method != "GET" {
        return http::plain(response, Status::METHOD_NOT_ALLOWED, request.keeps_alive);
    }
    if request.target != "/metrics" {
        return http::plain(response, Status::NOT_FOUND, request.keeps_alive);
    }
    let mut text = String::new();
    if prometheus_client::encoding::text::encode(&mut text, registry).is_err() {
        return http::plain(response, Status::INTERNAL_ERROR, request.keeps_alive);
    }
    Head::new(response, Status::OK, request.keeps_alive)
        .field(
            "Content-Type",
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
        )
        .end(text.len() as u64);
    response.extend_from_slice(text.as_bytes());
}

fn registry(contexts: Vec<Handle>) -> Registry {
    let mut registry = Registry::with_prefix("corio");
    registry.register_collector(Box::new(Contexts(contexts)));
    registry
}

/// Reads the contexts' counters whenever it is asked for them.
#[derive(Debug)]
struct Contexts(Vec<Handle>);

/// A number of a context: its name, what it is, and where it stands.
type Number = (&'static str, &'static str, fn(&Metrics) -> u64);

/// What only grows. The text adds `_total` to each name.
const COUNTERS: [Number; 14] = [
    ("tasks_spawned", "Tasks taken up", |m| m.tasks_spawned),
    ("tasks_finished", "Tasks that ended in any way", |m| {
        m.tasks_finished
    }),
    ("polls", "Polls of tasks", |m| m.polls),
    ("batches", "Batches of tasks that were run", |m| m.batches),
    (
        "inbox_received",
        "Submissions and wakes by other threads",
        |m| m.inbox_received,
    ),
    ("sleeps", "Times the context went to sleep", |m| m.sleeps),
    ("timers_fired", "Timers that fired", |m| m.timers_fired),
    (
        "enters",
        "Calls into the kernel that submit, wait or reap",
        |m| m.enters,
    ),
    (
        "operations_submitted",
        "Operations handed to the kernel",
        |m| m.submitted,
    ),
    ("operations_completed", "Completions reaped", |m| {
        m.completed
    }),
    ("overflows", "Times the completion queue overflowed", |m| {
        m.overflows
    }),
    (
        "cancels_won",
        "Abandoned operations that the kernel cancelled",
        |m| m.cancels_won,
    ),
    (
        "cancels_lost",
        "Abandoned operations that completed all the same",
        |m| m.cancels_lost,
    ),
    ("wakeups_received", "Wake-ups that arrived", |m| {
        m.wakeups_received
    }),
];

/// What goes up and down.
const GAUGES: [Number; 6] = [
    ("tasks_live", "Tasks that are not complete", |m| {
        m.tasks_live
    }),
    ("queue_depth", "Tasks in the run queue", |m| m.queue_depth),
    ("wait_guards", "Wait guards that exist", |m| m.wait_guards),
    (
        "timers_pending",
        "Timers that were set when the context last slept",
        |m| m.timers_pending,
    ),
    (
        "operations_in_flight",
        "Operations that the kernel has",
        |m| m.in_flight,
    ),
    ("largest_batch", "The most tasks that one batch ran", |m| {
        m.largest_batch
    }),
];

impl Collector for Contexts {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        // No patience: nobody is asked what tasks wait on.
        let contexts = inspect::within(&self.0, Duration::ZERO).contexts;
        for (name, help, value) in COUNTERS {
            let value = |context: &ContextInfo| ConstCounter::new(value(&context.metrics));
            family(
                &mut encoder,
                &contexts,
                (name, help, None),
                MetricType::Counter,
                value,
            )?;
        }
        for (name, help, value) in GAUGES {
            let value = |context: &ContextInfo| {
                ConstGauge::new(i64::try_from(value(&context.metrics)).unwrap_or(i64::MAX))
            };
            family(
                &mut encoder,
                &contexts,
                (name, help, None),
                MetricType::Gauge,
                value,
            )?;
        }
        let running = |context: &ContextInfo| {
            ConstGauge::new(i64::from(context.state != ContextState::Stopped))
        };
        let what = ("running", "1 while a run is on", None);
        family(&mut encoder, &contexts, what, MetricType::Gauge, running)?;
        let seconds = Some(&Unit::Seconds);
        let busy = |context: &ContextInfo| ConstCounter::new(context.metrics.busy.as_secs_f64());
        let what = ("busy", "Time spent awake", seconds);
        family(&mut encoder, &contexts, what, MetricType::Counter, busy)?;
        let idle = |context: &ContextInfo| ConstCounter::new(context.metrics.idle.as_secs_f64());
        let what = ("idle", "Time spent asleep", seconds);
        family(&mut encoder, &contexts, what, MetricType::Counter, idle)
    }
}

/// One number of every context.
fn family<M: EncodeMetric>(
    encoder: &mut DescriptorEncoder<'_>,
    contexts: &[ContextInfo],
    (name, help, unit): (&str, &str, Option<&Unit>),
    kind: MetricType,
    value: impl Fn(&ContextInfo) -> M,
) -> Result<(), fmt::Error> {
    let mut family = encoder.encode_descriptor(name, help, unit, kind)?;
    for context in contexts {
        let labels = [
            ("context", context.name.to_string()),
            ("id", context.id.to_string()),
        ];
        value(context).encode(family.encode_family(&labels)?)?;
    }
    Ok(())
}
