//! Contexts: a thread, a driver and a run queue each; tasks, timers and the scheduler over them.
