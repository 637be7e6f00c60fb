//! A snapshot on a terminal: contexts above, tasks below, then what the watchdog has said.

use std::cmp::Reverse;
use std::time::Duration;

use corio::inspect::{ContextInfo, Snapshot, TaskInfo, TaskState};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::{Block, Paragraph, Row, Table};

/// What is shown.
pub(crate) struct View {
    pub(crate) snapshot: Snapshot,
    /// Latest last.
    pub(crate) messages: Vec<String>,
    pub(crate) sort: Sort,
    /// Whether waits are traced.
    pub(crate) trace: bool,
}

/// What tasks are sorted by: the largest first, names and ids the other way round.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Sort {
    #[default]
    Busy,
    Polls,
    Name,
    Id,
}

impl Sort {
    pub(crate) fn next(self) -> Self {
        match self {
            Self::Busy => Self::Polls,
            Self::Polls => Self::Name,
            Self::Name => Self::Id,
            Self::Id => Self::Busy,
        }
    }

    fn sort(self, tasks: &mut [&TaskInfo]) {
        match self {
            Self::Busy => tasks.sort_by_key(|task| Reverse(task.busy)),
            Self::Polls => tasks.sort_by_key(|task| Reverse(task.polls)),
            Self::Name => tasks.sort_by(|a, b| a.name.cmp(&b.name)),
            Self::Id => tasks.sort_by_key(|task| task.id),
        }
    }
}

const HEADING: Style = Style::new().add_modifier(Modifier::BOLD);
const HELD: Style = Style::new().fg(Color::Red);

pub(crate) fn draw(frame: &mut Frame<'_>, view: &View) {
    let contexts = u16::try_from(view.snapshot.contexts.len()).unwrap_or(u16::MAX);
    let [above, middle, below, help] = Layout::vertical([
        Constraint::Length(contexts.saturating_add(3)),
        Constraint::Min(5),
        Constraint::Length(6),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    draw_contexts(frame, above, view);
    draw_tasks(frame, middle, view);
    draw_messages(frame, below, view);
    let text = format!(
        "q quits, s sorts by something else (now {:?}), t traces waits ({})",
        view.sort,
        if view.trace { "on" } else { "off" },
    );
    frame.render_widget(Paragraph::new(text), help);
}

fn draw_contexts(frame: &mut Frame<'_>, area: Rect, view: &View) {
    let rows = view.snapshot.contexts.iter().map(context);
    let heading = [
        "ID", "NAME", "STATE", "DRIVER", "TASKS", "QUEUED", "POLLS", "I/O", "ENTERS", "TIMERS",
        "BUSY",
    ];
    let widths = [4, 16, 8, 10, 6, 7, 10, 5, 9, 7, 6].map(Constraint::Length);
    let table = Table::new(rows, widths)
        .header(Row::new(heading).style(HEADING))
        .block(Block::bordered().title("contexts"));
    frame.render_widget(table, area);
}

fn context(context: &ContextInfo) -> Row<'_> {
    let metrics = &context.metrics;
    let driver = context.setup.as_ref().map_or("-", |setup| setup.driver);
    let whole = (metrics.busy + metrics.idle).as_secs_f64();
    let busy = if whole > 0.0 {
        100.0 * metrics.busy.as_secs_f64() / whole
    } else {
        0.0
    };
    let row = Row::new([
        context.id.to_string(),
        context.name.to_string(),
        context.state.to_string(),
        driver.to_owned(),
        metrics.tasks_live.to_string(),
        metrics.queue_depth.to_string(),
        metrics.polls.to_string(),
        metrics.in_flight.to_string(),
        metrics.enters.to_string(),
        metrics.timers_pending.to_string(),
        format!("{busy:.1}%"),
    ]);
    if context.answered {
        row
    } else {
        row.style(HELD)
    }
}

fn draw_tasks(frame: &mut Frame<'_>, area: Rect, view: &View) {
    let mut tasks: Vec<_> = view.snapshot.tasks().collect();
    view.sort.sort(&mut tasks);
    let title = format!("{} tasks", tasks.len());
    let rows = tasks.into_iter().map(task);
    let heading = [
        "ID",
        "CTX",
        "NAME",
        "STATE",
        "POLLS",
        "BUSY",
        "AGE",
        "WAITING ON",
        "SPAWNED AT",
    ];
    let widths = [
        Constraint::Length(6),
        Constraint::Length(4),
        Constraint::Length(18),
        Constraint::Length(8),
        Constraint::Length(9),
        Constraint::Length(9),
        Constraint::Length(9),
        Constraint::Fill(1),
        Constraint::Fill(1),
    ];
    let table = Table::new(rows, widths)
        .header(Row::new(heading).style(HEADING))
        .block(Block::bordered().title(title));
    frame.render_widget(table, area);
}

fn task(task: &TaskInfo) -> Row<'_> {
    let waits: Vec<_> = task.waiting_on.iter().map(ToString::to_string).collect();
    let row = Row::new([
        task.id.to_string(),
        task.context.to_string(),
        task.name.as_deref().unwrap_or("-").to_owned(),
        task.state.to_string(),
        task.polls.to_string(),
        task.busy.map_or_else(|| "-".into(), time),
        time(task.age),
        waits.join(", "),
        task.location.to_string(),
    ]);
    if task.state == TaskState::Running {
        row.style(HELD)
    } else {
        row
    }
}

fn time(time: Duration) -> String {
    format!("{time:.1?}")
}

fn draw_messages(frame: &mut Frame<'_>, area: Rect, view: &View) {
    // The latest first: what there is no room for is the oldest.
    let lines: Vec<_> = view
        .messages
        .iter()
        .rev()
        .map(|text| Line::raw(&**text))
        .collect();
    let block = Block::bordered().title("watchdog");
    frame.render_widget(Paragraph::new(lines).block(block), area);
}
