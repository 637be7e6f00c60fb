//! Files are served as they are, and nothing outside of their directory.

use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::support::{Client, Server};

/// A directory to serve, and beside it what is not to be served.
fn tree() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("root");
    std::fs::create_dir_all(root.join("sub")).unwrap();
    std::fs::write(directory.path().join("secret.txt"), "secret").unwrap();
    // Its path begins like the root's.
    std::fs::create_dir(directory.path().join("root2")).unwrap();
    std::fs::write(directory.path().join("root2/secret.txt"), "secret").unwrap();
    std::fs::write(root.join("index.html"), "<p>top").unwrap();
    std::fs::write(root.join("sub/index.html"), "<p>sub").unwrap();
    std::fs::write(root.join("a b\u{e9}.txt"), "0123456789").unwrap();
    std::fs::write(root.join("empty"), "").unwrap();
    let large: Vec<u8> = (0..3_000_000_u32).map(|at| (at / 7) as u8).collect();
    std::fs::write(root.join("large.bin"), large).unwrap();
    symlink("../secret.txt", root.join("out.txt")).unwrap();
    symlink("../root2", root.join("out")).unwrap();
    symlink("loop", root.join("loop")).unwrap();
    symlink("sub/index.html", root.join("in.html")).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, root.join("pipe"), 0o600.into()).unwrap();
    directory
}

fn start(directory: &Path) -> Server {
    let root = directory.join("root");
    Server::start("static_files", &["127.0.0.1:0", root.to_str().unwrap()])
}

/// Asks, and reads the whole response: its status, its fields, its body.
fn ask(client: &mut Client, method: &str, target: &str, fields: &str) -> (u16, String, Vec<u8>) {
    client.send(format!(
        "{method} {target} HTTP/1.1\r\nHost: here\r\n{fields}\r\n"
    ));
    let head = client.until("\r\n\r\n");
    let status = head[9..12].parse().unwrap();
    let length = head
        .split("Content-Length: ")
        .nth(1)
        .and_then(|rest| rest.split("\r\n").next())
        .unwrap()
        .parse()
        .unwrap();
    let body = if method == "HEAD" { 0 } else { length };
    (status, head, client.exactly(body))
}

#[test]
fn files_are_served_as_they_are() {
    let directory = tree();
    let server = start(directory.path());
    let mut client = server.connect();
    let large = std::fs::read(directory.path().join("root/large.bin")).unwrap();
    let cases: [(&str, &str, &[u8]); 9] = [
        ("/", "text/html; charset=utf-8", b"<p>top"),
        ("/index.html?a=b", "text/html; charset=utf-8", b"<p>top"),
        ("/sub/", "text/html; charset=utf-8", b"<p>sub"),
        (
            "/.//sub/./index.html",
            "text/html; charset=utf-8",
            b"<p>sub",
        ),
        ("/sub/../index.html", "text/html; charset=utf-8", b"<p>top"),
        ("/in.html", "text/html; charset=utf-8", b"<p>sub"),
        (
            "/a%20b%c3%A9.txt",
            "text/plain; charset=utf-8",
            b"0123456789",
        ),
        ("/empty", "application/octet-stream", b""),
        ("/large.bin", "application/octet-stream", &large),
    ];
    for (target, media_type, content) in cases {
        let (status, head, body) = ask(&mut client, "GET", target, "");
        assert_eq!(status, 200, "{target}");
        assert!(
            head.contains(&format!("\r\nContent-Type: {media_type}\r\n")),
            "{head}"
        );
        assert!(body == content, "{target}");
        let (status, head, _) = ask(&mut client, "HEAD", target, "");
        assert_eq!(status, 200, "{target}");
        assert!(
            head.contains(&format!("Content-Length: {}\r\n", content.len())),
            "{head}"
        );
    }
    let (status, head, _) = ask(&mut client, "GET", "/sub", "");
    assert_eq!(status, 301);
    assert!(head.contains("\r\nLocation: /sub/\r\n"), "{head}");
    let (status, ..) = ask(&mut client, "DELETE", "/index.html", "");
    assert_eq!(status, 405);
}

