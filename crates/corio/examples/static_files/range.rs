//! The field `Range` (RFC 9110, 14.2).

use std::ops::Range;

use crate::http::Status;

/// The bytes that are asked for, of `length`; `None` for all. Several ranges at once are not supported, and so ignored, as is
/// what is no range.
pub(crate) fn parse(field: Option<&str>, length: u64) -> Result<Option<Range<u64>>, Status> {
    let Some((first, last)) = field
        .and_then(|field| field.strip_prefix("bytes="))
        .and_then(|range| range.split_once('-'))
    else {
        return Ok(None);
    };
    let range = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first > last => return Ok(None),
        (Ok(first), Ok(last)) => first..last.saturating_add(1).min(length),
        (Ok(first), Err(_)) if last.is_empty() => first..length,
        (Err(_), Ok(count)) if first.is_empty() => length.saturating_sub(count)..length,
        _ => return Ok(None),
    };
    if range.is_empty() {
        return Err(Status::RANGE_NOT_SATISFIABLE);
    }
    Ok(Some(range))
}
