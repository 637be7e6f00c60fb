//! A report as a line on standard error.

use super::Held;

pub(super) fn report(held: &Held) {
    crate::report::line(format_args!("{held}"));
}
