//! Sorts numbers by sleeping as long as each of them says.
//!
//! `cargo run -p net-epoll-legacy --example epoll_sleep_sort -- 30 10 20`

use std::io;
use std::sync::mpsc;
use std::time::Duration;

use net_epoll_legacy::IoContext;

fn main() -> io::Result<()> {
    let numbers: Result<Vec<u64>, _> = std::env::args().skip(1).map(|text| text.parse()).collect();
    let numbers = numbers.map_err(|error| io::Error::other(format!("numbers, please: {error}")))?;
    let context = IoContext::new()?;
    let (awake, order) = mpsc::channel();
    for number in numbers {
        let (clock, awake) = (context.handle(), awake.clone());
        context.spawn_named("sleeper", async move {
            clock.sleep(Duration::from_millis(number)).await;
            let _ = awake.send(number);
        });
    }
    drop(awake);
    // Returns when the last one has woken up.
    context.run()?;
    for number in order {
        println!("{number}");
    }
    Ok(())
}
