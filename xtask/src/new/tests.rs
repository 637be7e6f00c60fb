//! Makes services in temporary folders, builds one and talks to it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::*;
use crate::workspace::Workspace;

fn args(folder: &Path) -> NewArgs {
    NewArgs {
        folder: folder.to_owned(),
        name: None,
        git: None,
        path: false,
    }
}

fn temporary() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

#[test]
fn it_builds_outside_of_the_workspace_serves_and_stops_on_ctrl_c() {
    let place = temporary();
    let folder = place.path().join("echo-service");
    assert_eq!(write(&args(&folder)).expect("writes"), "echo-service");
    let shell = child::shell().expect("a shell");
    // The dependencies are there already.
    let target = Workspace::load(&shell).expect("metadata").target_directory;
    for subcommand in ["build", "test"] {
        child::cargo(&shell)
            .args([subcommand, "--offline", "--manifest-path"])
            .arg(folder.join("Cargo.toml"))
            .arg("--target-dir")
            .arg(&target)
            .run()
            .unwrap_or_else(|error| panic!("cargo {subcommand}: {error}"));
    }

    let mut service = Service::start(&target.join("debug/echo-service"));
    let mut client = TcpStream::connect(&service.address).expect("it listens");
    exchange(&mut client, b"before");
    let pid = Pid::from_child(&service.child);
    kill_process(pid, Signal::INT).expect("it runs");
    // Until it accepts no more.
    while TcpStream::connect(&service.address).is_ok() {}
    exchange(&mut client, b"after");
    client.shutdown(Shutdown::Write).expect("still connected");
    assert_eq!(client.read(&mut [0]).expect("an orderly end"), 0);
    assert!(service.child.wait().expect("its status").success());
}

/// Ended, whatever happens.
struct Service {
    child: Child,
    address: String,
}

impl Service {
    fn start(program: &Path) -> Service {
        let mut child = Command::new(program)
            .arg("127.0.0.1:0")
            .stdout(Stdio::piped())
            .spawn()
            .expect("it was built");
        let output = child.stdout.take().expect("piped");
        let mut line = String::new();
        BufReader::new(output)
            .read_line(&mut line)
            .expect("it says where it listens");
        let address = line
            .trim_end()
            .strip_prefix("listening on ")
            .expect("the address")
            .to_owned();
        Service { child, address }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn exchange(client: &mut TcpStream, bytes: &[u8]) {
    client.write_all(bytes).expect("it reads");
    let mut echoed = vec![0; bytes.len()];
    client.read_exact(&mut echoed).expect("it answers");
    assert_eq!(echoed, bytes);
}

#[test]
fn a_git_dependency_is_written_as_one() {
    let place = temporary();
    let url = "https://example.org/corio.git";
    let args = NewArgs {
        name: Some("other".to_owned()),
        git: Some(url.to_owned()),
        ..args(place.path())
    };
    assert_eq!(write(&args).expect("an empty folder will do"), "other");
    let manifest = fs::read_to_string(place.path().join("Cargo.toml")).expect("written");
    assert!(manifest.contains("name = \"other\"\n"), "{manifest}");
    assert!(
        manifest.contains(&format!("corio = {{ git = \"{url}\", features")),
        "{manifest}"
    );
    for file in ["Cargo.toml", "README.md", "src/main.rs"] {
        let text = fs::read_to_string(place.path().join(file)).expect("written");
        assert!(
            !text.contains("{{name}}") && !text.contains("{{source}}"),
            "{file}"
        );
    }
}

#[test]
fn what_is_there_is_not_overwritten() {
    let place = temporary();
    let file = place.path().join("Cargo.toml");
    fs::write(&file, "mine").expect("writable");
    let named = |folder: &Path| NewArgs {
        name: Some("service".to_owned()),
        ..args(folder)
    };
    let error = write(&named(place.path()))
        .expect_err("not empty")
        .to_string();
    assert!(error.contains("is not empty: name a folder"), "{error}");
    let error = write(&named(&file)).expect_err("a file").to_string();
    assert!(error.contains("is a file: name a folder"), "{error}");
    let error = write(&named(&file.join("below")))
        .expect_err("below a file")
        .to_string();
    assert!(
        error.contains("is a file") || error.contains("cannot"),
        "{error}"
    );
    assert_eq!(fs::read_to_string(&file).expect("still there"), "mine");
}

#[test]
fn a_refused_name_leaves_nothing_behind() {
    let place = temporary();
    let folder = place.path().join("2nd");
    let error = write(&args(&folder))
        .expect_err("a digit first")
        .to_string();
    assert!(error.contains("does not begin with a letter"), "{error}");
    assert!(!folder.exists());
}
