//! Accepting for several contexts: with a listener on each, or with one that hands its connections on.
//!
//! | | listener on each | one listener |
//! |---|---|---|
//! | | [`TcpListener::bind_each`](super::Listener::bind_each) | [`Listener::dispatch`] |
//! | who chooses the context | the kernel, by a hash of the addresses | the scheduler's strategy |
//! | a connection costs | nothing more | a submission to the other context |
//! | a context that is busy or gone | keeps the connections that hash to it | is passed over |
//! | sockets | TCP | any |

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use context::{RemoteJoinHandle, SchedulerHandle, SubmitError};

use crate::net::address::{ToSocketAddrs, first};
use crate::net::detached::Detached;
use crate::net::family::Family;
use crate::net::listen_options::ListenOptions;
use crate::net::listener::{Listener, TcpListener};
use crate::net::stream::Stream;

/// The first pause when descriptors or memory have run out; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Listeners with one address on all contexts of a scheduler.
#[derive(Debug)]
pub struct BoundEach<T> {
    /// The address that all of them listen on.
    pub address: SocketAddr,
    /// The task of each, in the order of the contexts. Dropping a handle lets the task run on.
    pub tasks: Vec<RemoteJoinHandle<T>>,
}

/// # Several contexts
impl TcpListener {
    /// Binds a listener with the same address on every context of a scheduler (`SO_REUSEPORT`), and has each run a task that
    /// `serve` makes of it. The kernel spreads connections over them.
    ///
    /// All are bound before the first task begins. A listener that is closed takes the connections with it that the kernel
    /// has given to it and nobody has accepted: end with [`Listener::serve`], which takes them first.
    ///
    /// Cancel-safe: dropping the future leaves nothing behind, or comes too late.
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind); an error of its own if a context's run has ended, or it has no room for the task.
    ///
    /// # Panics
    ///
    /// Outside a context.
    ///
    /// # Examples
    ///
    /// ```
    /// use uring_io::net::{ListenOptions, TcpListener, TcpStream};
    ///
    /// let mut scheduler = context::Scheduler::new(2);
    /// scheduler.start().unwrap();
    /// let handle = scheduler.handle();
    /// context::block_on(async move {
    ///     let options = ListenOptions::default();
    ///     let bound = TcpListener::bind_each(&handle, "127.0.0.1:0", &options, |listener| async move {
    ///         let (stream, _peer) = listener.accept().await.unwrap();
    ///         stream.write_all("hello").await.0.unwrap();
    ///     })
    ///     .await?;
    ///     let stream = TcpStream::connect(bound.address).await?;
    ///     assert_eq!(&*stream.recv().await?.unwrap(), b"hello");
    ///     std::io::Result::Ok(())
    /// }).unwrap().unwrap();
    /// # scheduler.notify_stop(context::Stop::Abort);
    /// ```
    pub async fn bind_each<S, T>(
        scheduler: &SchedulerHandle,
        target: impl ToSocketAddrs,
        options: &ListenOptions,
        serve: S,
    ) -> io::Result<BoundEach<T::Output>>
    where
        S: Fn(TcpListener) -> T + Clone + Send + 'static,
        T: Future<Output: Send> + 'static,
    {
        let options = ListenOptions {
            reuse_port: true,
            ..options.clone()
        };
        let contexts = scheduler.contexts();
        let open = async |address| open_all(address, &options, contexts.len());
        submit_all(scheduler, first(target, open).await?, serve)
    }
}

/// Opens so many listeners with one address.
fn open_all(
    address: SocketAddr,
    options: &ListenOptions,
    count: usize,
) -> io::Result<Vec<std::net::TcpListener>> {
    let first = std::net::TcpListener::from(options.open(address)?);
    // The port may have been left to the system.
    let address = first.local_addr()?;
    let mut listeners = vec![first];
    for _ in 1..count {
        listeners.push(options.open(address)?.into());
    }
    Ok(listeners)
}

fn submit_all<S, T>(
    scheduler: &SchedulerHandle,
    listeners: Vec<std::net::TcpListener>,
    serve: S,
) -> io::Result<BoundEach<T::Output>>
where
    S: Fn(TcpListener) -> T + Clone + Send + 'static,
    T: Future<Output: Send> + 'static,
{
    let address = listeners[0].local_addr()?;
    let mut tasks: Vec<RemoteJoinHandle<T::Output>> = Vec::new();
    for (context, listener) in scheduler.contexts().iter().zip(listeners) {
        let serve = serve.clone();
        let submitted = context.submit_with(move || serve(TcpListener::from_std(listener)));
        match submitted {
            Ok(task) => tasks.push(task),
            Err(error) => {
                // All or none.
                tasks.iter().for_each(RemoteJoinHandle::abort);
                return Err(io::Error::other(format!(
                    "context {}: {error}",
                    context.name()
                )));
            }
        }
    }
    Ok(BoundEach { address, tasks })
}

