//! Waking an engine's thread from another thread.
//!
//! The owner of an engine sleeps in the kernel, inside a turn. Others hand it work through some inbox of theirs and then
//! call [`Unparker::unpark`]. One word decides whether that needs a system call:
//!
//! | State    | Meaning                                                   | Who leaves it                            |
//! |----------|-----------------------------------------------------------|------------------------------------------|
//! | AWAKE    | the owner runs and will look at its inbox before it sleeps | owner: to ASLEEP; others: to NOTIFIED    |
//! | ASLEEP   | the owner sleeps or is about to                           | others: to NOTIFIED, with one write      |
//! | NOTIFIED | somebody has called since the owner last looked           | owner only: to AWAKE                     |
//!
//! The owner: `park_begin` (AWAKE to ASLEEP), look at the inbox, sleep, `park_end` (to AWAKE), look at the inbox.
//! Everybody else: put work into the inbox, then swap NOTIFIED in; whoever swaps ASLEEP out writes the eventfd. A burst
//! of calls during one sleep therefore makes one write, and calls to a running owner make none.
//!
//! The races:
//!
//! 1. *Work is put in before `park_begin`, the call comes after.* The caller finds ASLEEP and writes. The owner may see
//!    the work when it looks and not sleep at all; the write then costs one empty turn.
//! 2. *Work and call come before `park_begin`.* `park_begin` finds NOTIFIED, takes it and reports failure: look again.
//!    Its read of the caller's swap synchronises, so the inbox shows the work.
//! 3. *Work is put in after the owner looked.* The caller's swap then comes after `park_begin` in the word's order. (Were
//!    it before, `park_begin` would have read it, or a later swap that continues its release sequence, and the owner
//!    would have seen the work.) It finds ASLEEP or NOTIFIED. ASLEEP: it writes. NOTIFIED: another caller swapped ASLEEP
//!    out in the same sleep and writes. The eventfd is level-triggered towards a poll that is not armed yet, so it
//!    does not matter whether the write comes before or after the owner is really asleep.
//! 4. *The call comes while the owner wakes for another reason.* If before `park_end`: the swap synchronises with
//!    `park_end`'s, and the owner looks at its inbox next. If after: NOTIFIED stays for the next `park_begin`.
//!    The write, if any, is met by a later turn as an empty wake-up.
//! 5. *The call comes after `park_begin`, and the poll has yet to be armed anew.* Arming reads the counter, and swallows the
//!    write. The owner therefore looks at the word once more after it, and does not sleep if it finds NOTIFIED.
//!
//! 6. *The owner sleeps elsewhere* (`outside.rs`), and a call comes between `park_begin` and the turn that submits what is
//!    queued: that turn collects the call's write, and who calls next finds NOTIFIED and makes none. So the owner looks at the
//!    word after that turn, and does not sleep if it finds NOTIFIED.
//!
//! Only the word is needed for this, not a total order over word and inbox: each side's access is a read-modify-write, so
//! either the owner reads the caller's swap (acquire meets release) or the caller reads the owner's. The inbox is free
//! to use weaker orders. The owner's swaps are `SeqCst` because callers with an inbox of their own (an intrusive list
//! that is pushed with a compare-and-swap) may pair them with their own `SeqCst` accesses and skip the call.
//!
//! The ring learns of the write through a multishot poll of the eventfd, which is armed at the first sleep and posts one
//! completion per write. The counter is never read in normal operation: a poll that is already armed fires on the write
//! itself, whatever the counter says. It is read when the poll has to be armed anew, so that the new one does not fire
//! for an old write.
//!
//! `IORING_REGISTER_SEND_MSG_RING`, which posts a completion straight into the sleeper's ring, was tried in its place:
//! two threads that wake each other took about 1.1 times as long per round trip as with the eventfd, and the call itself
//! about 1.2 times as long (medians of runs in turn; Linux 6.18, two processors). It would also tie an [`Unparker`] to
//! the ring's descriptor, whose number may mean something else once the engine is gone.

use std::cell::Cell;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use io_uring::{opcode, squeue, types};

use crate::completion::Completion;
use crate::sync::{Arc, AtomicU32, Ordering};

const AWAKE: u32 = 0;
const ASLEEP: u32 = 1;
const NOTIFIED: u32 = 2;

/// The word, apart from what it controls.
struct SleepState(AtomicU32);

impl SleepState {
    fn new() -> SleepState {
        SleepState(AtomicU32::new(AWAKE))
    }

    /// For the owner: from AWAKE to ASLEEP; or takes a NOTIFIED and returns false.
    #[must_use]
    fn begin(&self) -> bool {
        let began = self
            .0
            .compare_exchange(AWAKE, ASLEEP, Ordering::SeqCst, Ordering::SeqCst)
            .is_ok();
        if !began {
            self.0.swap(AWAKE, Ordering::SeqCst);
        }
        began
    }

