//! The protocol of Redis, version 2: requests in, replies out.
//!
//! <https://redis.io/docs/latest/develop/reference/protocol-spec/>

use std::io::Write;

/// Arguments that a request may have.
const MOST_ARGUMENTS: usize = 64 * 1024;
/// Bytes that an argument may have.
const LONGEST_ARGUMENT: usize = 64 << 20;
/// Bytes that a line may have.
const LONGEST_LINE: usize = 64 * 1024;

/// Why there is no request.
#[derive(Debug, PartialEq)]
pub(crate) enum Unparsed {
    /// Its end has not arrived.
    Incomplete,
    /// It is none.
    Malformed(&'static str),
}

/// Parses a request at the beginning of `input` into its arguments, the first of which is the command. There may be none.
/// Returns the length of the request in bytes.
pub(crate) fn parse<'a>(input: &'a [u8], arguments: &mut Vec<&'a [u8]>) -> Result<usize, Unparsed> {
    arguments.clear();
    let mut rest = input;
    let first = line(&mut rest)?;
    if let Some(count) = first.strip_prefix(b"*") {
        let count = number(count, MOST_ARGUMENTS, "invalid multibulk length")?;
        for _ in 0..count {
            arguments.push(bulk(&mut rest)?);
        }
    } else {
        // What somebody types who has no client at hand.
        arguments.extend(
            first
                .split(u8::is_ascii_whitespace)
                .filter(|word| !word.is_empty()),
        );
    }
    Ok(input.len() - rest.len())
}

/// An argument with its length before it.
fn bulk<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], Unparsed> {
    let header = line(rest)?;
    let Some(length) = header.strip_prefix(b"$") else {
        return Err(Unparsed::Malformed("expected '$'"));
    };
    let length = number(length, LONGEST_ARGUMENT, "invalid bulk length")?;
    let (argument, after) = rest.split_at_checked(length).ok_or(Unparsed::Incomplete)?;
    let end = after.get(..2).ok_or(Unparsed::Incomplete)?;
    if end != b"\r\n" {
        return Err(Unparsed::Malformed("expected the end of the argument"));
    }
    *rest = &after[2..];
    Ok(argument)
}

/// A line without its end.
fn line<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], Unparsed> {
    let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
        return Err(if rest.len() > LONGEST_LINE {
            Unparsed::Malformed("too big inline request")
        } else {
            Unparsed::Incomplete
        });
    };
    let (line, after) = rest.split_at(end);
    *rest = &after[1..];
    Ok(line.strip_suffix(b"\r").unwrap_or(line))
}

fn number(digits: &[u8], most: usize, what: &'static str) -> Result<usize, Unparsed> {
    str::from_utf8(digits)
        .ok()
        .and_then(|digits| digits.parse().ok())
        .filter(|number| *number <= most)
        .ok_or(Unparsed::Malformed(what))
}

/// Replies, one after the other.
#[derive(Default)]
pub(crate) struct Replies(Vec<u8>);

impl Replies {
    /// None yet, in the memory of earlier ones.
    pub(crate) fn reusing(mut bytes: Vec<u8>) -> Self {
        bytes.clear();
        Self(bytes)
    }

    pub(crate) fn simple(&mut self, text: &str) {
        self.formatted(format_args!("+{text}\r\n"));
    }

    pub(crate) fn error(&mut self, text: &str) {
        self.formatted(format_args!("-{text}\r\n"));
    }

    pub(crate) fn integer(&mut self, number: i64) {
        self.formatted(format_args!(":{number}\r\n"));
    }

    pub(crate) fn bulk(&mut self, bytes: &[u8]) {
        self.formatted(format_args!("${}\r\n", bytes.len()));
        self.0.extend_from_slice(bytes);
        self.0.extend_from_slice(b"\r\n");
    }

    /// There is no such value.
    pub(crate) fn nothing(&mut self) {
        self.0.extend_from_slice(b"$-1\r\n");
    }

    /// The next `count` replies are one, as an array.
    pub(crate) fn array(&mut self, count: usize) {
        self.formatted(format_args!("*{count}\r\n"));
    }

    /// Bytes so far.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    fn formatted(&mut self, text: std::fmt::Arguments<'_>) {
        self.0.write_fmt(text).expect("memory takes all");
    }
}