#[test]
fn nothing_outside_of_the_directory_is_served() {
    let directory = tree();
    let server = start(directory.path());
    let mut client = server.connect();
    for target in [
        "/../secret.txt",
        "/sub/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/.%2E/root2/secret.txt",
        "/..%2fsecret.txt",
        "/sub/..%2f..%2fsecret.txt",
        "/out.txt",
        "/out/secret.txt",
        "/etc/passwd",
        "//etc/passwd",
        "/index.html%00.txt",
        "/index.html/",
        "/%zz",
        "/%4",
        "/none",
        "/loop",
        "/pipe",
        "secret.txt",
        "*",
    ] {
        let (status, _, body) = ask(&mut client, "GET", target, "");
        assert_eq!(status, 404, "{target}");
        assert_eq!(body, b"404 Not Found\n");
        assert_eq!(ask(&mut client, "HEAD", target, "").0, 404, "{target}");
    }
}

#[test]
fn a_part_of_a_file_is_served() {
    let directory = tree();
    let server = start(directory.path());
    let mut client = server.connect();
    let target = "/a%20b%c3%a9.txt";
    let cases: [(&str, u16, &str, &str); 10] = [
        ("bytes=0-0", 206, "bytes 0-0/10", "0"),
        ("bytes=2-4", 206, "bytes 2-4/10", "234"),
        ("bytes=7-", 206, "bytes 7-9/10", "789"),
        ("bytes=7-99999999999999999999", 200, "", "0123456789"),
        ("bytes=7-18446744073709551615", 206, "bytes 7-9/10", "789"),
        ("bytes=-3", 206, "bytes 7-9/10", "789"),
        ("bytes=-30", 206, "bytes 0-9/10", "0123456789"),
        ("bytes=10-", 416, "bytes */10", ""),
        ("bytes=4-2", 200, "", "0123456789"),
        ("bytes=1-2,4-5", 200, "", "0123456789"),
    ];
    for (range, expected, content_range, content) in cases {
        let (status, head, body) = ask(&mut client, "GET", target, &format!("Range: {range}\r\n"));
        assert_eq!(status, expected, "{range}");
        assert_eq!(str::from_utf8(&body).unwrap(), content, "{range}");
        let field = format!("\r\nContent-Range: {content_range}\r\n");
        assert_eq!(head.contains(&field), !content_range.is_empty(), "{head}");
    }
    let fields = "Range: bytes=0-0\r\nIf-Range: \"old\"\r\n";
    assert_eq!(ask(&mut client, "GET", target, fields).2, b"0123456789");
}

#[test]
fn a_download_that_is_broken_off_harms_nobody() {
    let directory = tree();
    let server = start(directory.path());
    for _ in 0..5 {
        let mut client = server.connect();
        client.send("GET /large.bin HTTP/1.1\r\nHost: here\r\n\r\n".repeat(3));
        client.exactly(1000);
    }
    let (status, ..) = ask(&mut server.connect(), "GET", "/large.bin", "");
    assert_eq!(status, 200);
}

#[test]
fn ctrl_c_ends_it_after_the_files_that_it_sends() {
    let directory = tree();
    let server = start(directory.path());
    let mut idle = server.connect();
    assert_eq!(ask(&mut idle, "GET", "/empty", "").0, 200);
    let mut busy = server.connect();
    busy.send("GET /large.bin HTTP/1.1\r\nHost: here\r\n\r\n");
    let head = busy.until("\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    server.running.interrupt();
    // It is found out when nobody is let in any more, which the download does not hold up.
    while TcpStream::connect(server.address).is_ok() {}
    assert_eq!(idle.rest(), b"");
    assert_eq!(busy.rest().len(), 3_000_000);
    let mut running = server.running;
    running.ended();
}
