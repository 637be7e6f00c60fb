//! Kernels that lack one thing or another, rehearsed: contexts serve connections, files, pipes, processes and signals all the same,
//! on the ring as long as that is enough for it, else on epoll, and say so.
//!
//! Registrations that a filter refuses are refused by the kernel itself. A filter cannot be taken back, so those run in
//! processes of their own; so do the rehearsals, where `CORIO_DRIVER` must not decide.

mod support;

#[path = "../../uring-engine/tests/common/refusal.rs"]
mod refusal;

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use context::{Context, ContextBuilder, DriverChoice, RunError};
use refusal::{forbid_registration, in_child};
use support::{bytes_at, open_descriptors, poll_at_most};
use uring_engine::io_uring::opcode;
use uring_engine::{EngineConfig, Feature, Opcodes, Withheld};
use uring_io::fs::{self, File, FixedBuffers, OpenOptions};
use uring_io::net::{TcpListener, TcpStream, UdpSocket};
use uring_io::pipe::pipe;
use uring_io::process::Command;

/// So long a context may take: if it takes longer, something is waited for that does not come.
const LIMIT: Duration = Duration::from_secs(120);

/// Connections, in both directions, reads that are cancelled or come too late, and what is sent without a copy.
async fn serves_connections() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    // An accept that is given up loses no connection.
    assert!(poll_at_most(1, listener.accept()).await.is_none());
    let server = context::spawn(async move {
        let mut echoes = Vec::new();
        for _ in 0..3 {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            echoes.push(context::spawn(async move {
                while let Some(bytes) = stream.recv().await.unwrap() {
                    stream.write_all(bytes).await.0.unwrap();
                }
            }));
        }
        for echo in echoes {
            echo.await.unwrap();
        }
        listener.close().await.unwrap();
    });
    for stream in 0..3 {
        let client = TcpStream::connect(address).await.unwrap();
        client.set_nodelay(true).unwrap();
        assert!(poll_at_most(1, client.recv()).await.is_none());
        let elapsed = context::timeout(Duration::from_millis(1), client.read(vec![0; 8])).await;
        assert!(elapsed.is_err());
        let (result, buffer) = cancelled_read(&client).await;
        assert_eq!(result.unwrap_err().raw_os_error(), Some(libc::ECANCELED));
        assert_eq!(buffer.capacity(), 64);
        for length in [1, 100_000] {
            let (sent, bytes) = client.write_all(bytes_at(stream, 0, length)).await;
            sent.unwrap();
            let (read, back) = client.read_exact(vec![0; length]).await;
            read.unwrap();
            assert!(back == bytes);
            let (sent, bytes) = client.write_all_zero_copy(bytes).await;
            sent.unwrap();
            assert_eq!(bytes.len(), length);
            let mut back = Vec::new();
            while back.len() < length {
                back.extend_from_slice(&client.recv().await.unwrap().unwrap());
            }
            assert!(back == bytes);
        }
        sends_a_file(&client).await;
        client.close().await.unwrap();
    }
    server.await.unwrap();
}

async fn cancelled_read(client: &TcpStream) -> (io::Result<usize>, Vec<u8>) {
    let mut read = client.read(Vec::with_capacity(64));
    assert!(poll_at_most(1, &mut read).await.is_none());
    context::yield_now().await;
    read.cancel().await
}

async fn sends_a_file(client: &TcpStream) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sent");
    let content = bytes_at(7, 0, 50_000);
    fs::write(&path, content.clone()).await.0.unwrap();
    let file = File::open(&path).await.unwrap();
    let sent = client.send_file(&file, ..).await.unwrap();
    assert_eq!(sent, 50_000);
    let (read, back) = client.read_exact(vec![0; 50_000]).await;
    read.unwrap();
    assert!(back == content);
    file.close().await.unwrap();
}

async fn serves_datagrams() {
    let one = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let other = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for text in ["first", "second"] {
        let to = other.local_addr().unwrap();
        one.send_to(text, to).await.0.unwrap();
        let packet = other.recv().await.unwrap();
        assert_eq!(&*packet.bytes, text.as_bytes());
    }
    assert!(poll_at_most(1, other.recv()).await.is_none());
}

