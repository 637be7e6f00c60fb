//! Why a cell did not take a value.

use core::fmt;

/// A cell did not take this value, which comes back.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SetError<T> {
    /// There is a value already.
    #[error("the cell has a value already")]
    Set(T),
    /// Somebody is making one: wait for it with `get_or_init`, or try again later.
    #[error("the cell's value is being made; wait for it, or try again later")]
    Busy(T),
}

impl<T> SetError<T> {
    /// The value that was not taken.
    pub fn into_inner(self) -> T {
        match self {
            SetError::Set(value) | SetError::Busy(value) => value,
        }
    }
}

impl<T> fmt::Debug for SetError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SetError::Set(_) => "Set(..)",
            SetError::Busy(_) => "Busy(..)",
        })
    }
}
