//! Every primitive, as a [`Subject`](crate::subject::Subject).

pub(crate) mod barriers;
pub(crate) mod cells;
pub(crate) mod condvars;
pub(crate) mod counts;
pub(crate) mod events;
mod lent;
pub(crate) mod mutexes;
pub(crate) mod permits;
pub(crate) mod queues;
pub(crate) mod rwlocks;
pub(crate) mod wakers;
