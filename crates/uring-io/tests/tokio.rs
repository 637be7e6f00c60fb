//! Contexts and runtimes of tokio, together.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use context::{Context, RunError, Stop};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::{Builder, Runtime};
use uring_io::compat::{DriveError, drive, in_tokio, with_tokio};
use uring_io::net::{TcpListener, TcpStream, UnixStream};

/// A runtime with a thread of its own.
fn beside() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime")
}

fn current_thread() -> Runtime {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

/// A client of tokio's, timed and spawned by tokio, and a server of the context, on one context.
#[test]
fn tasks_of_a_context_use_tokio() {
    let runtime = beside();
    let mut context = in_tokio(Context::builder(), runtime.handle()).build();
    let answers = context.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        context::spawn(async move {
            let (stream, _) = listener.accept().await.expect("a client");
            while let Ok(Some(bytes)) = stream.recv().await {
                let _ = stream.write_all(bytes).await;
            }
        })
        .detach();
        let mut client = tokio::net::TcpStream::connect(address).await?;
        let mut answers = Vec::new();
        for round in 0..100_u8 {
            client.write_all(&[round]).await?;
            tokio::time::timeout(Duration::from_secs(60), client.read_buf(&mut answers)).await??;
            context::yield_now().await;
        }
        let spawned = tokio::spawn(async { 7_u8 }).await.expect("no panic");
        answers.push(spawned);
        Ok::<_, std::io::Error>(answers)
    });
    let answers = answers.unwrap().unwrap();
    assert!(answers.iter().copied().eq((0..100).chain([7])));
    assert!(tokio::runtime::Handle::try_current().is_err());
}

#[test]
fn a_started_context_and_its_destructors_are_in_the_runtime() {
    struct Asks(Arc<AtomicBool>);
    impl Drop for Asks {
        fn drop(&mut self) {
            let inside = tokio::runtime::Handle::try_current().is_ok();
            self.0.store(inside, Ordering::SeqCst);
        }
    }
    let runtime = beside();
    let mut context = in_tokio(Context::builder(), runtime.handle()).build();
    context.start().unwrap();
    let inside = Arc::new(AtomicBool::new(false));
    let asks = Asks(inside.clone());
    let begun = context
        .handle()
        .submit(async move {
            context::spawn(async move {
                let _asks = asks;
                std::future::pending::<()>().await;
            })
            .detach();
            context::yield_now().await;
        })
        .unwrap();
    begun.join_blocking().unwrap();
    context.notify_stop(Stop::Abort);
    context.join().unwrap();
    assert!(inside.load(Ordering::SeqCst));
}

#[test]
fn one_future_uses_tokio_and_the_next_does_not() {
    let runtime = beside();
    let handle = runtime.handle().clone();
    context::block_on(async move {
        let slept = with_tokio(&handle, async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            tokio::spawn(async { 5 }).await.expect("no panic")
        });
        let other = async {
            context::yield_now().await;
            tokio::runtime::Handle::try_current().is_err()
        };
        let (five, outside) = context::when_all((slept, other)).await;
        assert_eq!(five, 5);
        assert!(outside);
        // Dropped half-way: its parts go within the runtime.
        struct Asks(Rc<Cell<bool>>);
        impl Drop for Asks {
            fn drop(&mut self) {
                self.0.set(tokio::runtime::Handle::try_current().is_ok());
            }
        }
        let inside = Rc::new(Cell::new(false));
        let asks = Asks(inside.clone());
        let never = with_tokio(&handle, async move {
            let _asks = asks;
            std::future::pending::<()>().await;
        });
        assert!(
            context::timeout(Duration::from_millis(1), never)
                .await
                .is_err()
        );
        assert!(inside.get());
    })
    .unwrap();
}

