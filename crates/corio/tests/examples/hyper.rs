//! hyper on contexts against clients and servers that know nothing of corio: plain sockets, hyper on tokio, curl.

use std::convert::Infallible;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use http_body_util::channel::Channel;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;

use crate::support::{Server, example, succeeded};

fn start() -> Server {
    Server::start("hyper_server", &["127.0.0.1:0"])
}

/// Runs a client or server on tokio's runtime.
fn on_tokio<F: Future>(future: F) -> F::Output {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build().unwrap();
    runtime.block_on(async {
        tokio::time::timeout(Duration::from_secs(60), future)
            .await
            .expect("it does not come to its end")
    })
}

async fn connect(address: SocketAddr) -> TokioIo<tokio::net::TcpStream> {
    TokioIo::new(tokio::net::TcpStream::connect(address).await.unwrap())
}

fn request(method: &str, target: String, body: Bytes) -> Request<Full<Bytes>> {
    Request::builder()
        .method(method)
        .uri(target)
        .header("host", "here")
        .body(Full::new(body))
        .unwrap()
}

async fn text(response: Response<Incoming>) -> (StatusCode, Bytes) {
    let status = response.status();
    let body = response.into_body().collect().await.unwrap();
    (status, body.to_bytes())
}

/// A body that does not fit into the buffers of a connection, different everywhere.
fn large() -> Bytes {
    (0..600_000_u32).flat_map(u32::to_le_bytes).collect()
}

#[test]
fn a_connection_is_kept_alive() {
    let server = start();
    let mut client = server.connect();
    for _ in 0..20 {
        client.send("GET /you HTTP/1.1\r\nHost: here\r\n\r\n");
        client
            .expect("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 12\r\ndate: ");
        client.exactly("Thu, 01 Jan 1970 00:00:00 GMT".len());
        client.expect("\r\n\r\nHello, you!\n");
    }
    client.send("HEAD / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n");
    let rest = String::from_utf8(client.rest()).unwrap();
    assert!(rest.contains("connection: close\r\n"), "{rest}");
    assert!(rest.ends_with("\r\n\r\n"), "{rest}");
}

#[test]
fn hypers_own_client_is_answered_by_http1() {
    let server = start();
    on_tokio(async {
        let io = connect(server.address).await;
        let (mut sender, connection) = http1::handshake(io).await.unwrap();
        let connection = tokio::spawn(connection);
        for name in ["world", "you"] {
            let asked = request("GET", format!("/{name}"), Bytes::new());
            let (status, body) = text(sender.send_request(asked).await.unwrap()).await;
            assert_eq!(status, StatusCode::OK);
            assert_eq!(body, format!("Hello, {name}!\n"));
        }
        let asked = request("POST", "/echo".into(), large());
        let (_, body) = text(sender.send_request(asked).await.unwrap()).await;
        assert!(body == large());
        let asked = request("PUT", "/".into(), Bytes::new());
        let (status, _) = text(sender.send_request(asked).await.unwrap()).await;
        assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
        drop(sender);
        connection.await.unwrap().unwrap();
    });
}

#[test]
fn hypers_own_client_is_answered_by_http2() {
    let server = start();
    on_tokio(async {
        let io = connect(server.address).await;
        let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
        let connection = tokio::spawn(connection);
        let mut streams = Vec::new();
        for number in 0..40 {
            let mut sender = sender.clone();
            streams.push(tokio::spawn(async move {
                if number % 8 == 0 {
                    let asked = request("POST", "http://here/echo".into(), large());
                    let (_, body) = text(sender.send_request(asked).await.unwrap()).await;
                    assert!(body == large());
                } else {
                    let asked = request("GET", format!("http://here/{number}"), Bytes::new());
                    let (_, body) = text(sender.send_request(asked).await.unwrap()).await;
                    assert_eq!(body, format!("Hello, {number}!\n"));
                }
            }));
        }
        for stream in streams {
            stream.await.unwrap();
        }
        drop(sender);
        connection.await.unwrap().unwrap();
    });
}

