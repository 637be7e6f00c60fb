//! The wheel against a sorted map: never early, never lost, in order.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop, prop_oneof, proptest};

use super::{SEARCHED, TICK_SHIFT, TimerKey, TimerState, Wheel, tick_at_or_after};

const TICK: u64 = 1 << TICK_SHIFT;
const YEAR: u64 = 365 * 86_400 * 1_000_000_000;

/// A waker that can be told apart: woken, it says which timer it belonged to.
struct Tag {
    id: usize,
    woken: Arc<AtomicUsize>,
}

impl Wake for Tag {
    fn wake(self: Arc<Tag>) {
        self.woken.store(self.id, Ordering::Relaxed);
    }
}

/// Makes tagged wakers and reads the tags of those that fired.
#[derive(Default)]
struct Tags {
    woken: Arc<AtomicUsize>,
    due: Vec<Waker>,
}

impl Tags {
    fn waker(&self, id: usize) -> Waker {
        Waker::from(Arc::new(Tag {
            id,
            woken: Arc::clone(&self.woken),
        }))
    }

    fn read(&self, waker: Waker) -> usize {
        waker.wake();
        self.woken.load(Ordering::Relaxed)
    }

    fn advance(&mut self, wheel: &mut Wheel, now_ns: u64) -> Vec<usize> {
        let mut due = std::mem::take(&mut self.due);
        wheel.advance(now_ns, &mut due);
        let ids = due.drain(..).map(|waker| self.read(waker)).collect();
        self.due = due;
        ids
    }
}

#[test]
fn zero_and_past_deadlines_fire_at_the_next_advance() {
    let mut tags = Tags::default();
    let mut wheel = Wheel::new(YEAR);
    wheel.insert(0, tags.waker(1));
    wheel.insert(YEAR - 1, tags.waker(2));
    assert!(wheel.next_deadline_ns().is_some_and(|next| next <= YEAR));
    assert_eq!(tags.advance(&mut wheel, YEAR), [1, 2]);
    assert_eq!(wheel.next_deadline_ns(), None);
}

#[test]
fn a_deadline_is_rounded_up_to_its_tick() {
    let mut tags = Tags::default();
    let mut wheel = Wheel::new(0);
    wheel.insert(TICK + 1, tags.waker(1));
    wheel.insert(TICK, tags.waker(2));
    assert_eq!(tags.advance(&mut wheel, TICK - 1), [0_usize; 0]);
    assert_eq!(tags.advance(&mut wheel, TICK + 1), [2]);
    assert_eq!(wheel.next_deadline_ns(), Some(2 * TICK));
    assert_eq!(tags.advance(&mut wheel, 2 * TICK - 1), [0_usize; 0]);
    assert_eq!(tags.advance(&mut wheel, 2 * TICK), [1]);
}

#[test]
fn the_end_of_the_clock_is_a_deadline_like_any_other() {
    let mut tags = Tags::default();
    let mut wheel = Wheel::new(12_345);
    let key = wheel.insert(u64::MAX, tags.waker(1));
    assert_eq!(tags.advance(&mut wheel, 500 * YEAR), [0_usize; 0]);
    assert_eq!(wheel.state(key, &tags.waker(1)), TimerState::OtherWaker);
    assert_eq!(tags.advance(&mut wheel, u64::MAX), [1]);
    wheel.insert(u64::MAX, tags.waker(2));
    assert_eq!(tags.advance(&mut wheel, u64::MAX), [2]);
}

#[test]
fn a_century_at_once_costs_no_more_than_its_timers() {
    // Linear in ticks this would be 48 billion steps for each round: the test would not end.
    let mut tags = Tags::default();
    let mut wheel = Wheel::new(0);
    for round in 1..=5 {
        let now = round * 100 * YEAR;
        for id in 0..100 {
            wheel.insert(now - (id as u64) * YEAR, tags.waker(id));
        }
        let expected: Vec<_> = (0..100).rev().collect();
        assert_eq!(tags.advance(&mut wheel, now + TICK), expected);
    }
}

#[test]
fn within_a_tick_the_order_is_that_of_insertion() {
    let mut tags = Tags::default();
    let mut wheel = Wheel::new(0);
    let deadline = 70_000 * TICK;
    // Inserted from ever closer, that is at every level that the deadline passes through.
    for (id, now) in [0, 1_000, 66_000, 69_900, 69_999].into_iter().enumerate() {
        assert_eq!(tags.advance(&mut wheel, now * TICK), [0_usize; 0]);
        wheel.insert(deadline - 1, tags.waker(id));
    }
    assert_eq!(tags.advance(&mut wheel, deadline), [0, 1, 2, 3, 4]);
}

