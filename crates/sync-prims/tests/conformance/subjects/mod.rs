//! Every primitive, as a [`Subject`](crate::subject::Subject).

pub(crate) mod events;
pub(crate) mod permits;
pub(crate) mod queues;
