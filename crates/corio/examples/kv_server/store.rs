//! Keys and their values.

use std::collections::HashMap;

/// What is stored, for as long as the program runs.
#[derive(Default)]
pub(crate) struct Store {
    values: HashMap<Box<[u8]>, Box<[u8]>>,
}

/// Why a value was not counted up.
pub(crate) enum NotCounted {
    NoInteger,
    Overflow,
}

impl Store {
    pub(crate) fn get(&self, key: &[u8]) -> Option<&[u8]> {
        self.values.get(key).map(|value| &**value)
    }

    pub(crate) fn set(&mut self, key: &[u8], value: &[u8]) {
        match self.values.get_mut(key) {
            Some(present) => *present = value.into(),
            None => drop(self.values.insert(key.into(), value.into())),
        }
    }

    /// Whether it was there.
    pub(crate) fn remove(&mut self, key: &[u8]) -> bool {
        self.values.remove(key).is_some()
    }

    /// Adds to an integer, 0 if it is not there. What it is then.
    pub(crate) fn add(&mut self, key: &[u8], step: i64) -> Result<i64, NotCounted> {
        let present: i64 = match self.get(key) {
            None => 0,
            Some(value) => str::from_utf8(value)
                .ok()
                .and_then(|digits| digits.parse().ok())
                .ok_or(NotCounted::NoInteger)?,
        };
        let sum = present.checked_add(step).ok_or(NotCounted::Overflow)?;
        self.set(key, sum.to_string().as_bytes());
        Ok(sum)
    }

    pub(crate) fn clear(&mut self) {
        self.values = HashMap::new();
    }

    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }
}