    /// For the owner: back to AWAKE; true if somebody called during the sleep.
    fn end(&self) -> bool {
        self.0.swap(AWAKE, Ordering::SeqCst) == NOTIFIED
    }

    /// For the owner, between `begin` and `end`: whether somebody has called. A write that the owner has read comes after the
    /// swap that announced it.
    fn is_notified(&self) -> bool {
        self.0.load(Ordering::SeqCst) == NOTIFIED
    }

    /// For everyone else: true if the caller must write.
    #[must_use]
    fn notify(&self) -> bool {
        self.0.swap(NOTIFIED, Ordering::SeqCst) == ASLEEP
    }
}

struct Shared {
    state: SleepState,
    eventfd: OwnedFd,
}

/// Wakes an engine's thread from any thread. Cheap to clone; may outlive the engine.
#[derive(Clone)]
pub struct Unparker(Arc<Shared>);

impl Unparker {
    /// Makes the engine's current or next sleep end. Calls are coalesced: the first one during a sleep makes one system
    /// call, the others and those to a running engine make none. Never blocks, never fails, never gets lost.
    ///
    /// What the caller wrote before is visible to the owner when its turn has ended. True if this call made the system call.
    #[inline]
    pub fn unpark(&self) -> bool {
        let asleep = self.0.state.notify();
        if asleep {
            self.write();
        }
        asleep
    }

    #[cold]
    fn write(&self) {
        let one = 1_u64.to_ne_bytes();
        // SAFETY: the eight bytes live across the call, and the descriptor is open as long as `self`. The counter cannot
        // overflow: that would take 2^64 sleeps. EINTR cannot happen, since the call never blocks.
        unsafe { libc::write(self.0.eventfd.as_raw_fd(), one.as_ptr().cast(), one.len()) };
    }
}

impl std::fmt::Debug for Unparker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unparker").finish_non_exhaustive()
    }
}

/// The owner's side.
pub(crate) struct Parking {
    shared: Arc<Shared>,
    /// Between a successful `begin` and `end`.
    parked: Cell<bool>,
    /// Somebody has an `Unparker`: only then is there anything to wait for.
    issued: Cell<bool>,
    armed: Cell<bool>,
    ever_armed: Cell<bool>,
    /// The kernel (before 5.13) has no multishot poll.
    one_shot: Cell<bool>,
}

