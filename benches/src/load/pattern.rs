//! The payload: bytes that differ from position to position and from request to request.
//!
//! A server that returns the bytes of another connection, of an earlier request, or in another
//! order returns bytes that differ from what is expected. One table serves all requests: a request
//! is a window into it, so nothing is copied to send and one `memcmp` checks an answer.

/// Windows start below this offset. A prime, so that strides cover all of it.
const STARTS: usize = 4099;

/// A table of pseudo-random bytes and the windows into it.
pub(crate) struct Pattern {
    bytes: Vec<u8>,
    size: usize,
}

impl Pattern {
    /// A pattern for payloads of `size` bytes.
    pub(crate) fn new(size: usize) -> Self {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let bytes = (0..STARTS + size)
            .map(|_| {
                // Marsaglia's xorshift64: cheap, and without short periods.
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                (state >> 32) as u8
            })
            .collect();
        Self { bytes, size }
    }

    /// The payload of request number `request` on connection number `connection`.
    pub(crate) fn payload(&self, connection: usize, request: u64) -> &[u8] {
        let start = (connection * 131 + (request % STARTS as u64) as usize * 7) % STARTS;
        &self.bytes[start..start + self.size]
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn neighbouring_requests_and_connections_differ() {
        let pattern = Pattern::new(64);
        assert_ne!(pattern.payload(0, 0), pattern.payload(0, 1));
        assert_ne!(pattern.payload(0, 0), pattern.payload(1, 0));
        assert_eq!(pattern.payload(3, 9), pattern.payload(3, 9));
        assert_eq!(pattern.payload(999, u64::MAX).len(), 64);
    }
}