#[test]
fn a_stale_key_is_refused() {
    let mut tags = Tags::default();
    let mut wheel = Wheel::new(0);
    let fired = wheel.insert(1, tags.waker(1));
    assert_eq!(tags.advance(&mut wheel, TICK), [1]);
    let reused = wheel.insert(10 * TICK, tags.waker(2));
    assert_eq!(fired.index, reused.index);
    assert!(wheel.cancel(fired).is_none());
    assert_eq!(wheel.state(fired, &tags.waker(1)), TimerState::Gone);
    assert!(wheel.replace_waker(fired, tags.waker(3)).is_err());
    assert_eq!(wheel.len(), 1);
    assert!(
        wheel
            .cancel(reused)
            .is_some_and(|waker| tags.read(waker) == 2)
    );
    assert!(wheel.cancel(reused).is_none());
    assert!(wheel.is_empty());
}

#[test]
fn a_replaced_waker_comes_back() {
    let mut tags = Tags::default();
    let mut wheel = Wheel::new(0);
    let first = tags.waker(1);
    let key = wheel.insert(TICK, first.clone());
    assert_eq!(wheel.state(key, &first), TimerState::Current);
    let old = wheel
        .replace_waker(key, tags.waker(2))
        .expect("it is pending")
        .expect("it has a waker");
    assert!(old.will_wake(&first));
    assert_eq!(wheel.state(key, &first), TimerState::OtherWaker);
    assert_eq!(tags.advance(&mut wheel, TICK), [2]);
}

#[test]
fn nodes_are_used_again() {
    let mut tags = Tags::default();
    let mut wheel = Wheel::new(0);
    let mut now = 0;
    let mut size = 0;
    for round in 0..100 {
        let keys: Vec<_> = (0..50)
            .map(|id| wheel.insert(now + id * TICK, tags.waker(id as usize)))
            .collect();
        for key in keys.iter().step_by(2) {
            assert!(wheel.cancel(*key).is_some());
        }
        now += 100 * TICK;
        assert_eq!(tags.advance(&mut wheel, now).len(), 25);
        if round == 0 {
            size = wheel.nodes.len();
        }
        assert_eq!(wheel.nodes.len(), size);
    }
}

#[test]
fn the_next_deadline_is_exact_where_that_is_cheap() {
    let mut tags = Tags::default();
    let mut wheel = Wheel::new(0);
    // Slots of the third level, 4096 ticks wide: the start of the slot would be a needless wake-up.
    for id in 0..SEARCHED - 1 {
        wheel.insert((5_000 + id as u64) * TICK, tags.waker(id));
    }
    assert_eq!(wheel.next_deadline_ns(), Some(5_000 * TICK));
    wheel.insert(4_990 * TICK, tags.waker(99));
    assert_eq!(
        wheel.next_deadline_ns(),
        Some(4_096 * TICK),
        "a long list is not searched"
    );
    assert_eq!(tags.advance(&mut wheel, 4_096 * TICK), [0_usize; 0]);
    assert_eq!(wheel.next_deadline_ns(), Some(4_990 * TICK));
}

#[test]
fn a_drained_wheel_goes_on_from_where_it_stood() {
    let mut tags = Tags::default();
    let mut wheel = Wheel::new(5 * TICK);
    wheel.insert(300 * YEAR, tags.waker(1));
    wheel.insert(6 * TICK, tags.waker(2));
    let mut wakers = Vec::new();
    wheel.drain(&mut wakers);
    assert_eq!(wakers.len(), 2);
    assert!(wheel.is_empty());
    assert_eq!(wheel.now_ns(), 5 * TICK);
    wheel.insert(7 * TICK, tags.waker(3));
    assert_eq!(wheel.next_deadline_ns(), Some(7 * TICK));
    assert_eq!(tags.advance(&mut wheel, 7 * TICK), [3]);
}

/// What the property test does to the wheel and its model.
#[derive(Clone, Debug)]
enum Step {
    /// Insert with a deadline this far from now.
    Insert {
        ahead: u64,
    },
    InsertPast,
    InsertNever,
    /// Cancel the timer of this place among all that were ever inserted.
    Cancel {
        place: prop::sample::Index,
    },
    Advance {
        by: u64,
    },
    /// Advance exactly to the next deadline that the wheel names.
    AdvanceToNext,
}

