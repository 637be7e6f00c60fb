//! What a request does, and what is replied.

use std::ops::{ControlFlow, RangeInclusive};

use crate::protocol::Replies;
use crate::store::{NotCounted, Store};

/// Runs a request. Breaks when the connection is to end.
pub(crate) fn run(request: &[&[u8]], store: &mut Store, replies: &mut Replies) -> ControlFlow<()> {
    let Some((name, arguments)) = request.split_first() else {
        return ControlFlow::Continue(());
    };
    let command = COMMANDS
        .iter()
        .find(|command| name.eq_ignore_ascii_case(command.name.as_bytes()));
    match command {
        None => {
            let name = String::from_utf8_lossy(&name[..name.len().min(64)]);
            replies.error(&format!("ERR unknown command '{}'", name.escape_debug()));
        }
        Some(command) if !command.arguments.contains(&arguments.len()) => {
            let name = command.name.to_ascii_lowercase();
            replies.error(&format!(
                "ERR wrong number of arguments for '{name}' command"
            ));
        }
        Some(command) => {
            (command.run)(arguments, store, replies);
            if command.name == "QUIT" {
                return ControlFlow::Break(());
            }
        }
    }
    ControlFlow::Continue(())
}

/// A command: its name, how many arguments it takes, what it does with them.
struct Command {
    name: &'static str,
    arguments: RangeInclusive<usize>,
    run: fn(&[&[u8]], &mut Store, &mut Replies),
}

const fn command(
    name: &'static str,
    arguments: RangeInclusive<usize>,
    run: fn(&[&[u8]], &mut Store, &mut Replies),
) -> Command {
    Command {
        name,
        arguments,
        run,
    }
}

const MANY: usize = usize::MAX;

/// The frequent ones first.
static COMMANDS: [Command; 15] = [
    command("GET", 1..=1, get),
    command("SET", 2..=MANY, set),
    command("INCR", 1..=1, |keys, store, replies| {
        add(keys[0], 1, store, replies);
    }),
    command("DECR", 1..=1, |keys, store, replies| {
        add(keys[0], -1, store, replies);
    }),
    command("DEL", 1..=MANY, |keys, store, replies| {
        count(replies, keys, |key| store.remove(key));
    }),
    command("EXISTS", 1..=MANY, |keys, store, replies| {
        count(replies, keys, |key| store.get(key).is_some());
    }),
    command("PING", 0..=1, |text, _, replies| match text {
        [text] => replies.bulk(text),
        _ => replies.simple("PONG"),
    }),
    command("ECHO", 1..=1, |text, _, replies| replies.bulk(text[0])),
    command("DBSIZE", 0..=0, |_, store, replies| {
        replies.integer(store.len() as i64);
    }),
    command("FLUSHALL", 0..=1, |_, store, replies| {
        store.clear();
        replies.simple("OK");
    }),
    // What clients ask before they begin.
    command("CONFIG", 1..=MANY, config),
    command("COMMAND", 0..=MANY, |_, _, replies| replies.array(0)),
    command("CLIENT", 1..=MANY, |_, _, replies| replies.simple("OK")),
    command("SELECT", 1..=1, |number, _, replies| match number {
        [b"0"] => replies.simple("OK"),
        _ => replies.error("ERR DB index is out of range"),
    }),
    command("QUIT", 0..=0, |_, _, replies| replies.simple("OK")),
];

fn get(key: &[&[u8]], store: &mut Store, replies: &mut Replies) {
    match store.get(key[0]) {
        Some(value) => replies.bulk(value),
        None => replies.nothing(),
    }
}

fn set(arguments: &[&[u8]], store: &mut Store, replies: &mut Replies) {
    match arguments {
        [key, value] => {
            store.set(key, value);
            replies.simple("OK");
        }
        // Expiry and conditions: there are none here.
        _ => replies.error("ERR syntax error"),
    }
}

fn add(key: &[u8], step: i64, store: &mut Store, replies: &mut Replies) {
    match store.add(key, step) {
        Ok(sum) => replies.integer(sum),
        Err(NotCounted::NoInteger) => {
            replies.error("ERR value is not an integer or out of range");
        }
        Err(NotCounted::Overflow) => replies.error("ERR increment or decrement would overflow"),
    }
}

fn count(replies: &mut Replies, keys: &[&[u8]], is_counted: impl FnMut(&[u8]) -> bool) {
    let mut is_counted = is_counted;
    let counted = keys.iter().filter(|key| is_counted(key)).count();
    replies.integer(counted as i64);
}

/// Every parameter that is asked for exists, and is empty.
fn config(arguments: &[&[u8]], _: &mut Store, replies: &mut Replies) {
    match arguments {
        [get, parameters @ ..] if get.eq_ignore_ascii_case(b"GET") && !parameters.is_empty() => {
            replies.array(2 * parameters.len());
            for parameter in parameters {
                replies.bulk(parameter);
                replies.bulk(b"");
            }
        }
        _ => replies.error("ERR only CONFIG GET is known"),
    }
}
