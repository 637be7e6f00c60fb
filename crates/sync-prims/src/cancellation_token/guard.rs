//! Guards that cancel on every way out.

use super::CancellationToken;

/// Cancels a [`CancellationToken`] when it is dropped.
#[derive(Debug)]
#[must_use = "the token is cancelled when the guard is dropped, which is at once if it has no name"]
pub struct DropGuard {
    token: Option<CancellationToken>,
}

/// As [`DropGuard`], for a token that is borrowed.
#[derive(Debug)]
#[must_use = "the token is cancelled when the guard is dropped, which is at once if it has no name"]
pub struct DropGuardRef<'t> {
    token: Option<&'t CancellationToken>,
}

const ARMED: &str = "only `disarm` takes the token, and it takes the guard as well";

impl DropGuard {
    pub(super) fn new(token: CancellationToken) -> DropGuard {
        DropGuard { token: Some(token) }
    }

    /// The token that it cancels.
    pub fn token(&self) -> &CancellationToken {
        self.token.as_ref().expect(ARMED)
    }

    /// Drops the guard without cancelling; hands the token back.
    pub fn disarm(mut self) -> CancellationToken {
        self.token.take().expect(ARMED)
    }
}

impl<'t> DropGuardRef<'t> {
    pub(super) fn new(token: &'t CancellationToken) -> DropGuardRef<'t> {
        DropGuardRef { token: Some(token) }
    }

    /// The token that it cancels.
    pub fn token(&self) -> &'t CancellationToken {
        self.token.expect(ARMED)
    }

    /// Drops the guard without cancelling; hands the token back.
    pub fn disarm(mut self) -> &'t CancellationToken {
        self.token.take().expect(ARMED)
    }
}

impl Drop for DropGuard {
    fn drop(&mut self) {
        if let Some(token) = &self.token {
            token.cancel();
        }
    }
}

impl Drop for DropGuardRef<'_> {
    fn drop(&mut self) {
        if let Some(token) = self.token {
            token.cancel();
        }
    }
}
