//! How far a storm has come, for those who look on from another thread; and the end of one that does not go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

/// Without any progress for so long, a storm hangs. Generous: it only guards against a wait that would never end.
const PATIENCE: Duration = Duration::from_secs(60);

/// Counters of a storm, warm-up included, and how far each of its actors has come.
pub(crate) struct Board {
    cancelled: AtomicU64,
    checked: AtomicU64,
    places: Vec<AtomicU64>,
    over: AtomicBool,
}

/// Actors of a connection that have a place on the board.
pub(crate) const ROLES: usize = 4;

impl Board {
    pub(crate) fn new(connections: u64) -> Arc<Board> {
        Arc::new(Board {
            cancelled: AtomicU64::new(0),
            checked: AtomicU64::new(0),
            places: (0..connections as usize * ROLES)
                .map(|_| AtomicU64::new(0))
                .collect(),
            over: AtomicBool::new(false),
        })
    }

    /// Pending operations that were dropped.
    pub(crate) fn cancelled(&self) -> u64 {
        self.cancelled.load(Relaxed)
    }

    pub(crate) fn checked(&self) -> u64 {
        self.checked.load(Relaxed)
    }

    pub(crate) fn count_cancellation(&self) {
        self.cancelled.fetch_add(1, Relaxed);
    }

    pub(crate) fn count_checked(&self, count: u64) {
        self.checked.fetch_add(count, Relaxed);
    }

    pub(crate) fn note(&self, connection: u64, role: usize, position: u64) {
        self.places[connection as usize * ROLES + role].store(position, Relaxed);
    }

    /// Runs `storm` while another thread looks on: calls `show` several times a second, and ends the process, with where
    /// everybody stood, if nothing goes on.
    pub(crate) fn watch<T>(
        self: &Arc<Board>,
        title: &str,
        show: impl Fn(&Board) + Send + 'static,
        storm: impl FnOnce() -> T,
    ) -> T {
        struct Over(Arc<Board>, Option<thread::JoinHandle<()>>);
        impl Drop for Over {
            fn drop(&mut self) {
                self.0.over.store(true, Relaxed);
                if let Some(thread) = self.1.take() {
                    thread.thread().unpark();
                    let _ = thread.join();
                }
            }
        }
        let board = self.clone();
        let title = title.to_owned();
        let watch = thread::spawn(move || board.look_on(&title, &show));
        let _over = Over(self.clone(), Some(watch));
        storm()
    }

    fn look_on(&self, title: &str, show: &dyn Fn(&Board)) {
        let mut seen = (0, 0);
        let mut since = Instant::now();
        while !self.over.load(Relaxed) {
            thread::park_timeout(Duration::from_millis(200));
            show(self);
            let now = (self.cancelled(), self.checked());
            // Dropping goes on although nothing arrives: what has to move is what was checked.
            if now.1 != seen.1 {
                seen = now;
                since = Instant::now();
            } else if since.elapsed() > PATIENCE {
                eprintln!(
                    "{title}: nothing has arrived for {PATIENCE:?}, after {now:?} cancellations and arrivals"
                );
                let places: Vec<_> = self.places.chunks(ROLES).collect();
                eprintln!("positions of each connection's actors: {places:?}");
                std::process::abort();
            }
        }
    }
}
