//! The examples on another runtime do what they do on corio.
#![cfg(feature = "tokio")]

#[path = "../../crates/corio/tests/examples/kv_server.rs"]
mod kv_server;
#[path = "../../crates/corio/tests/examples/support.rs"]
mod support;

use std::process::Command;

const KV_SERVER: &str = "kv_on_tokio";

#[test]
fn the_pipeline_runs_on_tokio() {
    let tests = std::env::current_exe().unwrap();
    let folder = tests.parent().and_then(|deps| deps.parent()).unwrap();
    let program = folder.join("examples").join("pipeline_on_tokio");
    let output = Command::new(program).arg("5000").output();
    let output = output.expect("`cargo test -p benches` builds the example");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("of 5000 squares is 41654167500;"), "{text}");
}
