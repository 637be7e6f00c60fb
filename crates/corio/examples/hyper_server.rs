//! hyper on a context: HTTP/1.1 and HTTP/2 on one port, kept alive, with a graceful end.
//!
//! ```text
//! cargo run --release -p corio --features sync-prims,hyper --example hyper_server -- 127.0.0.1:8080
//! curl -i http://127.0.0.1:8080/name
//! curl -i --http2-prior-knowledge --data-binary @some.file http://127.0.0.1:8080/echo
//! ```
//!
//! `/echo` sends the body back as it comes. On ctrl-c requests in flight are answered, and every connection ends after its last
//! answer. Services and bodies stay on the context: none of them need be `Send`.

mod serving;

use std::convert::Infallible;
use std::pin::pin;
use std::process::ExitCode;
use std::{env, io};

use corio::compat::Compat;
use corio::compat::hyper::{Executor, Timer};
use corio::net::TcpStream;
use corio::sync::CancellationToken;
use http_body_util::{Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::server::conn::auto;

use serving::Port;

/// Text that is there at once, or what the client sends.
type Body = Either<Full<Bytes>, Incoming>;

#[corio::main]
async fn main() -> ExitCode {
    let address = env::args().nth(1);
    let address = address.as_deref().unwrap_or("127.0.0.1:8080");
    serving::exit("hyper_server", run(address).await)
}

async fn run(address: &str) -> io::Result<()> {
    let stop = serving::until_ctrl_c()?;
    let listener = serving::listen(address, Port::Own).await?;
    println!("listening on {}", listener.local_addr()?);
    serving::serve(listener, &stop, |stream| connection(stream, stop.clone())).await;
    Ok(())
}

async fn connection(stream: TcpStream, stop: CancellationToken) -> io::Result<()> {
    let mut builder = auto::Builder::new(Executor);
    // A client has half a minute for the head of a request, as hyper has it unless told otherwise.
    builder.http1().timer(Timer);
    builder.http2().timer(Timer);
    let connection = builder.serve_connection(Compat::new(stream), service_fn(answer));
    let mut connection = pin!(connection);
    let result = match stop.run_until_cancelled(connection.as_mut()).await {
        Some(result) => result,
        None => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    match result.map_err(|error| error.downcast::<io::Error>()) {
        Ok(()) => Ok(()),
        // Ended before its client had said anything.
        Err(Ok(error)) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
        Err(Ok(error)) => Err(*error),
        Err(Err(error)) => Err(io::Error::other(error)),
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let response = match (request.method(), request.uri().path()) {
        (&Method::POST, "/echo") => Response::new(Either::Right(request.into_body())),
        (&Method::GET | &Method::HEAD, path) => {
            let name = match path.trim_start_matches('/') {
                "" => "world",
                name => name,
            };
            text(StatusCode::OK, format!("Hello, {name}!\n"))
        }
        _ => text(
            StatusCode::METHOD_NOT_ALLOWED,
            "there is nothing to be sent to\n".into(),
        ),
    };
    Ok(response)
}

fn text(status: StatusCode, text: String) -> Response<Body> {
    let mut response = Response::new(Either::Left(Full::from(text)));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    response
}
