//! Something to look at: echo over loopback, channels, timers, and a task that holds its context now and again.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use channel::oneshot;
use corio::inspect::{self, waiting_for};
use corio::net::{TcpListener, TcpStream};
use corio::time::{interval, sleep};
use corio::watchdog::Watchdog;
use corio::{ContextBuilder, Handle, RunError, Scheduler, Stop};

/// The watchdog's messages that are kept.
const KEPT: usize = 50;
/// How long the slow task holds its context, and what the watchdog minds.
const HOLD: Duration = Duration::from_millis(250);
const THRESHOLD: Duration = Duration::from_millis(100);

type Messages = Arc<Mutex<VecDeque<String>>>;

/// The demonstration, on three contexts.
pub(crate) struct Workload {
    scheduler: Scheduler,
    messages: Messages,
    _watchdog: Watchdog,
    /// Told to nobody: what waits for it is seen where waits are traced.
    _last_orders: oneshot::Sender<()>,
}

impl Workload {
    pub(crate) fn start() -> Result<Self, Box<dyn std::error::Error>> {
        let each = ContextBuilder::new().name("demo").task_times(true);
        let mut scheduler = Scheduler::builder().contexts(3).each(each).build();
        scheduler.start()?;
        let messages = Messages::default();
        let watchdog = watchdog(messages.clone())?;
        for context in scheduler.contexts() {
            watchdog.watch(context);
        }
        let contexts = scheduler.contexts();
        contexts[0].submit_with(echo)?.detach();
        contexts[1].submit_with(|| async { pipeline() })?.detach();
        contexts[2].submit_named("ticker", tick())?.detach();
        contexts[2].submit_named("slow", slow())?.detach();
        let (last_orders, called) = oneshot::channel();
        contexts[2]
            .submit_named("closing", closing(called))?
            .detach();
        Ok(Self {
            scheduler,
            messages,
            _watchdog: watchdog,
            _last_orders: last_orders,
        })
    }

    pub(crate) fn contexts(&self) -> &[Handle] {
        self.scheduler.contexts()
    }

    /// What the watchdog has said, latest last.
    pub(crate) fn messages(&self) -> Vec<String> {
        let messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        messages.iter().cloned().collect()
    }

    /// Returns when every part has run, and the watchdog has spoken.
    pub(crate) fn wait_until_all_is_seen(&self) {
        let has = |name: &str| {
            let contexts = inspect::within(self.contexts(), Duration::ZERO);
            contexts
                .tasks()
                .any(|task| task.name.as_deref() == Some(name) && task.polls > 0)
        };
        let parts = ["echo client 3", "consumer 2", "ticker", "slow", "closing"];
        while !parts.into_iter().all(has) || self.messages().is_empty() {
            thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn stop(mut self) -> Result<(), RunError> {
        self.scheduler.notify_stop(Stop::Abort);
        self.scheduler.join()
    }
}

fn watchdog(messages: Messages) -> io::Result<Watchdog> {
    Watchdog::builder()
        .threshold(THRESHOLD)
        .on_held(move |held| {
            let mut messages = messages.lock().unwrap_or_else(PoisonError::into_inner);
            if messages.len() == KEPT {
                messages.pop_front();
            }
            messages.push_back(held.to_string());
        })
        .start()
}

/// A server and three clients, which ask and wait in turn.
async fn echo() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    corio::spawn_named("echo server", async move {
        while let Ok((stream, _)) = listener.accept().await {
            corio::spawn_named("echo connection", serve(stream)).detach();
        }
    })
    .detach();
    for number in 1..=3 {
        let client = async move {
            let stream = TcpStream::connect(address).await?;
            loop {
                stream.write_all("hello").await.0?;
                if stream.recv().await?.is_none() {
                    return stream.close().await;
                }
                sleep(Duration::from_millis(20 * number)).await;
            }
        };
        corio::spawn_named(format!("echo client {number}"), client).detach();
    }
    Ok(())
}

async fn serve(stream: TcpStream) -> io::Result<()> {
    while let Some(bytes) = stream.recv().await? {
        stream.write_all(bytes).await.0?;
    }
    stream.close().await
}

/// One task that makes numbers, two that take them. A context does not know what a channel is, so their waits are named.
fn pipeline() {
    let (sender, receiver) = channel::bounded::<u64>(16);
    for number in 1..=2 {
        let receiver = receiver.clone();
        corio::spawn_named(format!("consumer {number}"), async move {
            while waiting_for("a number to take", receiver.recv())
                .await
                .is_ok()
            {
                sleep(Duration::from_millis(3 * number)).await;
            }
        })
        .detach();
    }
    corio::spawn_named("producer", async move {
        let mut number = 0;
        while waiting_for("room for a number", sender.send(number))
            .await
            .is_ok()
        {
            number += 1;
        }
    })
    .detach();
}

/// A wait that is not named.
async fn closing(called: oneshot::Receiver<()>) {
    let _ = called.await;
}

async fn tick() {
    let mut ticks = interval(Duration::from_millis(100));
    loop {
        ticks.tick().await;
    }
}

/// What a task should not do.
async fn slow() {
    loop {
        sleep(Duration::from_millis(750)).await;
        thread::sleep(HOLD);
    }
}
