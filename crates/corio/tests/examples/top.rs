//! `top`: one snapshot printed, the drawing, and a session in a terminal.

#[path = "../../examples/top/view.rs"]
mod view;

use std::io::Write;
use std::process::{Command, Stdio};

use corio::inspect;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use view::{Sort, View};

use crate::support::{Running, example, succeeded};

#[test]
fn once_prints_every_part() {
    let text = succeeded(example("top").arg("--once").output().unwrap());
    for part in [
        "context ",
        "(demo-2)",
        "granted:",
        "WAITING ON",
        "echo server",
        "accept on fd",
        "echo client 3",
        "consumer 2",
        "producer",
        "ticker",
        "timer in",
        "slow",
        "workload.rs:",
        "watchdog: context demo-2: task",
        "has held it for at least",
    ] {
        assert!(text.contains(part), "no `{part}` in:\n{text}");
    }
}

/// What is "a wake-up" otherwise.
#[test]
fn trace_says_what_a_wait_is_for() {
    for trace in [false, true] {
        let mut top = example("top");
        top.arg("--once").args(trace.then_some("--trace"));
        let text = succeeded(top.output().unwrap());
        let closing = text.lines().find(|line| line.contains(" closing "));
        let closing = closing.unwrap_or_else(|| panic!("{text}"));
        let part = if trace {
            " channel::oneshot::"
        } else {
            " a wake-up "
        };
        assert!(closing.contains(part), "no `{part}` in:\n{closing}");
    }
}

#[test]
fn json_is_json() {
    let text = succeeded(example("top").arg("--json").output().unwrap());
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let contexts = value["contexts"].as_array().unwrap();
    assert_eq!(contexts.len(), 3);
    let tasks = contexts
        .iter()
        .flat_map(|context| context["tasks"].as_array().unwrap());
    let names: Vec<_> = tasks.filter_map(|task| task["name"].as_str()).collect();
    for name in ["echo server", "producer", "slow"] {
        assert!(names.contains(&name), "{names:?}");
    }
}

#[test]
fn without_a_terminal_it_says_what_to_do() {
    let output = example("top").output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && text.contains("--once"),
        "{text}"
    );
}

/// The lines of the screen.
fn drawn(view: &View) -> Vec<String> {
    let mut terminal = Terminal::new(TestBackend::new(160, 24)).unwrap();
    terminal.draw(|frame| view::draw(frame, view)).unwrap();
    let buffer = terminal.backend().buffer().clone();
    let symbols: Vec<_> = buffer.content().iter().map(|cell| cell.symbol()).collect();
    symbols.chunks(160).map(|line| line.concat()).collect()
}

#[test]
fn tasks_are_drawn_in_their_order() {
    let snapshot = corio::block_on(async {
        for name in ["bravo", "alpha"] {
            corio::spawn_named(
                name,
                inspect::waiting_for("a test", std::future::pending::<()>()),
            )
            .detach();
        }
        corio::yield_now().await;
        inspect::of(&[corio::handle()])
    })
    .unwrap();
    let mut view = View {
        snapshot,
        messages: vec!["old".into(), "new".into()],
        sort: Sort::Name,
        trace: false,
    };
    let row = |lines: &[String], part: &str| {
        let at = lines.iter().position(|line| line.contains(part));
        at.unwrap_or_else(|| panic!("no `{part}` in:\n{}", lines.join("\n")))
    };
    let lines = drawn(&view);
    assert!(row(&lines, "contexts") < row(&lines, "3 tasks"));
    assert!(row(&lines, "alpha") < row(&lines, "bravo"));
    assert!(row(&lines, "bravo") < row(&lines, "main"));
    assert!(lines[row(&lines, "alpha")].contains("a test"));
    assert!(row(&lines, "new") < row(&lines, "old"));
    assert!(row(&lines, "watchdog") < row(&lines, "q quits"));
    view.sort = view.sort.next();
    assert_eq!(view.sort, Sort::Id);
    let lines = drawn(&view);
    assert!(
        row(&lines, "main") < row(&lines, "bravo") && row(&lines, "bravo") < row(&lines, "alpha")
    );
}

/// In a terminal, made by `script` if that program is there: it draws, and `q` ends it with the screen as it was.
#[test]
fn q_ends_a_session() {
    let has_script = Command::new("script").arg("--version").output();
    if !has_script.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: there is no program `script`");
        return;
    }
    let top = example("top").get_program().to_str().unwrap().to_owned();
    let mut script = Command::new("script");
    let command = format!("stty rows 40 cols 160; {top} --interval 20");
    script.args(["-qefc", &command, "/dev/null"]);
    script.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut session = Running::start(script);
    let mut keys = session.child.stdin.take().unwrap();
    let mut screen = String::new();
    // What is drawn comes in pieces; the last part is the help line.
    while !screen.contains("quits") {
        screen.push_str(&session.some_output());
    }
    keys.write_all(b"stq").unwrap();
    screen.push_str(&session.ended());
    assert!(
        screen.contains("contexts") && screen.contains("watchdog"),
        "{screen:?}"
    );
    let (enter, leave) = ("\u{1b}[?1049h", "\u{1b}[?1049l");
    let at = |part| {
        screen
            .find(part)
            .unwrap_or_else(|| panic!("{part:?} in {screen:?}"))
    };
    assert!(at(enter) < at("quits") && at("quits") < at(leave));
}