/// Bytes of files, by all ways, and what is done to names.
async fn serves_files() {
    let directory = tempfile::tempdir().unwrap();
    let name = |name: &str| directory.path().join(name);
    fs::create_dir(name("directory")).await.unwrap();
    let path = name("directory/file");
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .open(&path)
        .await
        .unwrap();
    let (written, _) = file.write_all_at(b"0123456789".to_vec(), 0).await;
    written.unwrap();
    file.sync_data().await.unwrap();
    let (read, bytes) = file.read_exact_at(vec![0; 4], 3).await;
    read.unwrap();
    assert_eq!(bytes, b"3456");
    let parts = vec![vec![0_u8; 2], vec![0_u8; 3]];
    let (read, parts) = file.read_vectored_at(parts, 0).await;
    assert_eq!((read.unwrap(), &parts[1][..]), (5, &b"234"[..]));
    file.set_len(5).await.unwrap();
    assert_eq!(file.len().await.unwrap(), 5);
    assert_eq!(
        file.set_len(u64::MAX).await.unwrap_err().kind(),
        io::ErrorKind::InvalidInput
    );
    drop(file.set_len(0));
    assert_eq!(file.metadata().await.unwrap().len(), 5);
    with_registered_buffers(&file).await;
    file.close().await.unwrap();

    fs::rename(&path, name("renamed")).await.unwrap();
    fs::hard_link(name("renamed"), name("linked"))
        .await
        .unwrap();
    fs::symlink("linked", name("symbolic")).await.unwrap();
    assert_eq!(fs::read(name("symbolic")).await.unwrap(), b"01234");
    fs::remove_file(name("symbolic")).await.unwrap();
    fs::remove_dir(name("directory")).await.unwrap();
    let error = fs::remove_file(name("nothing")).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
}

async fn with_registered_buffers(file: &File) {
    let driver = context::driver();
    let buffers = match FixedBuffers::new(driver.engine(), 1, 4096) {
        Ok(buffers) => buffers,
        // Nothing else has the same effect, so it is told.
        Err(error) => {
            assert_eq!(error.kind(), io::ErrorKind::Unsupported);
            assert!(error.to_string().contains("IORING_REGISTER_BUFFERS"));
            return;
        }
    };
    let (read, buffer) = file.read_fixed_at(buffers.take().unwrap(), 0).await;
    assert_eq!((read.unwrap(), &buffer[..5]), (5, &b"01234"[..]));
}

async fn serves_the_rest() {
    let (sender, receiver) = pipe().unwrap();
    sender.write_all("through a pipe").await.0.unwrap();
    assert_eq!(&*receiver.recv().await.unwrap().unwrap(), b"through a pipe");
    let output = Command::new("echo").arg("child").output().await.unwrap();
    assert_eq!(output.stdout, b"child\n");
    // Another thread wakes the context, which sleeps.
    let woken = context::spawn_blocking(|| std::thread::sleep(Duration::from_millis(2)));
    woken.await.unwrap();
    context::sleep(Duration::from_millis(1)).await;
}

async fn serves() {
    serves_connections().await;
    serves_datagrams().await;
    serves_files().await;
    serves_the_rest().await;
}

fn with(without: Withheld, driver: DriverChoice) -> Context {
    let engine = EngineConfig {
        without,
        ..EngineConfig::default()
    };
    ContextBuilder::new().engine(engine).driver(driver).build()
}

/// Serves on a context that does without something; its driver's name and report.
fn report_without(without: Withheld) -> (&'static str, String) {
    let mut context = with(without, DriverChoice::Automatic);
    let served = context.block_on(async {
        let served = context::timeout(LIMIT, serves()).await;
        assert!(served.is_ok(), "without {without}, it hangs");
        let driver = context::driver();
        let report = driver.engine().report();
        (report.driver, report.to_string())
    });
    served.unwrap_or_else(|error| panic!("without {without}: {error}"))
}

