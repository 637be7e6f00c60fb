//! Descriptors that travel with Unix datagrams.

use std::os::fd::OwnedFd;

use uring_engine::op::Control;
use uring_engine::{BufResult, IoBuf};

use crate::net::datagram::send::SendTo;
use crate::net::datagram::{ToAddress, UnixDatagram};
use crate::net::family::Unix;

/// # Descriptors
impl UnixDatagram {
    /// How many descriptors a datagram may bring, at most 253. By default none: the kernel closes those that are sent.
    ///
    /// Set it before the first receive. Datagrams that have arrived before the first receive after it may be without
    /// theirs.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::Read;
    ///
    /// use uring_io::net::UnixDatagram;
    ///
    /// # context::block_on(async {
    /// let (here, there) = UnixDatagram::pair()?;
    /// there.set_most_descriptors(1);
    /// let file = std::fs::File::open("/proc/self/comm")?;
    /// here.send_with_descriptors("a file", vec![file.into()]).await.0?;
    ///
    /// let mut packet = there.recv().await?;
    /// assert_eq!(*packet.bytes, *b"a file");
    /// let mut file = std::fs::File::from(packet.descriptors.pop().unwrap());
    /// let mut name = String::new();
    /// file.read_to_string(&mut name)?;
    /// # std::io::Result::Ok(())
    /// # }).unwrap().unwrap();
    /// ```
    pub fn set_most_descriptors(&self, most: usize) {
        let most = most.min(Control::MOST_DESCRIPTORS);
        if self.socket.shared.most_descriptors.replace(most) != most {
            // It is armed again by the next receive.
            self.socket.stop_receiving();
        }
    }

    /// As [`send`](Self::send), with descriptors. Gives both back: the peer gets descriptors of its own, and these may be
    /// closed. A datagram of no bytes carries them, too.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send); `InvalidInput` for more than 253 descriptors, `ETOOMANYREFS` if too many are on their way.
    ///
    /// # Cancel safety
    ///
    /// When the future is dropped, the datagram is sent whole or not at all, and the descriptors are closed here.
    pub async fn send_with_descriptors<B: IoBuf>(
        &self,
        buffer: B,
        descriptors: Vec<OwnedFd>,
    ) -> BufResult<(), (B, Vec<OwnedFd>)> {
        send(self.send(buffer), descriptors).await
    }

    /// As [`send_to`](Self::send_to), with descriptors; see [`send_with_descriptors`](Self::send_with_descriptors).
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Cancel safety
    ///
    /// As there.
    pub async fn send_to_with_descriptors<B: IoBuf>(
        &self,
        buffer: B,
        address: impl ToAddress<Unix>,
        descriptors: Vec<OwnedFd>,
    ) -> BufResult<(), (B, Vec<OwnedFd>)> {
        send(self.send_to(buffer, address), descriptors).await
    }
}

async fn send<B: IoBuf>(
    sending: SendTo<'_, Unix, B>,
    descriptors: Vec<OwnedFd>,
) -> BufResult<(), (B, Vec<OwnedFd>)> {
    let (sent, buffer) = sending.with_descriptors(&descriptors).await;
    (sent, (buffer, descriptors))
}
