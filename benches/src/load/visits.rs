//! Connections that come, wait until the server closes them, and are replaced.

use std::io::{self, ErrorKind, Read};
use std::time::Instant;

use socket2::Socket;

use crate::load::{Load, LoadConfig, SILENCE, Tally, Target};
use crate::poller::Poller;

/// So many visitors at a time.
pub(super) struct Visits {
    poller: Poller,
    target: Target,
    visitors: Vec<Socket>,
    visits: u64,
}

impl Visits {
    /// Lets the first visitors come.
    pub(super) fn begin(config: &LoadConfig) -> io::Result<Self> {
        let mut visits = Self {
            poller: Poller::new(config.connections)?,
            target: config.target.clone(),
            visitors: Vec::with_capacity(config.connections),
            visits: 0,
        };
        for index in 0..config.connections {
            let visitor = visits.come(index)?;
            visits.visitors.push(visitor);
        }
        Ok(visits)
    }

    fn come(&self, index: usize) -> io::Result<Socket> {
        let visitor = self.target.connect()?;
        visitor.set_nonblocking(true)?;
        self.poller.add(&visitor, libc::EPOLLIN, index)?;
        Ok(visitor)
    }
}

impl Load for Visits {
    fn load_until(&mut self, deadline: Instant) -> io::Result<()> {
        let mut last = Instant::now();
        loop {
            let now = Instant::now();
            if now >= deadline {
                return Ok(());
            }
            if now - last > SILENCE {
                return Err(io::Error::other("the server is silent"));
            }
            let ready = self.poller.wait(Some((deadline - now).min(SILENCE)))?;
            for position in 0..ready {
                let index = self.poller.event(position).token;
                match self.visitors[index].read(&mut [0]) {
                    Ok(0) => {
                        self.visits += 1;
                        self.visitors[index] = self.come(index)?;
                    }
                    Ok(_) => return Err(io::Error::other("the server has sent something")),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(error) => return Err(error),
                }
                last = now;
            }
        }
    }

    fn begin_window(&mut self) {
        self.visits = 0;
    }

    fn end(self) -> Tally {
        Tally {
            requests: self.visits,
            errors: 0,
            first_error: None,
            latency: None,
        }
    }
}