fn magnitude() -> impl Strategy<Value = u64> {
    // Even over the levels rather than over the numbers.
    (0_u32..63, any::<u64>()).prop_map(|(bits, value)| value >> bits)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => magnitude().prop_map(|ahead| Step::Insert { ahead }),
        4 => (0..200 * TICK).prop_map(|ahead| Step::Insert { ahead }),
        1 => Just(Step::InsertPast),
        1 => Just(Step::InsertNever),
        4 => any::<prop::sample::Index>().prop_map(|place| Step::Cancel { place }),
        1 => (0_u32..20, any::<u64>()).prop_map(|(bits, value)| Step::Advance { by: value >> (bits + 12) }),
        3 => (0..100 * TICK).prop_map(|by| Step::Advance { by }),
        3 => Just(Step::AdvanceToNext),
    ]
}

/// A wheel and what it should hold: timers by tick and order of insertion.
struct Pair {
    wheel: Wheel,
    tags: Tags,
    model: BTreeMap<(u64, usize), u64>,
    inserted: Vec<(TimerKey, (u64, usize))>,
    now: u64,
}

impl Pair {
    fn new(start: u64) -> Pair {
        let (tags, model, inserted) = (Tags::default(), BTreeMap::new(), Vec::new());
        Pair {
            wheel: Wheel::new(start),
            tags,
            model,
            inserted,
            now: start,
        }
    }

    fn apply(&mut self, step: &Step) {
        match *step {
            Step::Insert { ahead } => self.insert(self.now.saturating_add(ahead)),
            Step::InsertPast => self.insert(self.now / 2),
            Step::InsertNever => self.insert(u64::MAX),
            Step::Cancel { place } => self.cancel(place),
            Step::Advance { by } => self.advance(self.now.saturating_add(by)),
            Step::AdvanceToNext => {
                if let Some(next) = self.wheel.next_deadline_ns() {
                    self.advance(next.max(self.now));
                }
            }
        }
        assert_eq!(self.wheel.len(), self.model.len());
        self.check_next();
    }

    fn insert(&mut self, deadline: u64) {
        let id = self.inserted.len();
        let key = self.wheel.insert(deadline, self.tags.waker(id));
        let place = (tick_at_or_after(deadline).max(self.now >> TICK_SHIFT), id);
        self.model.insert(place, deadline);
        self.inserted.push((key, place));
    }

    fn cancel(&mut self, place: prop::sample::Index) {
        if self.inserted.is_empty() {
            return;
        }
        let (key, place) = self.inserted[place.index(self.inserted.len())];
        let expected = self.model.remove(&place).map(|_| place.1);
        let cancelled = self.wheel.cancel(key).map(|waker| self.tags.read(waker));
        assert_eq!(cancelled, expected);
    }

    fn advance(&mut self, now: u64) {
        self.now = now;
        let later = self.model.split_off(&((now >> TICK_SHIFT) + 1, 0));
        let due = std::mem::replace(&mut self.model, later);
        let expected: Vec<_> = due.keys().map(|&(_, id)| id).collect();
        assert_eq!(self.tags.advance(&mut self.wheel, now), expected);
        let last_tick = u64::MAX - TICK;
        assert!(
            due.values()
                .all(|&deadline| deadline <= now || deadline > last_tick),
            "fired early"
        );
    }

    fn check_next(&self) {
        let next = self.wheel.next_deadline_ns();
        let Some((&(tick, _), _)) = self.model.first_key_value() else {
            return assert_eq!(next, None);
        };
        let next = next.expect("a timer is pending");
        assert!(
            next <= tick << TICK_SHIFT,
            "later than the earliest deadline"
        );
        // A call at that time makes progress: it is not in the past, unless a timer is due already.
        assert!(next >> TICK_SHIFT > self.now >> TICK_SHIFT || tick <= self.now >> TICK_SHIFT);
    }
}

proptest! {
    #[test]
    fn the_wheel_does_what_a_sorted_map_does(start in magnitude(), steps in vec(step(), 0..300)) {
        let mut pair = Pair::new(start);
        for step in &steps {
            pair.apply(step);
        }
        // Nothing is lost: all that is left fires at the end of the clock.
        pair.advance(u64::MAX);
        assert!(pair.model.is_empty() && pair.wheel.is_empty());
    }
}
