//! Result files: everything that a run measured, where and by what, in a form that later versions can still read.
//!
//! The form is documented in `docs/benchmarks.md`. [`VERSION`] is raised when a reader of the old form would misread the
//! new one; a key that is added does not raise it, and readers pass over keys that they do not know.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::bench::facts::Facts;
use crate::bench::record::Better;

/// What a file says it is.
const SCHEMA: &str = "corio-bench";

/// The version of the form that is written, and the only one that is read.
const VERSION: u32 = 1;

/// A whole result file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Results {
    schema: String,
    version: u32,
    pub(super) run: Facts,
    pub(super) races: Vec<RaceResults>,
}

/// What one race measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct RaceResults {
    pub(super) name: String,
    pub(super) rounds: usize,
    /// The metrics that the race is about; empty if it is about all of them.
    pub(super) decisive: Vec<String>,
    pub(super) series: Vec<Series>,
    pub(super) failures: Vec<Failure>,
}

/// What one subject measured of one metric in one case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Series {
    pub(super) case: String,
    pub(super) subject: String,
    pub(super) role: Role,
    pub(super) metric: String,
    pub(super) unit: String,
    pub(super) better: Better,
    /// The subject of the same case and metric that ratios are taken to.
    pub(super) reference: Option<String>,
    /// By round; `None` where the round failed. Samples of the same round were taken next to each other.
    pub(super) samples: Vec<Option<f64>>,
}

/// What a subject is to the race.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Role {
    /// Whom the race is about.
    Home,
    /// A variant of home, or its elder brother: neither rival nor reference.
    Kin,
    /// A bare loop: a limit, no rival.
    Bare,
    /// A rival.
    Peer,
}

/// Why a subject gave no sample, in at least one round.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Failure {
    pub(super) case: String,
    pub(super) subject: String,
    pub(super) reason: String,
}

/// What every version of the form begins with.
#[derive(Deserialize)]
struct Preamble {
    schema: String,
    version: u32,
}

impl Results {
    pub(super) fn new(run: Facts, races: Vec<RaceResults>) -> Results {
        Results {
            schema: SCHEMA.to_owned(),
            version: VERSION,
            run,
            races,
        }
    }

    /// Reads a file that `--json` wrote.
    ///
    /// # Errors
    ///
    /// It cannot be read, or it is something else, or of another version, or damaged.
    pub(super) fn read(path: &Path) -> Result<Results> {
        let text = fs::read_to_string(path)
            .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
        Results::parse(&text).map_err(|error| format!("{}: {error}", path.display()).into())
    }

    fn parse(text: &str) -> Result<Results> {
        const WRITE: &str = "write one with `cargo xtask bench --json FILE`";
        let preamble: Preamble = serde_json::from_str(text)
            .map_err(|error| format!("this is no result file ({error}): {WRITE}"))?;
        if preamble.schema != SCHEMA {
            let found = preamble.schema;
            return Err(
                format!("this is no result file (its schema is `{found}`): {WRITE}").into(),
            );
        }
        if preamble.version != VERSION {
            let found = preamble.version;
            return Err(format!(
                "this result file is of version {found}, and version {VERSION} can be read: {WRITE}, of this commit"
            )
            .into());
        }
        let results: Results = serde_json::from_str(text)
            .map_err(|error| format!("the result file is damaged: {error}"))?;
        results.check()?;
        Ok(results)
    }

    /// Refuses what the form allows and no race writes.
    fn check(&self) -> Result {
        for (place, race) in self.races.iter().enumerate() {
            if self.races[..place]
                .iter()
                .any(|other| other.name == race.name)
            {
                return Err(
                    format!("the result file is damaged: two races `{}`", race.name).into(),
                );
            }
            for series in &race.series {
                if series.samples.len() != race.rounds {
                    return Err(format!(
                        "the result file is damaged: {} samples of `{}` by `{}` in {} rounds of `{}`",
                        series.samples.len(),
                        series.case,
                        series.subject,
                        race.rounds,
                        race.name
                    )
                    .into());
                }
            }
        }
        Ok(())
    }

    /// The results of one race alone.
    ///
    /// # Errors
    ///
    /// It is not among them.
    pub(super) fn only(mut self, race: &str) -> Result<Results> {
        let names: Vec<String> = self.races.iter().map(|race| race.name.clone()).collect();
        self.races.retain(|results| results.name == race);
        if self.races.is_empty() {
            return Err(format!(
                "the file has no results of `{race}`; it has: {}",
                names.join(", ")
            )
            .into());
        }
        Ok(self)
    }

