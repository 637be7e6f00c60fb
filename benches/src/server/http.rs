//! HTTP/1.1, kept alive: by hyper on whichever runtime, and by hand.

use std::convert::Infallible;
use std::io;

use http_body_util::Full;
use hyper::Response;
use hyper::body::Bytes;
use hyper::rt::{Read, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;

/// What every request is answered with.
pub(super) fn body(size: usize) -> Bytes {
    (0..size).map(|at| b'a' + (at % 26) as u8).collect()
}

/// Serves one connection with hyper, as it comes.
pub(super) async fn by_hyper<I: Read + Write + Unpin>(io: I, body: Bytes) -> io::Result<()> {
    let answer = |_| {
        let response = Response::new(Full::new(body.clone()));
        async { Ok::<_, Infallible>(response) }
    };
    http1::Builder::new()
        .serve_connection(io, service_fn(answer))
        .await
        .map_err(io::Error::other)
}

/// An answer as hyper writes it, but for the date.
pub(super) fn by_hand(body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}
