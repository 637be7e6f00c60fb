//! What the HTTP servers among these examples share: requests in, heads of responses out. HTTP/1.1 (RFC 9112) and 1.0.

#![allow(dead_code, reason = "each server uses a part of it")]

use std::fmt::Display;
use std::io::Write;

use httparse::{EMPTY_HEADER, Header};

/// Bytes that a request may have without its body, and as many with it again.
const LONGEST_HEAD: usize = 16 * 1024;
const LONGEST_BODY: usize = 64 * 1024;

/// A request.
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    /// The path and the query.
    pub(crate) target: &'a str,
    /// The field `Range`, unless it is subject to a condition.
    pub(crate) range: Option<&'a str>,
    /// Whether the connection goes on after it.
    pub(crate) keeps_alive: bool,
}

/// How a request was answered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Status(u16, &'static str);

impl Status {
    pub(crate) const OK: Self = Self(200, "OK");
    pub(crate) const PARTIAL_CONTENT: Self = Self(206, "Partial Content");
    pub(crate) const MOVED_PERMANENTLY: Self = Self(301, "Moved Permanently");
    pub(crate) const BAD_REQUEST: Self = Self(400, "Bad Request");
    pub(crate) const NOT_FOUND: Self = Self(404, "Not Found");
    pub(crate) const METHOD_NOT_ALLOWED: Self = Self(405, "Method Not Allowed");
    pub(crate) const TOO_LARGE: Self = Self(413, "Content Too Large");
    pub(crate) const RANGE_NOT_SATISFIABLE: Self = Self(416, "Range Not Satisfiable");
    pub(crate) const HEAD_TOO_LARGE: Self = Self(431, "Request Header Fields Too Large");
    pub(crate) const INTERNAL_ERROR: Self = Self(500, "Internal Server Error");
    pub(crate) const NOT_IMPLEMENTED: Self = Self(501, "Not Implemented");
}

/// Parses a request at the beginning of `input`, and tells how long it is with its body; `None` while its end has not
/// arrived. After an error, the connection cannot go on.
pub(crate) fn parse(input: &[u8]) -> Result<Option<(Request<'_>, usize)>, Status> {
    let mut fields = [EMPTY_HEADER; 64];
    let mut parsed = httparse::Request::new(&mut fields);
    let length = match parsed.parse(input) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) if input.len() <= LONGEST_HEAD => return Ok(None),
        Ok(httparse::Status::Partial) | Err(httparse::Error::TooManyHeaders) => {
            return Err(Status::HEAD_TOO_LARGE);
        }
        Err(_) => return Err(Status::BAD_REQUEST),
    };
    let (Some(method), Some(target), Some(minor)) = (parsed.method, parsed.path, parsed.version)
    else {
        return Err(Status::BAD_REQUEST);
    };
    let fields = &*parsed.headers;
    if minor == 1 && values(fields, "host").count() != 1 {
        return Err(Status::BAD_REQUEST);
    }
    let length = length + body_length(fields)?;
    if input.len() < length {
        return Ok(None);
    }
    let mut connection = values(fields, "connection").flat_map(|value| value.split(','));
    let keeps_alive = match minor {
        0 => connection.any(|option| option.trim().eq_ignore_ascii_case("keep-alive")),
        _ => !connection.any(|option| option.trim().eq_ignore_ascii_case("close")),
    };
    let request = Request {
        method,
        target,
        range: values(fields, "range")
            .next()
            .filter(|_| values(fields, "if-range").next().is_none()),
        keeps_alive,
    };
    Ok(Some((request, length)))
}

fn body_length(fields: &[Header<'_>]) -> Result<usize, Status> {
    if values(fields, "transfer-encoding").next().is_some() {
        return Err(Status::NOT_IMPLEMENTED);
    }
    let mut lengths = values(fields, "content-length");
    let Some(length) = lengths.next() else {
        return Ok(0);
    };
    if lengths.any(|other| other != length) || !length.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Status::BAD_REQUEST);
    }
    match length.parse() {
        Ok(length) if length <= LONGEST_BODY => Ok(length),
        Ok(_) => Err(Status::TOO_LARGE),
        Err(_) => Err(Status::BAD_REQUEST),
    }
}

/// The values of all fields of a name. One that is no text is empty.
fn values<'a>(fields: &[Header<'a>], name: &str) -> impl Iterator<Item = &'a str> {
    fields
        .iter()
        .filter(move |field| field.name.eq_ignore_ascii_case(name))
        .map(|field| str::from_utf8(field.value).unwrap_or_default())
}

/// The head of a response, behind what `out` holds already.
pub(crate) struct Head<'a>(&'a mut Vec<u8>);

impl<'a> Head<'a> {
    /// Begins a response after which the connection goes on, or ends.
    pub(crate) fn new(
        out: &'a mut Vec<u8>,
        Status(code, reason): Status,
        keeps_alive: bool,
    ) -> Self {
        let mut head = Self(out);
        head.line(format_args!("HTTP/1.1 {code} {reason}"));
        if keeps_alive {
            head
        } else {
            head.field("Connection", "close")
        }
    }

    pub(crate) fn field(mut self, name: &str, value: impl Display) -> Self {
        self.line(format_args!("{name}: {value}"));
        self
    }

    /// Ends it; `length` bytes of a body are to follow.
    pub(crate) fn end(mut self, length: u64) {
        self.line(format_args!("Content-Length: {length}\r\n"));
    }

    fn line(&mut self, text: std::fmt::Arguments<'_>) {
        write!(self.0, "{text}\r\n").expect("memory takes all");
    }
}

/// A whole response that only says how it went.
pub(crate) fn plain(out: &mut Vec<u8>, status: Status, keeps_alive: bool) {
    let text = format!("{} {}\n", status.0, status.1);
    let mut head = Head::new(out, status, keeps_alive);
    if status == Status::METHOD_NOT_ALLOWED {
        head = head.field("Allow", "GET, HEAD");
    }
    head.field("Content-Type", "text/plain")
        .end(text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}
