//! The race of stores: corio's example `kv_server` and its twin on tokio, driven by `redis-benchmark`.
//!
//! Both are the same protocol, commands and store, from the same files; they differ in the runtime under them. A run starts a
//! server, asks it one of everything and compares the replies, warms it up, and has `redis-benchmark` send so many requests of
//! one kind. `redis-benchmark` does not look at what it gets, so the store is asked afterwards: every increment has to have
//! counted once.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use rustix::thread::{CpuSet, sched_setaffinity};

use crate::Result;
use crate::bench::flags::Options;
use crate::bench::load::{METRICS, PROCESSOR, THROUGHPUT};
use crate::bench::machine::Cores;
use crate::bench::pair;
use crate::bench::programs::{self, Programs, Server};
use crate::bench::progress::Progress;
use crate::bench::record::{Record, Reference};
use crate::bench::sheet::{Case, behind, tabulate};
use crate::bench::subjects;

/// Who is compared with the others.
const HOME: &str = "corio";

/// The subjects, and the examples that they are.
pub(super) const SUBJECTS: [(&str, &str); 2] = [(HOME, "kv_server"), ("tokio", "kv_on_tokio")];

/// The program that makes the load.
const CLIENT: &str = "redis-benchmark";

/// The keys that it uses, as it names them without `-r`.
const KEY: &str = "key:__rand_int__";
const COUNTER: &str = "counter:__rand_int__";

/// How long a server may take for a reply.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a run asks for.
#[derive(Clone, Copy, Debug)]
struct Task {
    command: &'static str,
    connections: u32,
    /// Requests that a connection sends at once.
    pipelined: u32,
    requests: u32,
}

impl Task {
    fn name(self) -> String {
        let Task {
            command,
            connections,
            pipelined,
            ..
        } = self;
        format!("{command} x {connections}, {pipelined} at once")
    }

    /// Requests before those that are measured.
    fn warm_up(self) -> u32 {
        self.requests / 10
    }
}

/// Every command by connections and pipelining.
fn tasks(options: &Options) -> Vec<Task> {
    let mut tasks = Vec::new();
    for command in ["SET", "GET", "INCR"] {
        for (connections, pipelined, requests) in [
            (1, 1, 16_000),
            (50, 1, 64_000),
            (1, 16, 160_000),
            (50, 16, 480_000),
        ] {
            tasks.push(Task {
                command,
                connections,
                pipelined,
                requests: if options.quick {
                    requests / 4
                } else {
                    requests
                },
            });
        }
    }
    tasks.retain(|task| task.name().contains(&options.cases));
    tasks
}

/// Runs the race, prints its tables and returns what was measured. Without `redis-benchmark` it is skipped, and says so.
pub(super) fn race(programs: &Programs, options: &Options) -> Result<Record> {
    let known = SUBJECTS.iter().map(|(name, _)| (*name).to_owned());
    let contestants = subjects::choose(&options.subjects, known.collect());
    let reference = Reference::Best {
        first: None,
        home: HOME,
    };
    let mut record = Record::new("kv", reference, options.rounds()).decided_by(&[PROCESSOR]);
    let Some(client) = client() else {
        let reason = format!("skipped: {CLIENT} is not on PATH (Debian has it in redis-tools)");
        eprintln!("kv: {reason}");
        for subject in &contestants {
            record.fail("all", subject, reason.clone());
        }
        return Ok(record);
    };
    let tasks = tasks(options);
    if tasks.is_empty() {
        return Err(format!("no case of kv has `{}` in its name", options.cases).into());
    }
    run_all(
        programs,
        options,
        &client,
        &tasks,
        &contestants,
        &mut record,
    );

    let cases: Vec<Case> = tasks
        .iter()
        .map(|task| Case {
            name: task.name(),
            contestants: contestants.clone(),
        })
        .collect();
    let rows = record.rows();
    for (title, metric) in [
        ("us of the server's processor time a request", PROCESSOR),
        ("requests a second", THROUGHPUT),
    ] {
        options.say(&format!(
            "\nkv, {title} (in brackets: times tokio)\n{}",
            tabulate(&cases, &contestants, metric, &rows)
        ));
    }
    for line in behind(HOME, &[PROCESSOR], &rows) {
        options.say(&line);
    }
    Ok(record)
}

/// Where `redis-benchmark` is.
fn client() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(CLIENT))
        .find(|program| program.is_file())
}

