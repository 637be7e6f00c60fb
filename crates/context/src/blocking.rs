//! Placeholder until the pool lands.
#![allow(missing_docs)]
#[derive(Clone, Default)]
pub struct BlockingPool;
pub struct BlockingTask<T>(std::marker::PhantomData<T>);
impl BlockingPool {
    pub fn run<F: FnOnce() -> T, T>(&self, _f: F) -> BlockingTask<T> {
        BlockingTask(std::marker::PhantomData)
    }
}
