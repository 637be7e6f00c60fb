//! A hierarchical timing wheel: deadlines in, wakers out, insert and cancel in constant time.
//!
//! Source: G. Varghese and T. Lauck, "Hashed and Hierarchical Timing Wheels", SOSP 1987, scheme 6, with the
//! level chosen by the highest digit in which a deadline differs from the present.
//!
//! Time is cut into ticks of 2^16 ns (65.5 µs). A tick number is written in base 64, and level `l` of the wheel
//! has one slot per value of digit `l`. An entry lives at the highest digit in which its tick differs from
//! `elapsed`, the tick up to which the wheel has advanced. Eight levels hold 48 bits of ticks, that is all of a
//! `u64` of nanoseconds: no deadline lies beyond the wheel, so there is no overflow list.
//!
//! Invariant: an entry at level `l` agrees with `elapsed` in all digits above `l` and is larger in digit `l`
//! (or equal, at level 0 only: a tick that is already due). Three things follow.
//!
//! - Everything at level `l` is due before anything at level `l + 1`, so the earliest slot is the lowest bit of
//!   the first bitmap that is not zero: no scan, however far the deadline.
//! - Moving `elapsed` over empty slots moves no entry, so a jump of a century costs what a jump of a tick does.
//! - Entries of one tick always share one list. Lists are appended to, and a list is spread over the levels
//!   below only when those are empty, so entries of one tick fire in the order of their insertion.
//!
//! The lists are doubly linked by index. The first [`SLOTS`] nodes of the slab are the list heads, so unlinking
//! has no special cases. Keys carry a sequence number that is never used twice: a stale key is refused.
//!
//! The wheel runs no foreign code, except that dropping it drops its wakers ([`Wheel::drain`] avoids that):
//! wakers come in by value and go out by value, for the caller to clone, wake or drop outside of any borrow.

use std::task::Waker;

/// One tick is 2^`TICK_SHIFT` nanoseconds.
const TICK_SHIFT: u32 = 16;
const DIGIT_BITS: u32 = 6;
const SLOTS_PER_LEVEL: usize = 1 << DIGIT_BITS;
const LEVELS: usize = (u64::BITS - TICK_SHIFT) as usize / DIGIT_BITS as usize;
const SLOTS: usize = LEVELS * SLOTS_PER_LEVEL;
/// The last tick of the clock, 584 years from its start. Later deadlines count as this one.
const LAST_TICK: u64 = u64::MAX >> TICK_SHIFT;
/// The length up to which a list is searched for its earliest deadline instead of answering with its start.
const SEARCHED: usize = 16;
/// The end of the free list.
const NIL: u32 = u32::MAX;
/// The sequence number of nodes that hold no timer.
const VACANT: u64 = 0;

/// Names one timer in one [`Wheel`]; refused once that timer has fired or was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimerKey {
    index: u32,
    sequence: u64,
}

/// What a wheel knows about a timer and the waker it would wake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum TimerState {
    /// Pending, and would wake the same task.
    Current,
    /// Pending, but holds another waker: clone the new one and pass it to [`Wheel::replace_waker`].
    OtherWaker,
    /// Fired or cancelled.
    Gone,
}

/// A list head or a timer. A vacant node links to the next vacant one by `next`.
#[derive(Debug)]
struct Node {
    tick: u64,
    sequence: u64,
    waker: Option<Waker>,
    prev: u32,
    next: u32,
}

impl Node {
    fn head(index: usize) -> Node {
        Node {
            tick: 0,
            sequence: VACANT,
            waker: None,
            prev: index as u32,
            next: index as u32,
        }
    }
}

/// The timers of one context.
///
/// Deadlines are nanoseconds of one monotonic clock (see [`now_ns`](super::now_ns)). A timer never fires before
/// its deadline and at most one tick later than the first [`advance`](Wheel::advance) that passes it.
#[derive(Debug)]
pub(crate) struct Wheel {
    /// List heads first, then timers and vacant nodes. Grows to the largest number of timers there ever were.
    nodes: Vec<Node>,
    /// Bit `s` of `occupied[l]` is set exactly if the list of slot `s` at level `l` is not empty.
    occupied: [u64; LEVELS],
    /// All ticks before this one have fired.
    elapsed: u64,
    /// The latest time that `advance` was told.
    now_ns: u64,
    free: u32,
    len: usize,
    last_sequence: u64,
}

impl Wheel {
    /// An empty wheel that stands at `now_ns`.
    pub(crate) fn new(now_ns: u64) -> Wheel {
        Wheel {
            nodes: (0..SLOTS).map(Node::head).collect(),
            occupied: [0; LEVELS],
            elapsed: now_ns >> TICK_SHIFT,
            now_ns,
            free: NIL,
            len: 0,
            last_sequence: VACANT,
        }
    }

