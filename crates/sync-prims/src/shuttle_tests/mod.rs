//! Programs of several primitives, too large for loom, under random schedules.
//!
//! `cargo xtask loom` runs them, after the models. `SHUTTLE_ITERATIONS` sets how many schedules each takes.
//!
//! Each program runs twice: under shuttle's random scheduler, and under its PCT scheduler (Burckhardt et al., "A
//! randomized scheduler with probabilistic guarantees of finding bugs", ASPLOS 2010), which finds with a known probability
//! what needs a few preemptions at the right places. A lost wake shows as a deadlock, which shuttle reports.

mod buffer;
mod gate;
mod meetings;
mod tickets;

/// Where a bug needs more preemptions than these at the right places, the random scheduler has to find it.
const PREEMPTIONS: usize = 3;

/// Runs a program under both schedulers.
fn check(program: fn()) {
    let iterations = iterations();
    shuttle::check_random(program, iterations);
    shuttle::check_pct(program, iterations, PREEMPTIONS);
}

fn iterations() -> usize {
    let set = std::env::var("SHUTTLE_ITERATIONS").ok();
    set.map_or(1_000, |number| {
        number
            .parse()
            .expect("SHUTTLE_ITERATIONS is a number of schedules")
    })
}
