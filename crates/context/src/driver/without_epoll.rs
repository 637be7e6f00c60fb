//! No stand-in for the ring: the models of this crate's protocols do without one, and without what it needs.

use uring_engine::{Engine, SetupError};

use crate::builder::Config;

/// Says why there is no ring.
pub(super) fn engine(_: &Config, refused: Option<SetupError>) -> Result<Engine, SetupError> {
    Err(refused.unwrap_or(SetupError::Unsupported))
}