    /// The number of pending timers.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Whether no timer is pending.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The latest time that [`advance`](Wheel::advance) was told, in nanoseconds.
    #[inline]
    pub(crate) fn now_ns(&self) -> u64 {
        self.now_ns
    }

    /// Adds a timer. A deadline that has passed fires at the next [`advance`](Wheel::advance).
    #[inline]
    pub(crate) fn insert(&mut self, deadline_ns: u64, waker: Waker) -> TimerKey {
        let tick = tick_at_or_after(deadline_ns).max(self.elapsed);
        self.last_sequence += 1;
        let sequence = self.last_sequence;
        let slot = slot_of(self.elapsed, tick);
        self.occupied[slot / SLOTS_PER_LEVEL] |= 1 << (slot % SLOTS_PER_LEVEL);
        let tail = self.nodes[slot].prev;
        let index = self.free;
        let index = match self.nodes.get_mut(index as usize) {
            Some(node) => {
                self.free = node.next;
                // A vacant node holds no waker, so that this assignment drops nothing.
                *node = Node {
                    tick,
                    sequence,
                    waker: Some(waker),
                    prev: tail,
                    next: slot as u32,
                };
                index
            }
            None => self.grow(Node {
                tick,
                sequence,
                waker: Some(waker),
                prev: tail,
                next: slot as u32,
            }),
        };
        self.nodes[tail as usize].next = index;
        self.nodes[slot].prev = index;
        self.len += 1;
        TimerKey { index, sequence }
    }

    /// Removes a timer and returns its waker, for the caller to drop; `None` if it has fired or was cancelled.
    #[inline]
    pub(crate) fn cancel(&mut self, key: TimerKey) -> Option<Waker> {
        let node = self.nodes.get_mut(key.index as usize)?;
        if node.sequence != key.sequence {
            return None;
        }
        let (prev, next) = (node.prev, node.next);
        let waker = node.waker.take();
        node.sequence = VACANT;
        node.next = self.free;
        self.free = key.index;
        self.len -= 1;
        self.nodes[prev as usize].next = next;
        self.nodes[next as usize].prev = prev;
        if prev == next {
            // Both neighbours are the list's head: it is empty now.
            let head = prev as usize;
            self.occupied[head / SLOTS_PER_LEVEL] &= !(1 << (head % SLOTS_PER_LEVEL));
        }
        waker
    }

    /// Whether the timer is pending, and for the task that `waker` wakes. Runs no foreign code.
    #[inline]
    pub(crate) fn state(&self, key: TimerKey, waker: &Waker) -> TimerState {
        match self.nodes.get(key.index as usize) {
            Some(node) if node.sequence == key.sequence => match &node.waker {
                Some(current) if current.will_wake(waker) => TimerState::Current,
                _ => TimerState::OtherWaker,
            },
            _ => TimerState::Gone,
        }
    }

    /// Exchanges a pending timer's waker; the old one is returned, for the caller to drop.
    ///
    /// # Errors
    ///
    /// If the timer has fired or was cancelled, `waker` comes back.
    pub(crate) fn replace_waker(
        &mut self,
        key: TimerKey,
        waker: Waker,
    ) -> Result<Option<Waker>, Waker> {
        match self.nodes.get_mut(key.index as usize) {
            Some(node) if node.sequence == key.sequence => Ok(node.waker.replace(waker)),
            _ => Err(waker),
        }
    }

    /// Moves the wheel to `now_ns` and appends the wakers of all due timers to `due`: by tick, and within a tick
    /// in the order of their insertion. The caller wakes them once it has let go of the wheel.
    ///
    /// A `now_ns` that lies before an earlier one counts as that one.
    pub(crate) fn advance(&mut self, now_ns: u64, due: &mut Vec<Waker>) {
        self.now_ns = self.now_ns.max(now_ns);
        let target = self.now_ns >> TICK_SHIFT;
        while let Some((slot, start)) = self.first_slot() {
            if start > target {
                break;
            }
            self.elapsed = start;
            if slot < SLOTS_PER_LEVEL {
                self.fire(slot, due);
            } else {
                self.spread(slot);
            }
        }
        self.elapsed = target;
    }

    /// Calls `visit` with every pending timer: its deadline in nanoseconds, rounded up to a tick, and its waker.
    pub(crate) fn for_each(&self, mut visit: impl FnMut(u64, &Waker)) {
        for node in &self.nodes[SLOTS..] {
            if let (true, Some(waker)) = (node.sequence != VACANT, &node.waker) {
                visit(node.tick << TICK_SHIFT, waker);
            }
        }
    }

