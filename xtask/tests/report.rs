//! `cargo xtask bench --from`: what becomes of saved results, as the command makes it; the page in a real browser.

mod browser;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use browser::Browser;
use serde_json::{Value, json};
use tempfile::TempDir;

const MEASURE: &str = include_str!("browser/measure.js");

/// A name that would be markup if it could.
const NASTY: &str = "<b onclick=\"x\">& 'co'</b>";

struct Place(TempDir);

impl Place {
    fn new() -> Place {
        Place(tempfile::tempdir().expect("there is room for temporary files"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn save(&self, name: &str, results: &Value) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, results.to_string()).expect("the folder is ours");
        path
    }
}

/// Runs `cargo xtask bench --from FILE` with more arguments.
fn bench(from: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["bench", "--from"])
        .arg(from)
        .args(arguments)
        .output()
        .expect("xtask was just built")
}

fn succeed(from: &Path, arguments: &[&str]) -> String {
    let output = bench(from, arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).expect("text")
}

fn fail(from: &Path, arguments: &[&str]) -> String {
    let output = bench(from, arguments);
    assert!(!output.status.success());
    String::from_utf8(output.stderr).expect("text")
}

fn series(case: &str, subject: &str, role: &str, samples: &[f64]) -> Value {
    json!({
        "case": case, "subject": subject, "role": role, "metric": "server_cpu",
        "unit": "us/request", "better": "less", "reference": "raw-uring", "samples": samples,
    })
}

/// Results of two races, with everything that is hard to draw; corio costs `home`.
fn results(home: f64) -> Value {
    let five = |value: f64| [1.0, 1.1, 0.9, 1.05, 2.0].map(|drift| value * drift);
    let mut echo = Vec::new();
    for case in [
        "size=128,conns=1",
        NASTY,
        &"a case with a long name ".repeat(6),
    ] {
        for (subject, role, value) in [
            ("raw-uring", "bare", 5.0),
            ("raw-epoll", "bare", 5.5),
            ("corio", "home", home),
            ("corio (epoll)", "kin", 5.9),
            ("tokio", "peer", 5.6),
            (NASTY, "peer", 20_000.0),
            ("a-subject-whose-name-is-much-longer-than-any", "peer", 7.0),
            ("WWWWWWWWWWWWWWWWWW", "peer", 0.0),
        ] {
            echo.push(series(case, subject, role, &five(value)));
        }
    }
    let mut rate = series("size=128,conns=1", "corio", "home", &five(123_456.7));
    rate["metric"] = json!("throughput");
    rate["better"] = json!("more");
    echo.push(rate);
    let single = [
        series("once", "corio", "home", &[3e15]),
        series("once", "tokio", "peer", &[1e-6]),
    ];
    json!({
        "schema": "corio-bench",
        "version": 1,
        "run": {
            "date": "2030-01-02T03:04:05Z",
            "command": format!("cargo xtask bench --cases '{NASTY}' {}", "x".repeat(300)),
            "machine": {
                "processor": "A processor", "cores": 2, "is_virtual": true,
                "memory_bytes": 8_589_934_592u64, "governor": null, "kernel": "Linux 6.18.0",
            },
            "driver": "io_uring", "rustc": "rustc 1.95.0", "commit": null,
            "peers": [{ "name": "tokio", "version": "1.54.0" }],
        },
        "races": [
            {
                "name": "echo", "rounds": 5, "decisive": ["server_cpu"], "series": echo,
                "failures": [{ "case": NASTY, "subject": "glommio", "reason": "no\u{0}memory ".repeat(40) }],
            },
            { "name": "net", "rounds": 1, "decisive": [], "series": single, "failures": [] },
        ],
    })
}

