//! Lines as a stream.
//!
//! Receiving is an async function of a trait, so its future has no name, and borrows the reader. While it waits, the reader is
//! therefore lent to the future, in a box; a future that is dropped puts it back where it came from. A line that is buffered
//! already needs neither.

use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::string::FromUtf8Error;
use std::task::{Context, Poll, ready};

use futures_core::{FusedStream, Stream};

use crate::io::lines::Lines;
use crate::io::read::AsyncRead;

type Line = io::Result<Option<String>>;

/// The lines of a stream of bytes, without their ends; made by [`Lines::into_stream`].
///
/// Errors are those of [`Lines::next_line`]. After a line that is not UTF-8 the next one follows; any other error is the last item. After
/// that, and after the last line, it says `None` as often as it is asked.
///
/// # Cancel safety
///
/// A `next()` that is dropped loses no line and no part of one.
///
/// # Examples
///
/// ```
/// use futures_util::TryStreamExt;
/// use uring_io::io::BufReader;
///
/// # context::block_on(async {
/// let (sender, receiver) = uring_io::pipe::pipe()?;
/// sender.write_all("3\n4\n5\n").await.0?;
/// drop(sender);
///
/// let lines = BufReader::new(receiver).lines().into_stream();
/// let sum = lines.try_fold(0, async |sum, line| Ok(sum + line.parse::<i32>().unwrap_or(0))).await?;
/// assert_eq!(sum, 12);
/// # std::io::Result::Ok(())
/// # }).unwrap().unwrap();
/// ```
#[must_use = "streams do nothing unless polled"]
pub struct LineStream<R> {
    /// Where the lines are while nothing waits for one.
    place: Rc<Cell<Option<Lines<R>>>>,
    waiting: Option<Pin<Box<dyn Future<Output = Line>>>>,
    is_over: bool,
}

impl<R: AsyncRead + 'static> Lines<R> {
    /// The lines as a stream.
    pub fn into_stream(self) -> LineStream<R> {
        LineStream {
            place: Rc::new(Cell::new(Some(self))),
            waiting: None,
            is_over: false,
        }
    }
}

impl<R> LineStream<R> {
    /// The lines that have not been taken. None is lost, and no part of one.
    ///
    /// # Panics
    ///
    /// Never: a future that is dropped, or that panicked, has put them back.
    pub fn into_inner(mut self) -> Lines<R> {
        self.waiting = None;
        self.place
            .take()
            .expect("put back when the future was dropped")
    }
}

impl<R: AsyncRead + 'static> LineStream<R> {
    fn poll_line(&mut self, cx: &mut Context<'_>) -> Poll<Line> {
        if self.waiting.is_none() {
            let mut lent = Lent::new(&self.place);
            if lent.lines().reader().holds(b'\n') {
                // Takes what is there, and is ready at once.
                return pin!(lent.lines().next_line()).poll(cx);
            }
            self.waiting = Some(Box::pin(async move { lent.lines().next_line().await }));
        }
        let Some(waiting) = &mut self.waiting else {
            return Poll::Pending;
        };
        let line = ready!(waiting.as_mut().poll(cx));
        self.waiting = None;
        Poll::Ready(line)
    }
}

impl<R: AsyncRead + 'static> Stream for LineStream<R> {
    type Item = io::Result<String>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        let line = ready!(self.poll_line(cx));
        self.is_over = match &line {
            Ok(line) => line.is_none(),
            Err(error) => !is_of_one_line(error),
        };
        Poll::Ready(line.transpose())
    }
}

/// Whether the line that it tells of was taken.
fn is_of_one_line(error: &io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(|error| error.is::<FromUtf8Error>())
}

impl<R: AsyncRead + 'static> FusedStream for LineStream<R> {
    fn is_terminated(&self) -> bool {
        self.is_over
    }
}

impl<R> fmt::Debug for LineStream<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LineStream")
            .field("waits", &self.waiting.is_some())
            .field("is_over", &self.is_over)
            .finish_non_exhaustive()
    }
}

/// The lines, away from their place until this is dropped.
struct Lent<R> {
    lines: Option<Lines<R>>,
    place: Rc<Cell<Option<Lines<R>>>>,
}

impl<R> Lent<R> {
    fn new(place: &Rc<Cell<Option<Lines<R>>>>) -> Self {
        Self {
            lines: place.take(),
            place: place.clone(),
        }
    }

    fn lines(&mut self) -> &mut Lines<R> {
        self.lines.as_mut().expect("lent to one at a time")
    }
}

impl<R> Drop for Lent<R> {
    fn drop(&mut self) {
        self.place.set(self.lines.take());
    }
}