/// Every round runs all cases, and in each all who take part, in an order that rotates.
fn run_all(
    programs: &Programs,
    options: &Options,
    client: &PathBuf,
    tasks: &[Task],
    contestants: &[String],
    record: &mut Record,
) {
    let cores = pair::cores();
    let mut progress = Progress::new("kv", options.rounds() * tasks.len() * contestants.len());
    for round in 0..options.rounds() {
        for task in tasks {
            let case = task.name();
            for place in subjects::rotated(contestants.len(), round) {
                let subject = &contestants[place];
                progress.begin(&format!("round {}, {case}", round + 1), subject);
                match run(programs, client, cores, subject, *task) {
                    Ok(values) => {
                        for ((_, metric), value) in METRICS.into_iter().zip(values) {
                            record.note(&case, subject, round, metric, value);
                        }
                    }
                    Err(error) => {
                        progress.note(&format!("{subject} in {case}: {error}"));
                        record.fail(&case, subject, error.to_string());
                    }
                }
                progress.step();
            }
        }
    }
    progress.finish();
}

/// One run of one subject: the first values of [`METRICS`].
fn run(
    programs: &Programs,
    client: &PathBuf,
    cores: Cores,
    subject: &str,
    task: Task,
) -> Result<[f64; 4]> {
    let (_, example) = SUBJECTS
        .into_iter()
        .find(|(name, _)| *name == subject)
        .ok_or_else(|| format!("no subject of kv is called `{subject}`"))?;
    let mut command = programs.example(example);
    let server = on_core(cores.server, || Server::start(command.arg("127.0.0.1:0")))?;
    let address = server.address();
    let mut store = Store::connect(address)?;
    store.answers_all()?;

    let load = |requests: u32| {
        let port = address.rsplit(':').next().unwrap_or_default();
        let mut command = Command::new(client);
        command
            .args(["-h", "127.0.0.1", "-p", port, "--csv"])
            .args([
                "-t",
                &task.command.to_lowercase(),
                "-n",
                &requests.to_string(),
            ])
            .args(["-c", &task.connections.to_string()])
            .args(["-P", &task.pipelined.to_string()]);
        on_core(cores.generator, || programs::run(&mut command))
    };
    load(task.warm_up())?;
    let before = processor_time(&server.process())?;
    let output = load(task.requests)?;
    let used = processor_time(&server.process())? - before;

    match task.command {
        "INCR" => store.expect(
            &["GET", COUNTER],
            &bulk(&(task.warm_up() + task.requests).to_string()),
        )?,
        _ => store.expect(&["GET", KEY], &bulk("VXK"))?,
    }
    let [rate, p50, p99] = figures(&output, task.command)?;
    let processor = used.as_nanos() as f64 / 1e3 / f64::from(task.requests);
    Ok([rate, processor, p50, p99])
}

/// Runs something on a thread that is bound to a core, and with it the processes that it starts.
fn on_core<T: Send>(core: usize, run: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    let bound = move || -> std::result::Result<T, String> {
        let mut set = CpuSet::new();
        set.set(core);
        sched_setaffinity(None, &set).map_err(|error| format!("core {core}: {error}"))?;
        run().map_err(|error| error.to_string())
    };
    let outcome = std::thread::scope(|scope| scope.spawn(bound).join());
    Ok(outcome.map_err(|_| "the thread of a run has panicked")??)
}

/// Processor time of all threads of a process so far, those of its ring included.
fn processor_time(process: &str) -> Result<Duration> {
    let mut nanoseconds = 0;
    for task in fs::read_dir(format!("/proc/{process}/task"))? {
        // A thread may end between the listing and the reading.
        if let Ok(text) = fs::read_to_string(task?.path().join("schedstat")) {
            nanoseconds += text
                .split_whitespace()
                .next()
                .and_then(|word| word.parse::<u64>().ok())
                .unwrap_or(0);
        }
    }
    Ok(Duration::from_nanos(nanoseconds))
}

/// Requests a second, and the median and the 99th percentile of their latency in microseconds, from what
/// `redis-benchmark --csv` prints: a line of names, and one of values in milliseconds.
fn figures(output: &str, command: &str) -> Result<[f64; 3]> {
    let mut lines = output.lines().map(|line| {
        line.split(',')
            .map(|field| field.trim_matches('"'))
            .collect()
    });
    let unknown = || format!("{CLIENT} printed something else than figures: {output:?}");
    let names: Vec<&str> = lines
        .find(|line: &Vec<&str>| line[0] == "test")
        .ok_or_else(unknown)?;
    let values: Vec<&str> = lines.find(|line| line[0] == command).ok_or_else(unknown)?;
    let value = |name: &str| {
        let place = names.iter().position(|known| *known == name)?;
        values.get(place)?.parse::<f64>().ok()
    };
    let [rate, p50, p99] = ["rps", "p50_latency_ms", "p99_latency_ms"].map(value);
    match (rate, p50, p99) {
        (Some(rate), Some(p50), Some(p99)) => Ok([rate, p50 * 1e3, p99 * 1e3]),
        _ => Err(unknown().into()),
    }
}