    /// When [`advance`](Wheel::advance) should be called next, in nanoseconds: never later than the end of the
    /// tick of the earliest deadline, and that very moment unless it shares a slot of an upper level with more
    /// than a few others (then the start of that slot). `None` if no timer is pending.
    pub(crate) fn next_deadline_ns(&self) -> Option<u64> {
        let (slot, start) = self.first_slot()?;
        let tick = if slot < SLOTS_PER_LEVEL {
            start
        } else {
            self.earliest_in(slot).unwrap_or(start)
        };
        Some(tick << TICK_SHIFT)
    }

    /// Removes all timers and appends their wakers to `wakers`: the end of a context.
    pub(crate) fn drain(&mut self, wakers: &mut Vec<Waker>) {
        let last = u64::MAX;
        let (elapsed, now_ns) = (self.elapsed, self.now_ns);
        self.advance(last, wakers);
        (self.elapsed, self.now_ns) = (elapsed, now_ns);
    }

    /// The slot that holds the earliest timers and the first tick that belongs to it.
    #[inline]
    fn first_slot(&self) -> Option<(usize, u64)> {
        let level = self.occupied.iter().position(|&slots| slots != 0)?;
        let digit = self.occupied[level].trailing_zeros();
        let below = DIGIT_BITS * level as u32;
        let above = below + DIGIT_BITS;
        let start = (self.elapsed >> above << above) | (u64::from(digit) << below);
        Some((level * SLOTS_PER_LEVEL + digit as usize, start))
    }

    /// The earliest tick in a list; `None` if the list is too long to be searched.
    fn earliest_in(&self, slot: usize) -> Option<u64> {
        let mut earliest = LAST_TICK;
        let mut index = self.nodes[slot].next as usize;
        for _ in 0..SEARCHED {
            if index == slot {
                return Some(earliest);
            }
            earliest = earliest.min(self.nodes[index].tick);
            index = self.nodes[index].next as usize;
        }
        None
    }

    /// Takes the whole list of a slot: the index of its first node. The last one still links to the slot.
    #[inline]
    fn take_list(&mut self, slot: usize) -> usize {
        let first = self.nodes[slot].next as usize;
        self.nodes[slot].next = slot as u32;
        self.nodes[slot].prev = slot as u32;
        self.occupied[slot / SLOTS_PER_LEVEL] &= !(1 << (slot % SLOTS_PER_LEVEL));
        first
    }

    fn fire(&mut self, slot: usize, due: &mut Vec<Waker>) {
        let mut index = self.take_list(slot);
        while index != slot {
            let node = &mut self.nodes[index];
            let next = node.next as usize;
            node.sequence = VACANT;
            node.next = self.free;
            self.free = index as u32;
            self.len -= 1;
            due.extend(node.waker.take());
            index = next;
        }
    }

    /// Moves the timers of an upper slot, whose first tick `elapsed` has just reached, to the levels below.
    fn spread(&mut self, slot: usize) {
        let mut index = self.take_list(slot);
        while index != slot {
            let next = self.nodes[index].next as usize;
            let to = slot_of(self.elapsed, self.nodes[index].tick);
            self.occupied[to / SLOTS_PER_LEVEL] |= 1 << (to % SLOTS_PER_LEVEL);
            let tail = self.nodes[to].prev;
            self.nodes[index].prev = tail;
            self.nodes[index].next = to as u32;
            self.nodes[tail as usize].next = index as u32;
            self.nodes[to].prev = index as u32;
            index = next;
        }
    }

    /// Appends a node to the slab.
    #[cold]
    fn grow(&mut self, node: Node) -> u32 {
        let index = u32::try_from(self.nodes.len())
            .ok()
            .filter(|&index| index != NIL);
        let index = index.expect("a wheel holds fewer than 2^32 timers");
        self.nodes.push(node);
        index
    }
}

/// The first tick that begins at or after `deadline_ns`.
#[inline]
fn tick_at_or_after(deadline_ns: u64) -> u64 {
    let partial = deadline_ns & ((1 << TICK_SHIFT) - 1) != 0;
    ((deadline_ns >> TICK_SHIFT) + u64::from(partial)).min(LAST_TICK)
}

/// The slot for `tick` (not before `elapsed`): the highest differing digit, and its value in `tick`.
#[inline]
fn slot_of(elapsed: u64, tick: u64) -> usize {
    let differing = (elapsed ^ tick) | 1;
    let level = (u64::BITS - 1 - differing.leading_zeros()) / DIGIT_BITS;
    let digit = (tick >> (level * DIGIT_BITS)) as usize % SLOTS_PER_LEVEL;
    level as usize * SLOTS_PER_LEVEL + digit
}

#[cfg(all(test, not(loom)))]
#[path = "wheel_tests.rs"]
mod tests;
