//! A buffer between producers and consumers.

use std::collections::VecDeque;

use ::sync_prims::{CondVar, Mutex};

use crate::sync::condvar::{self, CAPACITY};

pub(super) struct Buffer {
    numbers: Mutex<VecDeque<u64>>,
    room: CondVar,
    number: CondVar,
}

impl condvar::Buffer for Buffer {
    fn new() -> Self {
        Buffer {
            numbers: Mutex::new(VecDeque::with_capacity(CAPACITY)),
            room: CondVar::new(),
            number: CondVar::new(),
        }
    }

    #[inline]
    async fn put(&self, value: u64) {
        let mut numbers = self.numbers.lock().await;
        while numbers.len() == CAPACITY {
            numbers = self.room.wait(numbers).await;
        }
        numbers.push_back(value);
        drop(numbers);
        self.number.notify_one();
    }

    #[inline]
    async fn take(&self) -> u64 {
        let mut numbers = self.numbers.lock().await;
        loop {
            if let Some(number) = numbers.pop_front() {
                drop(numbers);
                self.room.notify_one();
                return number;
            }
            numbers = self.number.wait(numbers).await;
        }
    }
}
