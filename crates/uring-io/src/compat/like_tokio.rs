//! The traits of tokio, and those that hyper made after them: the same methods under two names.

/// Has [`Compat`](super::Compat) implement such a pair, whose reads fill a `$Buffer`. `$manner` is what those who write by it take for
/// granted.
macro_rules! like_tokio {
    ($Read:path, $Buffer:ty, $Write:path, $manner:expr) => {
        impl<S: Adapt<State: PollRead>> $Read for Compat<S> {
            #[inline]
            fn poll_read(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                #[allow(unused_mut, reason = "one is a reference, the other is not")]
                mut buffer: $Buffer,
            ) -> Poll<io::Result<()>> {
                let room = buffer.remaining();
                if room == 0 {
                    return Poll::Ready(Ok(()));
                }
                let fill = |bytes: &[u8]| {
                    let count = bytes.len().min(room);
                    buffer.put_slice(&bytes[..count]);
                    count
                };
                let result = ready!(self.state().poll_read(cx, fill));
                Poll::Ready(result.map(drop))
            }
        }

        impl<S: Adapt<State: PollWrite>> $Write for Compat<S> {
            #[inline]
            fn poll_write(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                self.state().poll_write(cx, bytes, $manner)
            }

            #[inline]
            fn poll_write_vectored(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                pieces: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                self.state().poll_write(cx, pieces, $manner)
            }

            #[inline]
            fn is_write_vectored(&self) -> bool {
                self.state_ref().is_vectored()
            }

            #[inline]
            fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.state().poll_flush(cx)
            }

            fn poll_shutdown(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
            ) -> Poll<io::Result<()>> {
                self.state().poll_shutdown(cx)
            }
        }
    };
}

pub(super) use like_tokio;
