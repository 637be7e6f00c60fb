//! What the cases ask of a channel.

use std::fmt;
use std::future::Future;

/// A message of so many words.
#[derive(Clone, Copy)]
pub(super) struct Load<const WORDS: usize>([u64; WORDS]);

impl<const WORDS: usize> Load<WORDS> {
    /// A message with this number in it.
    #[inline]
    pub(super) fn new(number: u64) -> Self {
        Load([number; WORDS])
    }

    /// The number.
    #[inline]
    pub(super) fn number(&self) -> u64 {
        self.0[WORDS - 1]
    }
}

impl<const WORDS: usize> Default for Load<WORDS> {
    fn default() -> Self {
        Load([0; WORDS])
    }
}

impl<const WORDS: usize> fmt::Debug for Load<WORDS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Load({})", self.number())
    }
}

/// What a message has to be for all of them.
pub(super) trait Message:
    Clone + Default + fmt::Debug + Send + Sync + Unpin + 'static
{
}

impl<T: Clone + Default + fmt::Debug + Send + Sync + Unpin + 'static> Message for T {}

/// A kind of channel, for tasks.
pub(super) trait Family: 'static {
    /// The sending side.
    type Sender<T: Message>: Send + 'static;
    /// The receiving side.
    type Receiver<T: Message>: Send + 'static;

    /// Makes a channel; `None` if there is none of such a capacity.
    fn channel<T: Message>(capacity: Option<usize>)
    -> Option<(Self::Sender<T>, Self::Receiver<T>)>;

    /// Another sender; `None` if there is one only.
    fn sender<T: Message>(sender: &Self::Sender<T>) -> Option<Self::Sender<T>>;

    /// Another receiver; `None` if there is one only.
    fn receiver<T: Message>(receiver: &Self::Receiver<T>) -> Option<Self::Receiver<T>>;

    /// Sends.
    fn send<T: Message>(
        sender: &mut Self::Sender<T>,
        message: T,
    ) -> impl Future<Output = ()> + Send;

    /// Receives; `None` when all senders are gone and nothing is left.
    fn recv<T: Message>(receiver: &mut Self::Receiver<T>)
    -> impl Future<Output = Option<T>> + Send;
}

/// A kind of channel, for threads.
pub(super) trait Blocking: 'static {
    /// The sending side.
    type Sender<T: Message>: Send + 'static;
    /// The receiving side.
    type Receiver<T: Message>: Send + 'static;

    /// Makes a channel; `None` if there is none of such a capacity.
    fn channel<T: Message>(capacity: Option<usize>)
    -> Option<(Self::Sender<T>, Self::Receiver<T>)>;

    /// Another sender; `None` if there is one only.
    fn sender<T: Message>(sender: &Self::Sender<T>) -> Option<Self::Sender<T>>;

    /// Another receiver; `None` if there is one only.
    fn receiver<T: Message>(receiver: &Self::Receiver<T>) -> Option<Self::Receiver<T>>;

    /// Sends.
    fn send<T: Message>(sender: &mut Self::Sender<T>, message: T);

    /// Receives; `None` when all senders are gone and nothing is left.
    fn recv<T: Message>(receiver: &mut Self::Receiver<T>) -> Option<T>;
}
