//! Counts what libtest prints, so that a command can close with a summary.

use std::fmt;

/// The sum over the test binaries of one run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) suites: usize,
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) ignored: usize,
    /// The names on `test .. FAILED` lines, in order.
    pub(crate) failures: Vec<String>,
    /// True if the process ended with exit code 0.
    pub(crate) exited_well: bool,
}

impl Tally {
    /// True if the process ended well and no test failed.
    pub(crate) fn success(&self) -> bool {
        self.exited_well && self.failed == 0
    }

    /// Takes one line of output, with or without its line break.
    pub(crate) fn read_line(&mut self, line: &str) {
        let line = line.trim();
        if let Some(name) = line
            .strip_prefix("test ")
            .and_then(|rest| rest.strip_suffix(" ... FAILED"))
        {
            self.failures.push(name.to_owned());
        }
        let Some(counts) = line
            .strip_prefix("test result: ")
            .and_then(|rest| rest.split_once(". "))
        else {
            return;
        };
        self.suites += 1;
        for count in counts.1.split("; ") {
            let Some((number, what)) = count.split_once(' ') else {
                continue;
            };
            let Ok(number) = number.parse::<usize>() else {
                continue;
            };
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally {
            suites,
            passed,
            failed,
            ignored,
            ..
        } = self;
        write!(
            f,
            "{passed} passed, {failed} failed, {ignored} ignored in {suites} suites"
        )?;
        if !self.exited_well && self.failed == 0 {
            write!(
                f,
                "; the run itself failed (a build error, a crash or a leak: see above)"
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(lines: &[&str]) -> Tally {
        let mut tally = Tally {
            exited_well: true,
            ..Tally::default()
        };
        lines.iter().for_each(|line| tally.read_line(line));
        tally
    }

    #[test]
    fn results_of_several_suites_are_added() {
        let tally = tally(&[
            "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.00s\n",
            "test result: ok. 7 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.20s\n",
        ]);
        assert_eq!(
            tally.to_string(),
            "12 passed, 0 failed, 1 ignored in 2 suites"
        );
        assert!(tally.success());
    }

    #[test]
    fn failures_are_named() {
        let tally = tally(&[
            "test a::fine ... ok",
            "test a::broken ... FAILED",
            "test src/lib.rs - main (line 9) ... FAILED",
            "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
        ]);
        assert_eq!(tally.failures, ["a::broken", "src/lib.rs - main (line 9)"]);
        assert!(!tally.success());
    }

    #[test]
    fn a_crash_without_a_failed_test_is_a_failure() {
        let tally = Tally {
            exited_well: false,
            ..Tally::default()
        };
        assert!(!tally.success());
        assert!(tally.to_string().contains("the run itself failed"));
    }

    #[test]
    fn other_lines_count_nothing() {
        let mut tally = tally(&[
            "running 3 tests",
            "test result so far: unknown",
            "",
            "hello",
        ]);
        tally.exited_well = false;
        assert_eq!(tally, Tally::default());
    }
}