/// # Several contexts
impl<F: Family> Listener<F> {
    /// Accepts connections until `stop` resolves, and has the scheduler's strategy choose a context for each, where a task of
    /// its own serves it. Then takes the connections that had come by that time, and returns; tasks go on.
    ///
    /// A context whose run has ended is passed over, one that is full as well; when all are full, it waits, and the kernel
    /// lets connections wait. When descriptors or memory have run out it pauses (5 ms to 1 s) and goes on.
    ///
    /// Cancel-safe: dropping the future stops accepting, and the next `accept` or `dispatch` goes on with the next connection;
    /// only one that was waiting for room on a full context is closed.
    ///
    /// # Errors
    ///
    /// What the kernel says about the listener; an error of its own when all contexts have ended.
    ///
    /// # Examples
    ///
    /// ```
    /// use uring_io::net::{TcpListener, TcpStream};
    ///
    /// let mut scheduler = context::Scheduler::new(2);
    /// scheduler.start().unwrap();
    /// let handle = scheduler.handle();
    /// context::block_on(async move {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     let address = listener.local_addr()?;
    ///     let client = context::spawn(async move {
    ///         let stream = TcpStream::connect(address).await?;
    ///         stream.recv().await.map(|hello| hello.unwrap().to_vec())
    ///     });
    ///     let serve = async |stream: TcpStream, _peer| {
    ///         stream.write_all("hello").await.0.unwrap();
    ///     };
    ///     // A service would wait for a signal here.
    ///     let stop = async move { assert_eq!(client.await.unwrap().unwrap(), b"hello") };
    ///     listener.dispatch(&handle, serve, stop).await
    /// }).unwrap().unwrap();
    /// # scheduler.notify_stop(context::Stop::Abort);
    /// ```
    pub async fn dispatch<S, T>(
        &self,
        scheduler: &SchedulerHandle,
        serve: S,
        stop: impl Future<Output = ()>,
    ) -> io::Result<()>
    where
        S: Fn(Stream<F>, F::Address) -> T + Clone + Send + 'static,
        T: Future<Output = ()> + 'static,
    {
        let place = async |stream, peer| hand_over(scheduler, stream, peer, &serve).await;
        self.accept_until(stop, place).await
    }

    /// Accepts connections until `stop` resolves, and serves each with a task of its own on this context. Then takes the
    /// connections that had come by that time, and returns; tasks go on.
    ///
    /// When descriptors or memory have run out it pauses (5 ms to 1 s) and goes on.
    ///
    /// Cancel-safe: dropping the future stops accepting, and the next `accept` or `serve` goes on with the next connection.
    ///
    /// # Errors
    ///
    /// What the kernel says about the listener.
    pub async fn serve<T>(
        &self,
        serve: impl Fn(Stream<F>, F::Address) -> T,
        stop: impl Future<Output = ()>,
    ) -> io::Result<()>
    where
        T: Future<Output = ()> + 'static,
    {
        let place = async |stream: Detached<F>, peer| {
            context::spawn(serve(stream.attach(), peer)).detach();
            Ok(())
        };
        self.accept_until(stop, place).await
    }

    async fn accept_until(
        &self,
        stop: impl Future<Output = ()>,
        place: impl AsyncFn(Detached<F>, F::Address) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut stop = pin!(stop);
        let mut pause = FIRST_PAUSE;
        while let Some(accepted) = unless(stop.as_mut(), self.accept_detached()).await {
            match accepted {
                Ok((stream, peer)) => {
                    pause = FIRST_PAUSE;
                    place(stream, peer).await?;
                }
                Err(error) if is_shortage(&error) => {
                    if unless(stop.as_mut(), context::sleep(pause)).await.is_none() {
                        break;
                    }
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                Err(error) => return Err(error),
            }
        }
        loop {
            match self.accept_waiting().await {
                Ok(None) => return Ok(()),
                Ok(Some((stream, peer))) => place(stream, peer).await?,
                Err(error) if is_shortage(&error) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }
}

/// Runs `future` unless `stop` resolves first: `None`.
async fn unless<T>(
    mut stop: Pin<&mut impl Future<Output = ()>>,
    future: impl Future<Output = T>,
) -> Option<T> {
    let mut future = pin!(future);
    poll_fn(|cx| match stop.as_mut().poll(cx) {
        Poll::Ready(()) => Poll::Ready(None),
        Poll::Pending => future.as_mut().poll(cx).map(Some),
    })
    .await
}

/// Errors that pass when others give something back.
fn is_shortage(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM)
    )
}

/// Gives a connection to the context that the strategy chooses, or else to the next that takes it.
async fn hand_over<F: Family, S, T>(
    scheduler: &SchedulerHandle,
    stream: Detached<F>,
    peer: F::Address,
    serve: &S,
) -> io::Result<()>
where
    S: Fn(Stream<F>, F::Address) -> T + Clone + Send + 'static,
    T: Future<Output = ()> + 'static,
{
    let serve = serve.clone();
    let mut make = move || serve(stream.attach(), peer);
    loop {
        let contexts = scheduler.contexts();
        let chosen = scheduler.choose().id();
        let first = contexts.iter().position(|context| context.id() == chosen);
        let (before, from) = contexts.split_at(first.unwrap_or(0));
        let mut is_full = false;
        for context in from.iter().chain(before) {
            make = match context.submit_with(make) {
                Ok(task) => {
                    task.detach();
                    return Ok(());
                }
                Err(error) => {
                    is_full |= matches!(error, SubmitError::Full(_));
                    error.into_inner()
                }
            };
        }
        if !is_full {
            return Err(io::Error::other(
                "the runs of all the scheduler's contexts have ended: nobody is there to serve a connection",
            ));
        }
        context::sleep(Duration::from_millis(1)).await;
    }
}
