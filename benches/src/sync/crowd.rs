//! Tasks that contend for something.

use crate::sync::executor::Threads;

/// How many, where, and what they do once they have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Crowd {
    pub(super) tasks: u64,
    pub(super) threads: Threads,
    pub(super) section: Section,
}

/// What happens between acquiring and releasing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    /// A few instructions. On one thread nobody ever waits.
    Short,
    /// Those, and a yield to the other tasks, all of which come to wait.
    Yields,
}

impl Crowd {
    pub(super) fn name(self) -> String {
        let threads = match self.threads {
            Threads::One => "1 thread",
            Threads::Two => "2 threads",
        };
        let section = match self.section {
            Section::Short => "",
            Section::Yields => " yielding",
        };
        format!("{} tasks on {threads}{section}", self.tasks)
    }

    /// Crowds of these sizes on one and on two threads, with either section.
    pub(super) fn of(tasks: &[u64]) -> impl Iterator<Item = Crowd> {
        tasks.iter().flat_map(|&tasks| {
            [Threads::One, Threads::Two]
                .into_iter()
                .flat_map(move |threads| {
                    [Section::Short, Section::Yields]
                        .into_iter()
                        .map(move |section| Crowd {
                            tasks,
                            threads,
                            section,
                        })
                })
        })
    }
}
