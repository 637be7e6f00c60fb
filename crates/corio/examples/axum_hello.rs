//! A router of axum's on contexts: JSON, a parameter in the path and a state that all contexts share.
//!
//! ```text
//! cargo run --release -p corio --features sync-prims,hyper --example axum_hello -- 127.0.0.1:8080 2
//! curl -i http://127.0.0.1:8080/hello/name
//! curl -i --json '{"numbers": [1, 2, 3]}' http://127.0.0.1:8080/sum
//! curl -i http://127.0.0.1:8080/visits
//! ```
//!
//! The second argument is the number of contexts, each with a thread and a listener. Of axum only what needs no runtime is built,
//! so there is no `axum::serve`: hyper serves each connection, and asks the router. On ctrl-c requests in flight are answered,
//! and every connection ends after its last answer.
//!
//! axum asks that handlers' futures be `Send`. What is bound to its context, a `TcpStream` of corio's for one, is used by a task of
//! that context, which the handler talks to by a channel.

mod serving;

use std::num::NonZero;
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::{env, io};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use corio::Scheduler;
use corio::compat::Compat;
use corio::compat::hyper::Timer;
use corio::net::{ListenOptions, TcpListener, TcpStream};
use corio::sync::CancellationToken;
use hyper::server::conn::http1;
use hyper_util::service::TowerToHyperService;
use serde::{Deserialize, Serialize};

type Error = Box<dyn std::error::Error>;

/// What all contexts share.
#[derive(Default)]
struct Shared {
    visits: AtomicU64,
}

#[derive(Serialize)]
struct Hello {
    hello: String,
    visit: u64,
}

#[derive(Deserialize)]
struct Numbers {
    numbers: Vec<i64>,
}

#[derive(Serialize)]
struct Sum {
    sum: i64,
}

#[derive(Serialize)]
struct Visits {
    visits: u64,
}

#[corio::main]
async fn main() -> ExitCode {
    let address = env::args().nth(1);
    let address = address.as_deref().unwrap_or("127.0.0.1:8080");
    let contexts = env::args().nth(2);
    let contexts = contexts.as_deref().unwrap_or("1");
    serving::exit("axum_hello", run(address, contexts).await)
}

async fn run(address: &str, contexts: &str) -> Result<(), Error> {
    let contexts: NonZero<usize> = contexts
        .parse()
        .map_err(|error| format!("`{contexts}` is no number of contexts: {error}"))?;
    let stop = serving::until_ctrl_c()?;
    let mut scheduler = Scheduler::new(contexts.get());
    scheduler.start()?;
    let options = ListenOptions {
        nodelay: true,
        ..ListenOptions::default()
    };
    let router = router();
    let serve = move |listener| serve(listener, router.clone(), stop.clone());
    let bound = TcpListener::bind_each(&scheduler.handle(), address, &options, serve)
        .await
        .map_err(|error| format!("cannot listen on {address}: {error}"))?;
    println!("listening on {} with {contexts} contexts", bound.address);
    for task in bound.tasks {
        task.await?;
    }
    Ok(())
}

fn router() -> Router {
    Router::new()
        .route("/hello/{name}", get(hello))
        .route("/sum", post(sum))
        .route("/visits", get(visits))
        .with_state(Arc::new(Shared::default()))
}

async fn hello(State(shared): State<Arc<Shared>>, Path(name): Path<String>) -> Json<Hello> {
    let visit = shared.visits.fetch_add(1, Ordering::Relaxed) + 1;
    Json(Hello { hello: name, visit })
}

async fn sum(Json(Numbers { numbers }): Json<Numbers>) -> Result<Json<Sum>, (StatusCode, String)> {
    numbers
        .iter()
        .try_fold(0_i64, |sum, number| sum.checked_add(*number))
        .map(|sum| Json(Sum { sum }))
        .ok_or_else(|| {
            let text = "the sum has no room in 64 bits\n".to_owned();
            (StatusCode::UNPROCESSABLE_ENTITY, text)
        })
}

async fn visits(State(shared): State<Arc<Shared>>) -> Json<Visits> {
    let visits = shared.visits.load(Ordering::Relaxed);
    Json(Visits { visits })
}

/// What every context does.
async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let connection = |stream| connection(stream, router.clone(), stop.clone());
    serving::serve(listener, &stop, connection).await;
}

async fn connection(stream: TcpStream, router: Router, stop: CancellationToken) -> io::Result<()> {
    // A client has half a minute for the head of a request, as hyper has it unless told otherwise.
    let connection = http1::Builder::new()
        .timer(Timer)
        .serve_connection(Compat::new(stream), TowerToHyperService::new(router));
    let mut connection = pin!(connection);
    let result = match stop.run_until_cancelled(connection.as_mut()).await {
        Some(result) => result,
        None => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    result.map_err(io::Error::other)
}
