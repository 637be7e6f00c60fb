//! Requirements 6 and 7: wait guards against the end of a run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use context::Scheduler;

use crate::support::Watchdog;

/// 6, 7: guards that are asked for while the run ends are granted or refused; a refused one does not keep the run from
/// ending.
#[test]
fn guards_race_with_the_end() {
    let _watchdog = Watchdog::new("guards_race_with_the_end");
    for _ in 0..300 {
        let mut scheduler = Scheduler::new(1);
        let stop = Arc::new(AtomicBool::new(false));
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let (context, stop) = (scheduler.contexts()[0].clone(), stop.clone());
                thread::spawn(move || {
                    while !stop.load(Ordering::Relaxed) {
                        drop(context.register_wait());
                    }
                })
            })
            .collect();
        scheduler.run().unwrap();
        stop.store(true, Ordering::Relaxed);
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(scheduler.contexts()[0].metrics().wait_guards, 0);
    }
}
