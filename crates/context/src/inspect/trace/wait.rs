//! A wait that was traced, as values and as text.

use std::fmt;

use super::name::Name;
use crate::inspect::OneLine;

/// A wait that the context does not know, as the call stack of whoever took the task's waker tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct TracedWait {
    /// The future that waits: the outermost one of a library, such as `sync_prims::mutex::lock::Lock`, combinators left out; or
    /// an `async fn` of a library, or one of the program's own futures.
    pub future: String,
    /// Where the program awaits it: the innermost function of the program itself, usually an `async fn`, and the line
    /// of the `.await`. `None` if the task runs nothing but libraries, or the symbols do not tell.
    pub place: Option<Call>,
    /// The calls from the task's poll to where its waker was taken, the outermost first, without those of the standard library.
    pub calls: Vec<Call>,
}

/// One call of a [`TracedWait`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Call {
    /// The function or, where it is its `poll`, the future; without generic arguments.
    pub function: String,
    /// The file, as the debug information has it.
    pub file: Option<String>,
    /// The line in it.
    pub line: Option<u32>,
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(super) name: Name,
}

impl Call {
    /// A call of what the compiler calls `symbol`.
    pub(super) fn new(symbol: &str, file: Option<String>, line: Option<u32>) -> Self {
        let name = Name::new(symbol, file.as_deref());
        Self {
            function: name.readable(),
            file,
            line,
            name,
        }
    }

    /// The file as seen from the current directory, and the line.
    fn write_line(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Some(file), Some(line)) = (&self.file, self.line) else {
            return Ok(());
        };
        let here = std::env::current_dir().ok();
        let shown = here.and_then(|here| file.strip_prefix(here.to_str()?)?.strip_prefix('/'));
        write!(f, " at {}:{line}", OneLine(shown.unwrap_or(file)))
    }
}

/// The function, and the line if it is known.
impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        OneLine(&self.function).fmt(f)?;
        self.write_line(f)
    }
}

/// The future, and where it is awaited.
impl fmt::Display for TracedWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        OneLine(&self.future).fmt(f)?;
        match &self.place {
            Some(place) if place.function == self.future => place.write_line(f),
            Some(place) => write!(f, " in {place}"),
            None => Ok(()),
        }
    }
}
