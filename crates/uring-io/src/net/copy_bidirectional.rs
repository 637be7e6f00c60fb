//! Between two connections: what a proxy does.

use std::future::{Future as _, poll_fn};
use std::io;
use std::net::Shutdown;
use std::pin::pin;
use std::task::Poll;

use crate::net::family::Family;
use crate::net::stream::Stream;

/// Sends to each of two connections what the other one says, until both have ended. Resolves to the numbers of bytes: from
/// `a` to `b`, and from `b` to `a`.
///
/// Where one side ends its direction, the other side's is ended after what was said before, and the opposite direction goes
/// on. Received buffers are sent as they are, without a copy, and the next one is received when the last one is sent: who
/// reads slowly slows the other side down.
///
/// When it is dropped, nothing is lost: what was received is on its way, and what follows is left for the next read.
///
/// # Errors
///
/// The first of either connection and direction; both directions stop then, and the connections are left as they are. Close
/// them, or [`abort`](Stream::abort) them to have the peers know.
///
/// # Examples
///
/// ```
/// use uring_io::net::{TcpStream, UnixStream, copy_bidirectional};
///
/// async fn serve(client: TcpStream) -> std::io::Result<()> {
///     let server = UnixStream::connect("/run/service").await?;
///     let (asked, answered) = copy_bidirectional(&client, &server).await?;
///     println!("{asked} bytes there, {answered} bytes back");
///     server.close().await?;
///     client.close().await
/// }
/// ```
pub async fn copy_bidirectional<F: Family, G: Family>(
    a: &Stream<F>,
    b: &Stream<G>,
) -> io::Result<(u64, u64)> {
    let mut there = pin!(copy(a, b));
    let mut back = pin!(copy(b, a));
    let (mut went, mut came) = (None, None);
    poll_fn(|cx| {
        if went.is_none()
            && let Poll::Ready(result) = there.as_mut().poll(cx)
        {
            went = Some(result?);
        }
        if came.is_none()
            && let Poll::Ready(result) = back.as_mut().poll(cx)
        {
            came = Some(result?);
        }
        match (went, came) {
            (Some(went), Some(came)) => Poll::Ready(Ok((went, came))),
            _ => Poll::Pending,
        }
    })
    .await
}

/// One direction.
async fn copy<F: Family, G: Family>(from: &Stream<F>, to: &Stream<G>) -> io::Result<u64> {
    let mut total = 0;
    while let Some(bytes) = from.recv().await? {
        total += bytes.len() as u64;
        to.write_all(bytes).await.0?;
    }
    match to.shutdown(Shutdown::Write).await {
        // Its peer has gone, having said all that it had to say.
        Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(total),
        result => result.map(|()| total),
    }
}