/// A request is in the middle of its body when ctrl-c is pressed: it comes to its end, and so does the connection.
#[test]
fn the_end_is_graceful_in_both_versions() {
    for is_http2 in [false, true] {
        let server = start();
        on_tokio(async {
            let io = connect(server.address).await;
            let (mut body, channel) = Channel::<Bytes>::new(1);
            let asked = Request::post("http://here/echo").header("host", "here");
            let asked = asked.body(channel).unwrap();
            let (answer, connection) = if is_http2 {
                let executor = TokioExecutor::new();
                let (mut sender, connection) = http2::handshake(executor, io).await.unwrap();
                let connection = tokio::spawn(connection);
                (tokio::spawn(sender.send_request(asked)), connection)
            } else {
                let (mut sender, connection) = http1::handshake(io).await.unwrap();
                let connection = tokio::spawn(connection);
                (tokio::spawn(sender.send_request(asked)), connection)
            };
            body.send_data("before, ".into()).await.unwrap();
            let mut echoed = answer.await.unwrap().unwrap().into_body();
            let begin = echoed.frame().await.unwrap().unwrap();
            assert_eq!(begin.into_data().unwrap(), "before, ");

            server.running.interrupt();
            // Until nobody listens any more.
            while tokio::net::TcpStream::connect(server.address).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            body.send_data("behind".into()).await.unwrap();
            drop(body);
            assert_eq!(echoed.collect().await.unwrap().to_bytes(), "behind");
            connection.await.unwrap().unwrap();
        });
        let mut running = server.running;
        running.ended();
    }
}

#[test]
fn curl_is_answered_in_both_versions() {
    if Command::new("curl").arg("--version").output().is_err() {
        eprintln!("skipped: there is no curl");
        return;
    }
    let server = start();
    for (version, told) in [("--http1.1", "1.1"), ("--http2-prior-knowledge", "2")] {
        let url = |path: &str| format!("http://{}{path}", server.address);
        let format = "%{http_version} %{http_code} %{num_connects}\n";
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--max-time", "60", version]);
        curl.args(["--write-out", format]).arg(url("/"));
        let mut expected = format!("Hello, world!\n{told} 200 1\n");
        // Some versions of curl fail to use such a connection of HTTP/2 again, with whichever server.
        if told == "1.1" {
            curl.arg(url("/you"));
            expected += "Hello, you!\n1.1 200 0\n";
        }
        assert_eq!(succeeded(curl.output().unwrap()), expected);
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--max-time", "60", version]);
        curl.args(["--data-binary", "@-"]).arg(url("/echo"));
        curl.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut curl = curl.spawn().unwrap();
        let mut stdin = curl.stdin.take().unwrap();
        let writer = thread::spawn(move || stdin.write_all(&large()));
        let output = curl.wait_with_output().unwrap();
        writer.join().unwrap().unwrap();
        assert!(output.status.success() && output.stdout == large());
    }
}

/// A server of hyper on tokio that says how it was asked; it ends with the test's process.
fn foreign_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    listener.set_nonblocking(true).unwrap();
    thread::spawn(move || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(async {
                    let builder = auto::Builder::new(TokioExecutor::new());
                    let service = service_fn(told);
                    let _ = builder
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
    });
    address
}

async fn told(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let body = String::from_utf8_lossy(&body);
    let text = format!("{} {} `{body}`\n", head.method, head.uri.path());
    Ok(Response::new(Full::from(text)))
}

#[test]
fn the_client_asks_strangers_and_our_own() {
    let address = foreign_server().to_string();
    for (version, status) in [
        (None, "HTTP/1.1 200 OK"),
        (Some("--http2"), "HTTP/2.0 200 OK"),
    ] {
        let mut client = example("hyper_client");
        client.args(version).args([&address, "/one", "/two"]);
        assert_eq!(
            succeeded(client.output().unwrap()),
            format!("{status}\nGET /one ``\n{status}\nGET /two ``\n")
        );
        let mut client = example("hyper_client");
        client
            .args(version)
            .args(["--data", "some text", &address, "/x"]);
        assert_eq!(
            succeeded(client.output().unwrap()),
            format!("{status}\nPOST /x `some text`\n")
        );
        let server = start();
        let mut client = example("hyper_client");
        client.args(version);
        client.args(["--data", "ours", &server.address.to_string(), "/echo"]);
        assert_eq!(
            succeeded(client.output().unwrap()),
            format!("{status}\nours")
        );
    }
}