/// A connection to a server, which compares what it gets.
struct Store(TcpStream);

impl Store {
    fn connect(address: &str) -> Result<Store> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Store(stream))
    }

    /// Asks one of everything, all at once, and leaves behind what the load reads.
    fn answers_all(&mut self) -> Result {
        let dialogue: [(&[&str], &str); 12] = [
            (&["PING"], "+PONG\r\n"),
            (&["GET", "a"], "$-1\r\n"),
            (&["SET", "a", "a\r\nb"], "+OK\r\n"),
            (&["GET", "a"], "$4\r\na\r\nb\r\n"),
            (
                &["INCR", "a"],
                "-ERR value is not an integer or out of range\r\n",
            ),
            (&["SET", "a", "41"], "+OK\r\n"),
            (&["INCR", "a"], ":42\r\n"),
            (&["GET", "a"], "$2\r\n42\r\n"),
            (&["DEL", "a", "b"], ":1\r\n"),
            (&["GET", "a"], "$-1\r\n"),
            (&["SET", KEY, "VXK"], "+OK\r\n"),
            (&["GET", KEY], "$3\r\nVXK\r\n"),
        ];
        let requests: String = dialogue.iter().map(|(words, _)| request(words)).collect();
        let replies: String = dialogue.iter().map(|(_, reply)| *reply).collect();
        self.compare(&requests, &replies)
    }

    fn expect(&mut self, words: &[&str], reply: &str) -> Result {
        self.compare(&request(words), reply)
    }

    fn compare(&mut self, requests: &str, replies: &str) -> Result {
        self.0.write_all(requests.as_bytes())?;
        let mut got = vec![0; replies.len()];
        self.0
            .read_exact(&mut got)
            .map_err(|error| format!("instead of {replies:?} came nothing: {error}"))?;
        if got != replies.as_bytes() {
            let got = String::from_utf8_lossy(&got);
            return Err(format!("instead of {replies:?} came {got:?}").into());
        }
        Ok(())
    }
}

/// A request, as clients send it.
fn request(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| bulk(word)).collect();
    format!("*{}\r\n{}", words.len(), words.concat())
}

fn bulk(text: &str) -> String {
    format!("${}\r\n{text}\r\n", text.len())
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::time::Duration;

    use super::{Store, bulk, figures, on_core, processor_time, request};

    #[test]
    fn figures_are_found_by_their_names() {
        let output = "\"test\",\"rps\",\"p50_latency_ms\",\"p99_latency_ms\"\n\"SET\",\"1000.50\",\"0.5\",\"2.0\"\n";
        let found = figures(output, "SET").expect("they are there");
        assert_eq!(found, [1000.5, 500.0, 2000.0]);
        for broken in ["", "\"SET\",\"1\"", &output.replace("rps", "speed")] {
            let error = figures(broken, "SET").expect_err("there are none");
            assert!(error.to_string().contains("redis-benchmark"), "{error}");
        }
        assert!(figures(output, "GET").is_err());
    }

    #[test]
    fn a_reply_that_differs_is_an_error() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("it has one").to_string();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("one comes");
            for reply in ["$3\r\nVXK\r\n", "$3\r\nVXX\r\n"] {
                let mut asked = vec![0; request(&["GET", "a"]).len()];
                stream.read_exact(&mut asked).expect("a request");
                stream.write_all(reply.as_bytes()).expect("it is read");
            }
        });
        let mut store = Store::connect(&address).expect("it listens");
        store
            .expect(&["GET", "a"], &bulk("VXK"))
            .expect("as it was");
        let error = store
            .expect(&["GET", "a"], &bulk("VXK"))
            .expect_err("another");
        assert!(error.to_string().contains("VXX"), "{error}");
        server.join().expect("it does not panic");
        let error = store
            .expect(&["GET", "a"], &bulk("VXK"))
            .expect_err("it is gone");
        assert!(!error.to_string().is_empty());
    }

    #[test]
    fn this_process_has_used_time_and_a_core_that_is_not_there_is_an_error() {
        let process = std::process::id().to_string();
        assert!(processor_time(&process).expect("/proc is there") > Duration::ZERO);
        assert!(processor_time("none").is_err());
        assert!(on_core(1023, || Ok(())).is_err());
    }
}