/// A ring that lacks one of these is none for a context.
const NEEDED: [u8; 22] = [
    opcode::Nop::CODE,
    opcode::PollAdd::CODE,
    opcode::AsyncCancel::CODE,
    opcode::Accept::CODE,
    opcode::Connect::CODE,
    opcode::Send::CODE,
    opcode::Recv::CODE,
    opcode::SendMsg::CODE,
    opcode::RecvMsg::CODE,
    opcode::Read::CODE,
    opcode::Write::CODE,
    opcode::Readv::CODE,
    opcode::Writev::CODE,
    opcode::ReadFixed::CODE,
    opcode::WriteFixed::CODE,
    opcode::OpenAt::CODE,
    opcode::Close::CODE,
    opcode::Fsync::CODE,
    opcode::SyncFileRange::CODE,
    opcode::Fallocate::CODE,
    opcode::Fadvise::CODE,
    opcode::Statx::CODE,
];

/// Serves without a part, on the driver that the part leaves it.
fn rehearse(without: Withheld, needed: bool) {
    let (driver, report) = report_without(without);
    if needed {
        assert_eq!(driver, "epoll", "{report}");
        let why = format!("a ring without {without}").replace(" OP_", " IORING_OP_");
        assert!(report.contains(&why), "{report}");
    } else {
        assert_eq!(driver, "io_uring", "{report}");
        let said = format!("withheld by the configuration: {without}\n");
        assert!(report.contains(&said), "{report}");
    }
}

#[test]
fn without_any_one_feature() {
    in_child("without_any_one_feature", || {
        for feature in Feature::ALL {
            let needed = Feature::NEEDED.contains(&feature);
            rehearse(Withheld::NOTHING.feature(feature), needed);
        }
    });
}

#[test]
fn without_any_one_operation() {
    in_child("without_any_one_operation", || {
        for code in (0..u8::MAX).filter(|&code| Opcodes::name(code).is_some()) {
            rehearse(Withheld::NOTHING.opcode(code), NEEDED.contains(&code));
        }
    });
}

#[test]
fn as_the_oldest_kernel_that_has_a_ring_for_it() {
    in_child("as_the_oldest_kernel_that_has_a_ring_for_it", || {
        let features = Feature::ALL.into_iter();
        let dispensable = features.filter(|feature| !Feature::NEEDED.contains(feature));
        let codes = (0..u8::MAX).filter(|&code| Opcodes::name(code).is_some());
        let oldest = dispensable.fold(Withheld::NOTHING, Withheld::feature);
        let oldest = codes
            .filter(|code| !NEEDED.contains(code))
            .fold(oldest, Withheld::opcode);
        rehearse(oldest, false);
    });
}

#[test]
fn nothing_is_left_open_where_parts_are_missing() {
    in_child("nothing_is_left_open_where_parts_are_missing", || {
        let parts = [
            Withheld::NOTHING,
            Withheld::NOTHING.opcode(opcode::Ftruncate::CODE),
            Withheld::NOTHING.feature(Feature::AcceptMultishot),
            Withheld::NOTHING.feature(Feature::RecvMultishot),
            Withheld::NOTHING.opcode(opcode::AsyncCancel::CODE),
        ];
        // Once, for what a process opens and keeps.
        let mut before = 0;
        for part in [parts, parts].concat() {
            report_without(part);
            before = if before == 0 {
                open_descriptors()
            } else {
                before
            };
            assert_eq!(open_descriptors(), before, "without {part}");
        }
    });
}

#[test]
fn whoever_insists_on_the_ring_is_told_what_it_lacks() {
    let parts = [
        Withheld::NOTHING.opcode(opcode::Recv::CODE),
        Withheld::NOTHING.opcode(opcode::AsyncCancel::CODE),
        Withheld::NOTHING.feature(Feature::ExtArg),
        Withheld::NOTHING.feature(Feature::NoDrop),
    ];
    for part in parts {
        let error = with(part, DriverChoice::Uring)
            .block_on(async {})
            .unwrap_err();
        let text = error.to_string();
        let name = part.to_string().replace("OP_", "IORING_OP_");
        assert!(
            text.contains(&format!("without {name} is of no use")),
            "{text}"
        );
        assert!(text.contains("EngineConfig::without"), "{text}");
    }
}

