//! Looks names up, all at once.
//!
//! `cargo run -p net-epoll-legacy --example epoll_resolve -- localhost example.org:80`

use std::io;

use net_epoll_legacy::{IoContext, resolve};

fn main() -> io::Result<()> {
    let context = IoContext::new()?;
    let handle = context.handle();
    let targets: Vec<_> = std::env::args().skip(1).collect();
    context.block_on(async move {
        let asked: Vec<_> = targets
            .into_iter()
            .map(|target| {
                (
                    target.clone(),
                    handle.spawn_joined("look-up", look_up(target)),
                )
            })
            .collect();
        for (target, answer) in asked {
            match answer.await {
                Ok(Ok(addresses)) => println!("{target}: {}", addresses.join(" ")),
                Ok(Err(error)) => println!("{target}: {error}"),
                Err(error) => println!("{target}: {error}"),
            }
        }
    })
}

async fn look_up(target: String) -> io::Result<Vec<String>> {
    let target = match target.contains(':') {
        true => target,
        false => format!("{target}:0"),
    };
    let addresses = resolve(target).await?;
    Ok(addresses
        .iter()
        .map(|address| address.ip().to_string())
        .collect())
}
