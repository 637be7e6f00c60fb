//! Requests that have arrived together, and their replies, which leave together.

use crate::commands::run;
use crate::protocol::{Replies, Unparsed, parse};
use crate::store::Store;

/// Bytes of replies that are sent before further requests are answered.
const LONG_REPLIES: usize = 256 * 1024;

/// What comes after the replies.
pub(crate) enum Next {
    /// More requests that have arrived.
    Request,
    /// Nothing, before more has arrived.
    Bytes,
    /// The end of the connection.
    End,
}

/// Answers the requests that `input` holds, or the first of them if the replies get long. How many bytes they took.
pub(crate) fn answer(input: &[u8], store: &mut Store, replies: &mut Replies) -> (usize, Next) {
    let mut used = 0;
    let mut arguments = Vec::new();
    while replies.len() < LONG_REPLIES {
        match parse(&input[used..], &mut arguments) {
            Ok(length) => used += length,
            Err(Unparsed::Incomplete) => return (used, Next::Bytes),
            Err(Unparsed::Malformed(reason)) => {
                replies.error(&format!("ERR Protocol error: {reason}"));
                return (used, Next::End);
            }
        }
        if run(&arguments, store, replies).is_break() {
            return (used, Next::End);
        }
    }
    (used, Next::Request)
}
