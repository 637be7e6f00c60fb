//! The numbers of an engine's buffer rings.

use std::cell::RefCell;
use std::io;

#[derive(Default)]
pub(crate) struct Groups(RefCell<Numbers>);

#[derive(Default)]
struct Numbers {
    free: Vec<u16>,
    next: u16,
}

impl Groups {
    /// An unused number.
    pub(crate) fn take(&self) -> io::Result<u16> {
        let mut numbers = self.0.borrow_mut();
        if let Some(number) = numbers.free.pop() {
            return Ok(number);
        }
        let number = numbers.next;
        numbers.next = number
            .checked_add(1)
            .ok_or_else(|| io::Error::other("an engine has at most 65535 buffer rings"))?;
        Ok(number)
    }

    pub(crate) fn give_back(&self, number: u16) {
        self.0.borrow_mut().free.push(number);
    }
}