#[test]
fn a_chain_says_which_operation_is_missing() {
    let without = Withheld::NOTHING.opcode(opcode::Ftruncate::CODE);
    let mut context = with(without, DriverChoice::Uring);
    let done = context.block_on(async {
        let file = File::from_std(tempfile::tempfile().unwrap());
        let chain = fs::chain((file.set_len(5), file.sync_data()));
        let (set, synced) = chain.await;
        let error = set.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::Unsupported);
        assert!(error.to_string().contains("IORING_OP_FTRUNCATE"), "{error}");
        assert_eq!(synced.unwrap_err().raw_os_error(), Some(libc::ECANCELED));
        // A file's length that is being set on a thread is waited for.
        let mut set = file.set_len(3);
        let done = poll_at_most(1, &mut set).await;
        if done.is_none() {
            set.cancel().await.unwrap();
        }
        assert_eq!(file.len().await.unwrap(), 3);
        let never = file.set_len(9).cancel().await.unwrap_err();
        assert_eq!(never.raw_os_error(), Some(libc::ECANCELED));
        assert_eq!(file.len().await.unwrap(), 3);
    });
    done.unwrap();
}

/// For all contexts of the process.
fn withhold(names: impl AsRef<OsStr>) {
    // SAFETY: nobody else looks at the environment: the test runs alone, in a child.
    unsafe { std::env::set_var("CORIO_WITHOUT", names) };
}

#[test]
fn the_environment_withholds() {
    in_child("the_environment_withholds", || {
        withhold("OP_SEND_ZC, single_issuer");
        let (driver, report) = report_without(Withheld::NOTHING.feature(Feature::Probe));
        assert_eq!(driver, "io_uring");
        let said = "withheld by the configuration: SINGLE_ISSUER, PROBE, OP_SEND_ZC\n";
        assert!(report.contains(said), "{report}");
    });
}

#[test]
fn a_name_in_the_environment_that_means_nothing_is_told() {
    in_child(
        "a_name_in_the_environment_that_means_nothing_is_told",
        || {
            withhold("OP_SEND_ZC,OP_SENDFILE");
            let mut context = ContextBuilder::new().build();
            let error = context.block_on(async {}).unwrap_err();
            assert!(matches!(error, RunError::Setup(_)));
            let text = error.to_string();
            let told = "CORIO_WITHOUT: `OP_SENDFILE` is no part of io_uring";
            assert!(text.contains(told), "{text}");
        },
    );
}

/// Nothing is withheld in silence, and nothing is left out in silence either.
#[test]
fn an_environment_that_is_no_text_is_told() {
    in_child("an_environment_that_is_no_text_is_told", || {
        withhold(OsStr::from_bytes(b"OP_SEND_ZC,OP_\xff"));
        let error = ContextBuilder::new().build().block_on(async {});
        let text = error.unwrap_err().to_string();
        let told = "CORIO_WITHOUT: `OP_\u{fffd}` is no part of io_uring";
        assert!(text.contains(told), "{text}");
    });
}

/// Serves where the kernel refuses a registration, on the ring all the same.
fn serves_without_registration(operation: u32, errno: i32) {
    forbid_registration(operation, errno);
    let (driver, report) = report_without(Withheld::NOTHING);
    assert_eq!(driver, "io_uring", "{report}");
}

#[test]
fn where_a_filter_refuses_registrations() {
    in_child("where_a_filter_refuses_registrations", || {
        // Rings of buffers, the ring itself, cancelling everything, buffers, files, the probe; one after the other, until none
        // is left.
        for operation in [22, 20, 24, 0, 13, 2, 8] {
            serves_without_registration(operation, libc::EINVAL);
        }
    });
}

#[test]
fn where_a_filter_forbids_registrations() {
    in_child("where_a_filter_forbids_registrations", || {
        for operation in [8, 22, 20, 24] {
            serves_without_registration(operation, libc::EPERM);
        }
    });
}