    pub(super) fn to_json(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// One line for each sample, under a line of headings; a round that failed has an empty value.
    pub(super) fn to_csv(&self) -> String {
        let mut text =
            "version,race,case,subject,role,metric,unit,better,reference,round,value\n".to_owned();
        for race in &self.races {
            for series in &race.series {
                for (round, sample) in series.samples.iter().enumerate() {
                    let fields = [
                        VERSION.to_string(),
                        race.name.clone(),
                        series.case.clone(),
                        series.subject.clone(),
                        word(&series.role),
                        series.metric.clone(),
                        series.unit.clone(),
                        word(&series.better),
                        series.reference.clone().unwrap_or_default(),
                        (round + 1).to_string(),
                        sample.map(|value| value.to_string()).unwrap_or_default(),
                    ];
                    text += &fields.map(|field| quoted(&field)).join(",");
                    text.push('\n');
                }
            }
        }
        text
    }
}

impl RaceResults {
    /// Whether the race is about a metric.
    pub(super) fn is_decisive(&self, metric: &str) -> bool {
        self.decisive.is_empty() || self.decisive.iter().any(|name| name == metric)
    }
}

impl Series {
    /// The samples there are.
    pub(super) fn values(&self) -> impl Iterator<Item = f64> {
        self.samples.iter().flatten().copied()
    }
}

/// The word that a plain enumeration has in JSON.
fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

/// A field as RFC 4180 wants it.
fn quoted(field: &str) -> String {
    match field.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", field.replace('"', "\"\"")),
        false => field.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Failure, RaceResults, Results, Role, Series};
    use crate::bench::facts::Facts;
    use crate::bench::record::Better;

    fn results() -> Results {
        let race = RaceResults {
            name: "echo".to_owned(),
            rounds: 2,
            decisive: vec!["server_cpu".to_owned()],
            series: vec![Series {
                case: "size=128,conns=1".to_owned(),
                subject: "say \"hi\"".to_owned(),
                role: Role::Home,
                metric: "server_cpu".to_owned(),
                unit: "us/request".to_owned(),
                better: Better::Less,
                reference: None,
                samples: vec![Some(1.5), None],
            }],
            failures: vec![Failure {
                case: "c".to_owned(),
                subject: "s".to_owned(),
                reason: "r".to_owned(),
            }],
        };
        Results::new(Facts::default(), vec![race])
    }

    fn error(text: &str) -> String {
        Results::parse(text).expect_err(text).to_string()
    }

    #[test]
    fn what_is_written_is_read() {
        let results = results();
        let json = results.to_json().expect("plain data");
        assert_eq!(Results::parse(&json).expect("it was just written"), results);
    }

    #[test]
    fn keys_of_later_versions_are_passed_over() {
        let json = results().to_json().expect("plain data");
        let later = json.replacen("\"rounds\"", "\"weather\": \"fine\", \"rounds\"", 1);
        assert_eq!(Results::parse(&later).expect("one key more"), results());
    }

    #[test]
    fn foreign_and_damaged_files_are_refused_in_words() {
        let json = results().to_json().expect("plain data");
        for (text, part) in [
            ("", "no result file"),
            ("[{\"bench\":\"echo\"}]", "cargo xtask bench --json"),
            ("{\"schema\":\"other\",\"version\":1}", "`other`"),
            (
                &json.replacen("\"version\": 1", "\"version\": 2", 1),
                "version 2",
            ),
            (&json.replacen("1.5,", "", 1), "1 samples"),
            (&json.replacen("\"home\"", "\"cousin\"", 1), "damaged"),
            (&json.replacen("\"races\"", "\"racers\"", 1), "damaged"),
        ] {
            assert!(error(text).contains(part), "{part}: {}", error(text));
        }
        let mut twice = results();
        twice.races.push(twice.races[0].clone());
        let text = twice.to_json().expect("plain data");
        assert!(error(&text).contains("two races `echo`"));
    }

    #[test]
    fn a_table_of_samples_is_quoted_and_has_the_gaps() {
        assert_eq!(
            results().to_csv(),
            "version,race,case,subject,role,metric,unit,better,reference,round,value\n\
             1,echo,\"size=128,conns=1\",\"say \"\"hi\"\"\",home,server_cpu,us/request,less,,1,1.5\n\
             1,echo,\"size=128,conns=1\",\"say \"\"hi\"\"\",home,server_cpu,us/request,less,,2,\n"
        );
    }

    #[test]
    fn one_race_can_be_taken_out() {
        assert_eq!(results().only("echo").expect("it is there"), results());
        let error = results().only("net").expect_err("it is not there");
        assert!(error.to_string().ends_with("it has: echo"));
    }
}
