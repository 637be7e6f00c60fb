//! `prometheus`: what it serves is valid, and counts.

use std::collections::HashMap;

use crate::support::{Client, Server};

/// A name with everything that has to be escaped in a label.
const NAME: &str = "a \"b\" \\ c\nd";

fn get(client: &mut Client, target: &str) -> (String, String) {
    client.send(format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n"));
    let head = client.until("\r\n\r\n");
    let length = head.split_once("Content-Length: ").unwrap().1;
    let length = length.split_once('\r').unwrap().0.parse().unwrap();
    let body = client.exactly(length);
    (head, String::from_utf8(body).unwrap())
}

/// The samples by name and labels. Every one belongs to the family that `# HELP` and `# TYPE` have announced.
fn samples(text: &str) -> HashMap<&str, f64> {
    let (text, end) = text.split_at(text.len() - "# EOF\n".len());
    assert_eq!(end, "# EOF\n");
    let mut samples = HashMap::new();
    let (mut helped, mut family, mut kind) = ("", "", "");
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            helped = rest.split(' ').next().unwrap();
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            (family, kind) = rest.split_once(' ').unwrap();
            assert_eq!(helped, family, "{line}");
            assert!(matches!(kind, "counter" | "gauge"), "{line}");
        } else if let Some(rest) = line.strip_prefix("# UNIT ") {
            assert!(rest.starts_with(family), "{line}");
        } else {
            let (sample, value) = line.rsplit_once(' ').unwrap();
            let (name, labels) = sample.split_once('{').unwrap();
            let suffix = if kind == "counter" { "_total" } else { "" };
            assert_eq!(name, format!("{family}{suffix}"));
            assert!(
                name.starts_with("corio_") && labels.ends_with('}'),
                "{line}"
            );
            let again = samples.insert(sample, value.parse().unwrap());
            assert!(again.is_none(), "twice: {line}");
        }
    }
    samples
}

#[test]
fn what_is_scraped_is_valid_and_grows() {
    let server = Server::start("prometheus", &["127.0.0.1:0", NAME]);
    let mut client = server.connect();
    let (head, first) = get(&mut client, "/metrics");
    assert!(head.contains("application/openmetrics-text"), "{head}");
    let before = samples(&first);
    let escaped = r#"context="a \"b\" \\ c\nd-0""#;
    let (&polls, &polled) = before
        .iter()
        .find(|(sample, _)| sample.starts_with("corio_polls_total{") && sample.contains(escaped))
        .unwrap_or_else(|| panic!("{first}"));
    assert!(
        before
            .keys()
            .any(|sample| sample.starts_with("corio_busy_seconds_total{"))
    );
    assert!(
        before
            .keys()
            .any(|sample| sample.starts_with("corio_tasks_live{"))
    );
    // Three contexts.
    let running = |(sample, _): &(&&str, &f64)| sample.starts_with("corio_running{");
    assert_eq!(before.iter().filter(running).count(), 3);
    assert!(
        before
            .iter()
            .filter(running)
            .all(|(_, &value)| value == 1.0)
    );
    // The tickers tick.
    loop {
        let (_, again) = get(&mut client, "/metrics");
        let after = samples(&again);
        assert_eq!(after.len(), before.len());
        if after[polls] > polled {
            break;
        }
    }
    let (head, _) = get(&mut client, "/elsewhere");
    assert!(head.starts_with("HTTP/1.1 404"), "{head}");
    drop(client);
    server.running.stop();
}
