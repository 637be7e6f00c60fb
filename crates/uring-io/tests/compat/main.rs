//! Streams and files under the traits of others, against peers of the standard library, on both drivers.

#[path = "../support/mod.rs"]
mod support;

mod copied;
mod ends;
mod families;
mod files;
mod for_hyper;
mod programs;

use std::future::Future;
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use context::{ContextBuilder, DriverChoice};

/// Runs what `make` makes on a context with each driver, one test at a time; where there is no ring, on epoll alone. No
/// descriptor may be left open.
pub(crate) fn on_both<F: Future<Output = ()>>(mut make: impl FnMut() -> F) {
    let _alone = support::alone();
    let is_asked_for = |driver: &str| {
        std::env::var("CORIO_DRIVER").map_or(true, |asked| asked.is_empty() || asked == driver)
    };
    let choices = [
        (DriverChoice::Automatic, "uring"),
        (DriverChoice::Epoll, "epoll"),
    ];
    let mut ran = 0;
    for (choice, name) in choices {
        if is_asked_for(name) {
            let before = support::open_descriptors();
            let mut context = ContextBuilder::new().driver(choice).build();
            context
                .block_on(async {
                    context::timeout(Duration::from_secs(180), make())
                        .await
                        .expect("it waits for something that does not come");
                })
                .unwrap();
            drop(context);
            assert_eq!(support::open_descriptors(), before);
            ran += 1;
        }
    }
    assert!(ran > 0, "no driver");
}

/// A stream of a context's, and its peer of the standard library.
pub(crate) fn pair() -> (uring_io::net::TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (stream, _) = listener.accept().unwrap();
    (uring_io::net::TcpStream::from_std(stream), peer)
}
