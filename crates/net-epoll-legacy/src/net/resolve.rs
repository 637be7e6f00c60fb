//! What a host and a port mean.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};

use socket2::SockAddr;

use crate::sync::unblock;

/// The addresses that a target stands for, at least one: a `SocketAddr`, text such as `"127.0.0.1:80"` or `"localhost:80"`, or a
/// pair of host and port. Names are looked up by the system's resolver on a pool of threads, as that may take seconds.
///
/// Cancel-safe: dropping the future leaves the look-up to itself.
///
/// # Errors
///
/// `InvalidInput` if the text is no address; what the resolver says of the name; `NotFound` if it has no address.
///
/// # Examples
///
/// ```
/// # let context = net_epoll_legacy::IoContext::new()?;
/// # context.block_on(async {
/// let addresses = net_epoll_legacy::resolve("localhost:80").await?;
/// assert!(addresses.iter().all(|address| address.ip().is_loopback()));
/// # std::io::Result::Ok(()) })??;
/// # std::io::Result::Ok(())
/// ```
pub async fn resolve(
    target: impl ToSocketAddrs + std::fmt::Debug + Send + 'static,
) -> io::Result<Vec<SocketAddr>> {
    let shown = format!("{target:?}");
    tracing::trace!(target = shown, "suspends: waits for the resolver");
    let looked_up = unblock(move || {
        target
            .to_socket_addrs()
            .map(|addresses| addresses.collect::<Vec<_>>())
    });
    let addresses = looked_up.await.map_err(|error| {
        io::Error::new(error.kind(), format!("{shown} was not resolved: {error}"))
    })?;
    if addresses.is_empty() {
        let message = format!("{shown} has no address");
        return Err(io::Error::new(io::ErrorKind::NotFound, message));
    }
    tracing::debug!(target = shown, ?addresses, "resolved");
    Ok(addresses)
}

/// Tries a call on one address after the other; the last error is that of all.
pub(super) async fn first_of<T, F: Future<Output = io::Result<T>>>(
    addresses: Vec<SocketAddr>,
    mut call: impl FnMut(SocketAddr) -> F,
) -> io::Result<T> {
    let mut last = None;
    for address in addresses {
        match call(address).await {
            Ok(value) => return Ok(value),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| io::ErrorKind::NotFound.into()))
}

/// The address of a socket of the Internet families.
pub(super) fn inet(address: &SockAddr) -> io::Result<SocketAddr> {
    address.as_socket().ok_or_else(|| {
        let message = "the socket's address is neither IPv4 nor IPv6";
        io::Error::new(io::ErrorKind::Unsupported, message)
    })
}