impl Parking {
    pub(crate) fn new() -> io::Result<Parking> {
        // SAFETY: no pointers are passed.
        let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Parking {
            shared: Arc::new(Shared {
                state: SleepState::new(),
                // SAFETY: the descriptor was just opened and belongs to nobody else.
                eventfd: unsafe { OwnedFd::from_raw_fd(fd) },
            }),
            parked: Cell::new(false),
            issued: Cell::new(false),
            armed: Cell::new(false),
            ever_armed: Cell::new(false),
            one_shot: Cell::new(false),
        })
    }

    pub(crate) fn unparker(&self) -> Unparker {
        self.issued.set(true);
        Unparker(self.shared.clone())
    }

    pub(crate) fn issued(&self) -> bool {
        self.issued.get()
    }

    pub(crate) fn is_parked(&self) -> bool {
        self.parked.get()
    }

    #[must_use]
    pub(crate) fn begin(&self) -> bool {
        if self.parked.get() {
            return true;
        }
        let began = self.shared.state.begin();
        self.parked.set(began);
        began
    }

    pub(crate) fn end(&self) {
        if self.parked.replace(false) {
            self.shared.state.end();
        }
    }

    pub(crate) fn eventfd(&self) -> RawFd {
        self.shared.eventfd.as_raw_fd()
    }

    /// The entry that makes the ring wake for the eventfd, if it has to be queued.
    #[inline]
    pub(crate) fn arm(&self) -> Option<squeue::Entry> {
        if !self.issued.get() || self.armed.replace(true) {
            return None;
        }
        Some(self.arm_entry())
    }

    #[cold]
    fn arm_entry(&self) -> squeue::Entry {
        if self.ever_armed.replace(true) {
            self.drain();
        }
        opcode::PollAdd::new(types::Fd(self.eventfd()), libc::POLLIN as u32)
            .multi(!self.one_shot.get())
            .build()
    }

    /// Whether somebody has called since the owner parked.
    pub(crate) fn is_called(&self) -> bool {
        self.shared.state.is_notified()
    }

    /// Sets the counter back. Only before the owner sleeps: a write that is swallowed here belongs to a call whose NOTIFIED
    /// the owner finds in the word, when it parks, or when it [looks](Parking::is_called) because it had parked before.
    pub(crate) fn drain(&self) {
        let mut counter = [0_u8; 8];
        // SAFETY: the eight bytes live across the call; the descriptor is non-blocking.
        unsafe { libc::read(self.eventfd(), counter.as_mut_ptr().cast(), counter.len()) };
    }

    /// Takes note of a completion of the poll.
    pub(crate) fn on_wake(&self, completion: Completion) {
        if !completion.more() {
            self.armed.set(false);
            if completion.result == -libc::EINVAL {
                self.one_shot.set(true);
            }
        }
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use loom::sync::atomic::{AtomicBool, AtomicU32, Ordering};
    use loom::sync::{Arc, Condvar, Mutex};
    use loom::thread;

    use super::SleepState;

    /// The word, an inbox that is only as strong as it must be, and a stand-in for the eventfd: a counter one can sleep
    /// on. Loom reports a sleep that nobody ends as a deadlock.
    struct World {
        state: SleepState,
        inbox: AtomicU32,
        written: Mutex<u32>,
        arrived: Condvar,
    }

    impl World {
        fn new() -> Arc<World> {
            Arc::new(World {
                state: SleepState::new(),
                inbox: AtomicU32::new(0),
                written: Mutex::new(0),
                arrived: Condvar::new(),
            })
        }

        fn hand_over(&self) {
            self.inbox.fetch_add(1, Ordering::Relaxed);
            if self.state.notify() {
                *self.written.lock().unwrap() += 1;
                self.arrived.notify_one();
            }
        }

        /// Takes `wanted` pieces of work, sleeping in between as the owner of an engine does. Returns its sleeps.
        fn take(&self, wanted: u32) -> u32 {
            let mut seen = 0;
            let mut sleeps = 0;
            loop {
                seen += self.inbox.swap(0, Ordering::Relaxed);
                if seen == wanted {
                    return sleeps;
                }
                if !self.state.begin() {
                    continue;
                }
                seen += self.inbox.swap(0, Ordering::Relaxed);
                if seen < wanted {
                    sleeps += 1;
                    let mut written = self.written.lock().unwrap();
                    while *written == 0 {
                        written = self.arrived.wait(written).unwrap();
                    }
                    *written = 0;
                }
                self.state.end();
            }
        }
    }

    impl World {
        /// As `take`, of an owner that sleeps elsewhere: it collects once more between the announcement and the sleep.
        fn take_outside(&self, wanted: u32) {
            let mut seen = 0;
            loop {
                seen += self.inbox.swap(0, Ordering::Relaxed);
                if seen == wanted {
                    return;
                }
                if !self.state.begin() {
                    continue;
                }
                *self.written.lock().unwrap() = 0;
                if !self.state.is_notified() {
                    seen += self.inbox.swap(0, Ordering::Relaxed);
                    let mut written = self.written.lock().unwrap();
                    while seen < wanted && *written == 0 {
                        written = self.arrived.wait(written).unwrap();
                    }
                    *written = 0;
                }
                self.state.end();
            }
        }
    }

    #[test]
    fn loom_a_wake_up_that_was_collected_is_followed_by_no_sleep() {
        loom::model(|| {
            let world = World::new();
            let callers = [0, 1].map(|_| {
                let world = world.clone();
                thread::spawn(move || world.hand_over())
            });
            world.take_outside(2);
            for caller in callers {
                caller.join().unwrap();
            }
        });
    }

    #[test]
    fn loom_a_wake_up_is_never_lost() {
        loom::model(|| {
            let world = World::new();
            let other = thread::spawn({
                let world = world.clone();
                move || world.hand_over()
            });
            world.take(1);
            other.join().unwrap();
        });
    }

    #[test]
    fn loom_two_callers_and_one_sleeper() {
        loom::model(|| {
            let world = World::new();
            let callers = [0, 1].map(|_| {
                let world = world.clone();
                thread::spawn(move || world.hand_over())
            });
            world.take(2);
            for caller in callers {
                caller.join().unwrap();
            }
        });
    }

    #[test]
    fn loom_a_sleep_costs_at_most_one_write() {
        loom::model(|| {
            let world = World::new();
            assert!(world.state.begin());
            let callers = [0, 1].map(|_| {
                let world = world.clone();
                thread::spawn(move || u32::from(world.state.notify()))
            });
            let writes: u32 = callers.map(|caller| caller.join().unwrap()).iter().sum();
            assert_eq!(writes, 1);
            assert!(world.state.end());
        });
    }

    #[test]
    fn loom_the_owner_sees_what_the_caller_wrote_before() {
        loom::model(|| {
            let world = World::new();
            let flag = Arc::new(AtomicBool::new(false));
            let other = thread::spawn({
                let (world, flag) = (world.clone(), flag.clone());
                move || {
                    flag.store(true, Ordering::Relaxed);
                    let _ = world.state.notify();
                }
            });
            // Refused because of the call, so its writes are visible.
            if !world.state.begin() {
                assert!(flag.load(Ordering::Relaxed));
            } else if world.state.end() {
                assert!(flag.load(Ordering::Relaxed));
            }
            other.join().unwrap();
        });
    }
}
