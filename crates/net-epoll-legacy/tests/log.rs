//! The log names what each task waits for, and what resumes it.

mod support;

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use net_epoll_legacy::{Acceptor, Connection};
use support::{give_way, run};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// Fails unless these stand in what was written since the last call, in this order.
    fn expect(&self, steps: &[&str]) {
        let text = String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap();
        let mut rest = &text[..];
        for step in steps {
            let Some(at) = rest.find(step) else {
                panic!("no {step:?} where it should be in\n{text}");
            };
            rest = &rest[at + step.len()..];
        }
    }
}

#[test]
fn the_log_names_every_wait_and_what_ends_it() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, || {
        run(1, |handle| async move {
            let acceptor = Acceptor::bind(&handle, "127.0.0.1:0").await.unwrap();
            let address = acceptor.local_addr().unwrap();
            log.expect(&["waits for the resolver", "resolved", "listens fd="]);

            let clock = handle.clone();
            let sleeper = handle.spawn_joined("sleeper", async move {
                clock.sleep(Duration::from_millis(1)).await;
            });
            sleeper.await.unwrap();
            log.expect(&[
                "name=\"sleeper\"}",
                "spawned",
                "runs",
                "suspends: waits for a timer",
                "suspends: waits for a task to end",
                "its time has come: who sleeps is resumed",
                "woken: into the queue",
                "runs",
                "finished",
            ]);

            let connection = Connection::connect(&handle, address).await.unwrap();
            log.expect(&["connected fd="]);
            let (peer, _) = acceptor.accept().await.unwrap();
            log.expect(&["accepted fd=", "peer=Some(127.0.0.1:"]);

            let sender = connection.clone();
            let sending = handle.spawn_joined("sender", async move {
                sender.send_all(&vec![0; 32 << 20]).await.unwrap();
            });
            let mut buffer = vec![0; 1 << 20];
            while !sending.is_finished() {
                peer.receive(&mut buffer).await.unwrap();
            }
            log.expect(&[
                "suspends: waits to send fd=",
                "suspended: control returns",
                "received fd=",
                "interest=Write",
                "sent fd=",
                "bytes=33554432",
                "finished",
            ]);

            let failing = handle.spawn_joined("failing", async { panic!("on purpose") });
            assert!(failing.await.is_err());
            log.expect(&["ERROR", "name=\"failing\"", "panicked", "on purpose"]);

            let aborted = handle.spawn_joined("aborted", std::future::pending::<()>());
            aborted.abort();
            give_way().await;
            log.expect(&["name=\"aborted\"", "dropped before it has finished"]);

            drop(acceptor);
            log.expect(&["closed fd="]);
            let refused = Connection::connect(&handle, address).await;
            assert!(refused.is_err());
            log.expect(&["could not connect", "Connection refused"]);
        });
    });
}