/// Everything on one thread: a context's sockets and timers, and tokio's, taking turns.
#[test]
fn a_context_runs_in_a_task_of_tokio() {
    current_thread().block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let served = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut buffer = [0; 16];
            let mut served = 0;
            loop {
                match stream.read(&mut buffer).await.unwrap() {
                    0 => return served,
                    count => stream.write_all(&buffer[..count]).await.unwrap(),
                }
                served += 1;
            }
        });
        let asked = drive(Context::new(), async move {
            let stream = TcpStream::connect(address).await?;
            for round in 0..200_u8 {
                stream.write_all(vec![round]).await.0?;
                let answer = stream.recv().await?.expect("not the end");
                assert_eq!(&*answer, &[round]);
                if round % 50 == 0 {
                    context::sleep(Duration::from_millis(1)).await;
                }
            }
            stream.close().await
        });
        asked.await.expect("a context").expect("no error");
        assert_eq!(served.await.unwrap(), 200);
    });
}

/// Channels between a task of tokio's and one of the context's, on one thread: each wakes the other through its own runtime.
#[test]
fn tasks_on_both_sides_of_one_thread_wake_each_other() {
    let runtime = current_thread();
    let local = tokio::task::LocalSet::new();
    let sum = local.block_on(&runtime, async {
        let (to_context, mut from_tokio) = tokio::sync::mpsc::channel::<u64>(1);
        let (to_tokio, mut from_context) = tokio::sync::mpsc::channel::<u64>(1);
        let theirs = tokio::task::spawn_local(async move {
            let mut sum = 0;
            for number in 0..1000 {
                to_context.send(number).await.unwrap();
                sum += from_context.recv().await.unwrap();
            }
            sum
        });
        drive(Context::new(), async move {
            while let Some(number) = from_tokio.recv().await {
                to_tokio.send(number * 2).await.unwrap();
            }
        })
        .await
        .unwrap();
        theirs.await.unwrap()
    });
    assert_eq!(sum, 999 * 1000);
}

#[test]
fn work_comes_to_a_driven_context_from_other_threads() {
    let runtime = current_thread();
    let total = runtime.block_on(async {
        let context = Context::new();
        let handle = context.handle();
        let submitter = std::thread::spawn(move || {
            (0..500_u64)
                .map(|number| {
                    let task = handle.submit(async move {
                        context::yield_now().await;
                        number
                    });
                    task.expect("it runs").join_blocking().expect("no panic")
                })
                .sum::<u64>()
        });
        let total = Rc::new(Cell::new(None));
        let ended = total.clone();
        drive(context, async move {
            let sum = context::spawn_blocking(move || submitter.join().unwrap()).await;
            ended.set(Some(sum.unwrap()));
        })
        .await
        .unwrap();
        total.take()
    });
    assert_eq!(total, Some(124_750));
}

#[test]
fn dropping_it_ends_what_it_runs() {
    let runtime = current_thread();
    let counted = Rc::new(());
    runtime.block_on(async {
        let kept = counted.clone();
        let never = drive(Context::new(), async move {
            let (here, there) = UnixStream::pair().expect("a pair");
            let _kept = (kept, here);
            let received = there.recv().await;
            drop(received);
        });
        let ended = tokio::time::timeout(Duration::from_millis(5), never).await;
        assert!(ended.is_err());
    });
    assert_eq!(Rc::strong_count(&counted), 1);
}

#[test]
fn a_stop_and_a_panic_end_it() {
    let runtime = current_thread();
    let stopped = runtime.block_on(async {
        let context = Context::new();
        let handle = context.handle();
        drive(context, async move {
            handle.notify_stop(Stop::Abort);
            std::future::pending::<()>().await;
        })
        .await
    });
    assert!(matches!(
        stopped,
        Err(DriveError::Run(RunError::Stopped { .. }))
    ));
    let panicked = std::panic::catch_unwind(|| {
        current_thread().block_on(drive(Context::new(), async { panic!("on purpose") }))
    });
    let payload = panicked.expect_err("it panicked");
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"on purpose"));
}
