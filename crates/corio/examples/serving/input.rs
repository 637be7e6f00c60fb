//! Bytes that a connection has sent and nobody has made sense of yet.

use std::io;

use corio::net::{RecvBuf, TcpStream};
use corio::sync::CancellationToken;

/// What has arrived and was not consumed. It takes no memory while there is nothing.
#[derive(Default)]
pub(crate) struct Input {
    /// What arrived last, as it came.
    arrived: Option<RecvBuf>,
    /// The beginning of something that was not whole when it arrived; then `arrived` is empty.
    partial: Vec<u8>,
}

impl Input {
    /// What has arrived.
    pub(crate) fn bytes(&self) -> &[u8] {
        match &self.arrived {
            Some(bytes) => bytes,
            None => &self.partial,
        }
    }

    /// Takes `count` bytes off the beginning.
    pub(crate) fn consume(&mut self, count: usize) {
        match &mut self.arrived {
            Some(bytes) => bytes.advance(count),
            None => drop(self.partial.drain(..count)),
        }
    }

    /// Waits for more; false at the end of the connection, and when it is time to stop.
    pub(crate) async fn receive(
        &mut self,
        stream: &TcpStream,
        stop: &CancellationToken,
    ) -> io::Result<bool> {
        // What is left goes to the heap, so that a connection that waits keeps no buffer of the context.
        if let Some(rest) = self.arrived.take() {
            self.partial = rest.to_vec();
        } else if self.partial.is_empty() {
            self.partial = Vec::new();
        }
        let Some(received) = stop.run_until_cancelled(stream.recv()).await else {
            return Ok(false);
        };
        let Some(bytes) = received? else {
            return Ok(false);
        };
        if self.partial.is_empty() {
            self.arrived = Some(bytes);
        } else {
            self.partial.extend_from_slice(&bytes);
        }
        Ok(true)
    }
}