#[test]
fn the_page_stands_in_a_real_browser() {
    let Some(program) = browser::find() else {
        println!("skipped: no browser of the Chromium family is on PATH or named by CORIO_BROWSER");
        return;
    };
    let Some(mut browser) = Browser::start(&program) else {
        assert!(
            !browser::is_named(),
            "{} does not come up",
            program.display()
        );
        println!("skipped: {} does not come up", program.display());
        return;
    };
    let place = Place::new();
    let from = place.save("new.json", &results(7.0));
    let old = place.save("old.json", &results(14.0));
    let page = place.path("report.html");
    let report = format!("--report={}", page.display());
    succeed(
        &from,
        &[&report, "--baseline", old.to_str().expect("a plain path")],
    );

    let url = format!("file://{}", page.display());
    let mut papers = Vec::new();
    for scheme in ["light", "dark"] {
        for width in [400, 1400] {
            browser.show(&url, width, scheme);
            assert_eq!(browser.evaluate("window.innerWidth"), width);
            assert_eq!(
                browser.evaluate(MEASURE),
                json!([]),
                "{width} wide, {scheme}"
            );
            assert_eq!(browser.complaints(&url), Vec::<String>::new());
        }
        papers.push(browser.evaluate("getComputedStyle(document.body).backgroundColor"));
    }
    assert_ne!(papers[0], papers[1], "light and dark look the same");
    let shown = "[...document.querySelectorAll('figure.card[id]')].filter(c => !c.hidden).length";
    assert_eq!(browser.evaluate(shown), 5);
    browser.evaluate("document.querySelector('#filter').value = 'SIZE=128'");
    browser.evaluate("document.querySelector('#filter').dispatchEvent(new Event('input'))");
    assert_eq!(
        browser.evaluate(shown),
        2,
        "the filter leaves both metrics of one case"
    );
}

#[test]
fn saved_results_are_handed_on_as_they_are() {
    let place = Place::new();
    let from = place.save("new.json", &results(7.0));
    let json: Value = serde_json::from_str(&succeed(&from, &["--json", "-"])).expect("JSON");
    let mut expected = results(7.0);
    assert_eq!(json, expected);

    let csv = succeed(&from, &["--csv", "-"]);
    assert_eq!(csv.lines().count(), 1 + (3 * 8 + 1) * 5 + 2);
    assert!(csv.contains("net,once,tokio,peer,server_cpu,us/request,less,raw-uring,1,0.000001"));

    // One race alone.
    let json: Value = serde_json::from_str(&succeed(&from, &["net", "--json", "-"])).expect("JSON");
    expected["races"].as_array_mut().expect("races").remove(0);
    assert_eq!(json, expected);
    assert!(fail(&from, &["sync", "--json", "-"]).contains("it has: echo, net"));
}

#[test]
fn a_comparison_marks_what_has_changed_and_warns() {
    let place = Place::new();
    let from = place.save("new.json", &results(7.0));
    let mut old = results(14.0);
    old["run"]["machine"]["kernel"] = json!("Linux 5.4");
    let old = place.save("old.json", &old);
    let text = succeed(&from, &["--baseline", old.to_str().expect("a plain path")]);
    assert!(text.contains("3 of"), "{text}");
    assert!(
        text.contains("warning: the kernel is another: Linux 5.4 then"),
        "{text}"
    );
    assert_eq!(text.matches("50 % better").count(), 3, "{text}");
    let same = succeed(&from, &["--baseline", from.to_str().expect("a plain path")]);
    assert!(
        same.contains(" 0 of") && !same.contains("warning"),
        "{same}"
    );
}

#[test]
fn bad_files_are_errors_that_say_what_to_do() {
    let place = Place::new();
    let absent = place.path("absent.json");
    assert!(fail(&absent, &["--json", "-"]).contains("absent.json cannot be read"));
    let foreign = place.save("foreign.json", &json!([{ "bench": "echo" }]));
    let error = fail(&foreign, &["--report"]);
    assert!(
        error.contains("foreign.json") && error.contains("--json FILE"),
        "{error}"
    );
    let good = place.save("good.json", &results(7.0));
    let error = fail(
        &good,
        &[
            "--json",
            "-",
            "--baseline",
            foreign.to_str().expect("plain"),
        ],
    );
    assert!(
        error.contains("foreign.json: this is no result file"),
        "{error}"
    );
    assert!(fail(&good, &[]).contains("--from runs nothing"));
    let folder = place.0.path().to_str().expect("a plain path").to_owned();
    assert!(fail(&good, &["--csv", &folder]).contains("cannot be written"));
}
