//! Addresses to functions, files and lines.

use std::collections::HashMap;
use std::ptr;

use super::wait::Call;

/// What is found at one address: the innermost of inlined calls first.
#[derive(Default)]
pub(in crate::inspect) struct Names(HashMap<usize, Vec<Call>>);

impl Names {
    /// The calls from a task's poll to the clone of its waker, the outermost first. Those without a name are left out, and those of the
    /// standard library.
    pub(super) fn calls(&mut self, stack: &[usize]) -> Vec<Call> {
        let mut calls = Vec::new();
        for &address in stack {
            calls.extend_from_slice(self.at(address));
        }
        // The context's own poll of the task, and what is below it.
        let poll = |call: &Call| call.name.is_in("context::task::cell");
        if let Some(poll) = calls.iter().position(poll) {
            calls.truncate(poll);
        }
        // Where the stack pointer is not known, the clone itself is there.
        let clone = |call: &Call| call.name.is_in("context::task::traced");
        if let Some(clone) = calls.iter().rposition(clone) {
            calls.drain(..=clone);
        }
        calls.retain(|call| !call.name.is_std());
        calls.reverse();
        calls
    }

    fn at(&mut self, address: usize) -> &[Call] {
        self.0.entry(address).or_insert_with(|| {
            let mut calls = Vec::new();
            backtrace::resolve(ptr::without_provenance_mut(address), |symbol| {
                if let Some(name) = symbol.name() {
                    // Without the hash.
                    let name = format!("{name:#}");
                    let file = symbol.filename().map(|file| file.display().to_string());
                    calls.push(Call::new(&name, file, symbol.lineno()));
                }
            });
            calls
        })
    }
}
