//! Operations and registrations that an older kernel would not have, withheld one at a time: each is refused as that kernel would
//! refuse it, by an error that can be told, and all others go on.

#![cfg(not(loom))]

mod common;

use std::ffi::CString;
use std::future::Future;
use std::io;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::time::Duration;

use common::refusal::{forbid_registration, in_child};
use common::{block_on, engine, engine_with, fd, pipe, settle, tcp_pair};
use uring_engine::io_uring::opcode;
use uring_engine::{
    BufferRing, BufferRingConfig, Engine, EngineConfig, Feature, FixedBuffers, Multishot, Opcodes,
    Operation, SetupError, SocketAddress, Wait, Withheld, op,
};

type Try = (
    u8,
    fn(&Engine) -> Pin<Box<dyn Future<Output = io::Result<()>>>>,
);

/// Runs an operation whose output is a result, once `keep` is there for it.
fn run<O, T, K>(
    engine: &Engine,
    keep: K,
    operation: O,
) -> Pin<Box<dyn Future<Output = io::Result<()>>>>
where
    O: Operation<Output = io::Result<T>>,
    K: 'static,
{
    let op = engine.op(operation);
    Box::pin(async move {
        let result = op.await.map(drop);
        drop(keep);
        result
    })
}

/// As [`run`], for one that brings its buffer back.
fn run_with<O, T, B, K>(
    engine: &Engine,
    keep: K,
    operation: O,
) -> Pin<Box<dyn Future<Output = io::Result<()>>>>
where
    O: Operation<Output = (io::Result<T>, B)>,
    K: 'static,
{
    let op = engine.op(operation);
    Box::pin(async move {
        let result = op.await.0.map(drop);
        drop(keep);
        result
    })
}

fn file() -> std::fs::File {
    let file = tempfile::tempfile().unwrap();
    file.set_len(4096).unwrap();
    file
}

fn path(name: &str) -> CString {
    let name = format!("/nowhere/{name}");
    CString::new(name).unwrap()
}

/// Operations that end at once, by number. Where they cannot succeed (nothing is at `/nowhere`), they fail otherwise than
/// with `EINVAL`.
const AT_ONCE: [Try; 26] = [
    (opcode::Nop::CODE, |engine| run(engine, (), op::Nop::new())),
    (opcode::Timeout::CODE, |engine| {
        run(engine, (), op::Timeout::new(Duration::from_millis(1)))
    }),
    (opcode::Read::CODE, |engine| {
        let file = file();
        let read = op::Read::at(fd(&file), 0, vec![0_u8; 8]);
        run_with(engine, file, read)
    }),
    (opcode::Write::CODE, |engine| {
        let file = file();
        let write = op::Write::at(fd(&file), 0, vec![0_u8; 8]);
        run_with(engine, file, write)
    }),
    (opcode::Readv::CODE, |engine| {
        let file = file();
        let read = op::ReadV::at(fd(&file), 0, vec![vec![0_u8; 8]; 2]);
        run_with(engine, file, read)
    }),
    (opcode::Writev::CODE, |engine| {
        let file = file();
        let write = op::WriteV::at(fd(&file), 0, vec![vec![0_u8; 8]; 2]);
        run_with(engine, file, write)
    }),
    (opcode::ReadFixed::CODE, |engine| {
        let file = file();
        let buffer = FixedBuffers::new(engine, 1, 8).unwrap().take().unwrap();
        let read = op::ReadFixed::at(fd(&file), 0, buffer);
        run_with(engine, file, read)
    }),
    (opcode::WriteFixed::CODE, |engine| {
        let file = file();
        let buffer = FixedBuffers::new(engine, 1, 8).unwrap().take().unwrap();
        let write = op::WriteFixed::at(fd(&file), 0, buffer);
        run_with(engine, file, write)
    }),
    (opcode::Fsync::CODE, |engine| {
        let file = file();
        let sync = op::Fsync::new(fd(&file));
        run(engine, file, sync)
    }),
    (opcode::Fallocate::CODE, |engine| {
        let file = file();
        let allocate = op::Fallocate::new(fd(&file), 0, 0, 4096);
        run(engine, file, allocate)
    }),
    (opcode::Fadvise::CODE, |engine| {
        let file = file();
        let advise = op::Fadvise::new(fd(&file), libc::POSIX_FADV_NORMAL, 0, 4096);
        run(engine, file, advise)
    }),
    (opcode::Ftruncate::CODE, |engine| {
        let file = file();
        let truncate = op::Truncate::new(fd(&file), 1);
        run(engine, file, truncate)
    }),
    (opcode::SyncFileRange::CODE, |engine| {
        let file = file();
        let sync = op::SyncRange::new(fd(&file), libc::SYNC_FILE_RANGE_WRITE, 0, 4096);
        run(engine, file, sync)
    }),
    (opcode::OpenAt::CODE, |engine| {
        run(engine, (), op::OpenAt::new(path("file"), libc::O_RDONLY))
    }),
    (opcode::MkDirAt::CODE, |engine| {
        run(engine, (), op::MkDirAt::new(path("directory"), 0o777))
    }),
    (opcode::UnlinkAt::CODE, |engine| {
        run(engine, (), op::UnlinkAt::file(path("file")))
    }),
    (opcode::RenameAt::CODE, |engine| {
        run(engine, (), op::RenameAt::new(path("one"), path("other"), 0))
    }),
    (opcode::LinkAt::CODE, |engine| {
        run(engine, (), op::LinkAt::new(path("one"), path("other")))
    }),
    (opcode::SymlinkAt::CODE, |engine| {
        run(engine, (), op::SymlinkAt::new(path("one"), path("other")))
    }),
    (opcode::Close::CODE, |engine| {
        run(engine, (), op::Close::new(OwnedFd::from(file())))
    }),
    (opcode::Send::CODE, |engine| {
        let pair = tcp_pair();
        let send = op::Send::new(fd(&pair.0), vec![1_u8; 8]);
        run_with(engine, pair, send)
    }),
    (opcode::SendZc::CODE, |engine| {
        let pair = tcp_pair();
        let send = op::SendZc::new(fd(&pair.0), vec![1_u8; 8]);
        run_with(engine, pair, send)
    }),
    (opcode::SendMsg::CODE, |engine| {
        let pair = tcp_pair();
        let send = op::SendV::new(fd(&pair.0), vec![vec![1_u8; 8]; 2]);
        run_with(engine, pair, send)
    }),
    (opcode::Shutdown::CODE, |engine| {
        let pair = tcp_pair();
        let shutdown = op::Shutdown::new(fd(&pair.0), std::net::Shutdown::Write);
        run(engine, pair, shutdown)
    }),
    (opcode::Splice::CODE, |engine| {
        let (file, pipe) = (file(), pipe());
        let splice = op::Splice::new(fd(&file), fd(&pipe.1), 8).from_offset(0);
        run(engine, (file, pipe), splice)
    }),
    (opcode::Connect::CODE, |engine| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let socket = socket();
        let address = SocketAddress::from(listener.local_addr().unwrap());
        let connect = op::Connect::new(fd(&socket), address);
        run(engine, (listener, socket), connect)
    }),
];

/// Operations for which something has to be there first.
const PREPARED: [Try; 4] = [
    (opcode::Recv::CODE, |engine| {
        let pair = tcp_pair();
        io::Write::write_all(&mut &pair.1, b"bytes").unwrap();
        let recv = op::Recv::new(fd(&pair.0), vec![0_u8; 8]);
        run_with(engine, pair, recv)
    }),
    (opcode::RecvMsg::CODE, |engine| {
        let pair = tcp_pair();
        io::Write::write_all(&mut &pair.1, b"bytes").unwrap();
        let recv = op::RecvV::new(fd(&pair.0), vec![vec![0_u8; 8]; 2]);
        run_with(engine, pair, recv)
    }),
    (opcode::Accept::CODE, |engine| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let accept = op::Accept::new(fd(&listener));
        run(engine, (listener, client), accept)
    }),
    (opcode::Tee::CODE, |engine| {
        let (from, to) = (pipe(), pipe());
        io::Write::write_all(&mut &from.1, b"bytes").unwrap();
        let tee = op::Tee::new(fd(&from.0), fd(&to.1), 8);
        run(engine, (from, to), tee)
    }),
];

fn socket() -> OwnedFd {
    use std::os::fd::FromRawFd;
    // SAFETY: no pointers are passed.
    let fd = unsafe { libc::socket(libc::AF_INET, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0) };
    assert!(fd >= 0);
    // SAFETY: it was just opened, and is nobody else's.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

fn without(without: Withheld) -> Engine {
    engine_with(EngineConfig {
        without,
        ..EngineConfig::default()
    })
}

fn is_refused(result: &io::Result<()>) -> bool {
    matches!(result, Err(error) if error.raw_os_error() == Some(libc::EINVAL))
}

#[test]
fn every_operation_runs_where_nothing_is_withheld() {
    let engine = engine();
    for (code, attempt) in AT_ONCE.into_iter().chain(PREPARED) {
        let result = block_on(&engine, attempt(&engine));
        let supported = engine.report().supports(code);
        assert_eq!(is_refused(&result), !supported, "{code}: {result:?}");
    }
}

#[test]
fn a_withheld_operation_is_refused_and_no_other_is() {
    for (code, attempt) in AT_ONCE.into_iter().chain(PREPARED) {
        let engine = without(Withheld::NOTHING.opcode(code));
        assert!(!engine.report().supports(code));
        let result = block_on(&engine, attempt(&engine));
        assert!(is_refused(&result), "{code}: {result:?}");
        let error = engine.report().explain(code, result.unwrap_err());
        assert_eq!(error.kind(), io::ErrorKind::Unsupported);
        let name = format!("IORING_OP_{}", Opcodes::name(code).unwrap().to_uppercase());
        assert!(error.to_string().contains(&name), "{error}");
        for (other, attempt) in AT_ONCE.into_iter().chain(PREPARED) {
            if other != code && engine.report().supports(other) {
                let result = block_on(&engine, attempt(&engine));
                assert!(!is_refused(&result), "{other} without {code}: {result:?}");
            }
        }
        settle_all(&engine);
    }
}

fn settle_all(engine: &Engine) {
    engine.turn(Wait::No).unwrap();
    settle(engine);
    engine.shutdown();
    assert_eq!(engine.stats().leaked, 0);
}

#[test]
fn an_error_that_means_something_else_is_left_alone() {
    let engine = without(Withheld::NOTHING.opcode(opcode::Read::CODE));
    let of = |code, errno| {
        engine
            .report()
            .explain(code, io::Error::from_raw_os_error(errno))
            .raw_os_error()
    };
    assert_eq!(of(opcode::Read::CODE, libc::EIO), Some(libc::EIO));
    assert_eq!(of(opcode::Write::CODE, libc::EINVAL), Some(libc::EINVAL));
    assert_eq!(of(opcode::Read::CODE, libc::EINVAL), None);
}

#[test]
fn what_is_linked_behind_a_withheld_operation_is_cancelled() {
    let engine = without(Withheld::NOTHING.opcode(opcode::Timeout::CODE));
    let first = op::Timeout::new(Duration::from_millis(1));
    let chain = engine.chain((first, op::Nop::new())).unwrap();
    let (first, second) = block_on(&engine, chain);
    assert_eq!(first.unwrap_err().raw_os_error(), Some(libc::EINVAL));
    assert_eq!(second.unwrap_err().raw_os_error(), Some(libc::ECANCELED));
    settle_all(&engine);
}

#[test]
fn no_engine_is_made_that_could_not_cancel_or_be_woken() {
    for code in [opcode::AsyncCancel::CODE, opcode::PollAdd::CODE] {
        for probe in [Withheld::NOTHING, Withheld::NOTHING.feature(Feature::Probe)] {
            let config = EngineConfig {
                without: probe.opcode(code),
                ..EngineConfig::default()
            };
            let error = Engine::new(&config).unwrap_err();
            assert!(matches!(error, SetupError::Withheld { .. }), "{error}");
            let name = Opcodes::name(code).unwrap().to_uppercase();
            assert!(error.to_string().contains(&format!("IORING_OP_{name}")));
        }
    }
}

#[test]
fn nor_one_without_what_its_user_needs() {
    let needs = Opcodes::EMPTY.with(opcode::Recv::CODE).with(254);
    let config = EngineConfig {
        needs,
        ..EngineConfig::default()
    };
    let error = Engine::new(&config).unwrap_err();
    assert!(matches!(&error, SetupError::MissingFeature { what, .. } if what == "operation 254"));
    let config = EngineConfig {
        needs: needs.without(254),
        without: Withheld::NOTHING.opcode(opcode::Recv::CODE),
        ..EngineConfig::default()
    };
    let error = Engine::new(&config).unwrap_err();
    assert!(error.to_string().contains("IORING_OP_RECV"), "{error}");
    let config = EngineConfig {
        without: Withheld::NOTHING,
        ..config
    };
    assert!(Engine::new(&config).is_ok());
}

/// The first item of a multishot operation.
fn first<M: Multishot>(engine: &Engine, operation: M) -> M::Item {
    let mut operation = engine.multishot(operation);
    let item = block_on(engine, operation.next()).expect("an item or an error");
    drop(operation);
    settle(engine);
    item
}

#[test]
fn operations_that_go_on_are_refused_and_those_that_do_not_are_not() {
    let engine = without(Withheld::NOTHING.feature(Feature::AcceptMultishot));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let _clients = [(); 2].map(|()| std::net::TcpStream::connect(address).unwrap());
    let error = first(&engine, op::AcceptMulti::new(fd(&listener))).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EINVAL));
    let single = op::AcceptMulti::new(fd(&listener)).one_at_a_time(true);
    first(&engine, single).unwrap();
    block_on(&engine, engine.op(op::Accept::new(fd(&listener)))).unwrap();

    let engine = without(Withheld::NOTHING.feature(Feature::RecvMultishot));
    let ring = BufferRing::new(&engine, BufferRingConfig::default()).unwrap();
    let (client, server) = tcp_pair();
    io::Write::write_all(&mut &client, b"bytes").unwrap();
    let mut many = ring.recv_multi(&engine, fd(&server));
    let error = block_on(&engine, many.next()).unwrap().unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EINVAL));
    let one = block_on(&engine, ring.recv(&engine, fd(&server))).unwrap();
    assert_eq!(&*one.unwrap(), b"bytes");
}

/// The poll on the wake-up descriptor has to be repeated then. A call that comes between parking and the repetition must not
/// be slept through.
#[test]
fn wake_ups_come_without_a_poll_that_goes_on() {
    let engine = without(Withheld::NOTHING.feature(Feature::PollMultishot));
    let unparker = engine.unparker();
    for round in 0..5 {
        assert!(engine.park_begin());
        unparker.unpark();
        let before = engine.stats();
        let limit = Some(Duration::from_secs(1));
        engine.turn(Wait::Until(limit)).unwrap();
        engine.park_end();
        let after = engine.stats();
        let told = after.unparks > before.unparks;
        let refused = round == 0;
        assert!(
            told || refused || after.waits == before.waits,
            "round {round}"
        );
    }
    // Nobody calls, so nothing ends a sleep: least of all a poll that is refused again and again.
    let mut sleeps = (0..3).map(|_| engine.turn(Wait::Until(Some(Duration::from_millis(1)))));
    assert!(sleeps.any(|turn| turn.unwrap().timed_out));
}

fn registrations(engine: &Engine) -> [io::Result<()>; 3] {
    let file = file();
    [
        BufferRing::new(engine, BufferRingConfig::default()).map(drop),
        FixedBuffers::new(engine, 1, 4096).map(drop),
        engine.register_file(&file).map(drop),
    ]
}

const REGISTRATIONS: [Feature; 3] = [
    Feature::BufferRings,
    Feature::RegisteredBuffers,
    Feature::RegisteredFiles,
];

/// One of the registrations is refused, by an error that names it; the others are not.
fn all_but(engine: &Engine, refused: Option<Feature>) {
    for (feature, result) in REGISTRATIONS.into_iter().zip(registrations(engine)) {
        if refused != Some(feature) {
            assert!(result.is_ok(), "{feature}: {result:?}");
            continue;
        }
        let error = result.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::Unsupported);
        let name = format!("IORING_REGISTER_{feature}");
        assert!(error.to_string().contains(&name), "{error}");
    }
    block_on(engine, engine.op(op::Nop::new())).unwrap();
}

#[test]
fn a_withheld_registration_is_refused_and_no_other_is() {
    all_but(&engine(), None);
    for feature in REGISTRATIONS {
        let engine = without(Withheld::NOTHING.feature(feature));
        all_but(&engine, Some(feature));
    }
}

/// A read that waits, cancelled; a shutdown with another one in flight.
fn cancels_and_ends(engine: &Engine) {
    let pipe = pipe();
    let mut read = engine.op(op::Read::new(fd(&pipe.0), vec![0_u8; 8]));
    assert!(common::poll_once(&mut read).is_pending());
    engine.turn(Wait::No).unwrap();
    read.cancel();
    let (result, _) = block_on(engine, read);
    assert_eq!(result.unwrap_err().raw_os_error(), Some(libc::ECANCELED));
    let mut left = engine.op(op::Read::new(fd(&pipe.0), vec![0_u8; 8]));
    assert!(common::poll_once(&mut left).is_pending());
    engine.turn(Wait::No).unwrap();
    engine.shutdown();
    assert_eq!((engine.in_flight(), engine.stats().leaked), (0, 0));
}

/// What a filter refuses the kernel does not do: nothing here is a rehearsal.
fn filtered(operation: u32, check: impl Fn(&Engine)) {
    for errno in [libc::EINVAL, libc::EPERM] {
        forbid_registration(operation, errno);
        let engine = engine();
        check(&engine);
        cancels_and_ends(&engine);
    }
}

#[test]
fn a_filter_refuses_the_probe() {
    in_child("a_filter_refuses_the_probe", || {
        filtered(8, |engine| {
            let report = engine.report();
            let refusal = report.refusal(Feature::Probe).expect("a refusal");
            assert!(matches!(refusal.errno, Some(libc::EINVAL | libc::EPERM)));
            assert!(report.supports(opcode::Recv::CODE));
            assert!(!report.supports(opcode::SendZc::CODE));
            assert!(!report.has(Feature::RecvMultishot));
        });
    });
}

#[test]
fn a_filter_refuses_to_register_the_ring() {
    in_child("a_filter_refuses_to_register_the_ring", || {
        filtered(20, |engine| {
            let refusal = engine.report().refusal(Feature::RegisteredRingFd);
            assert!(refusal.expect("a refusal").errno.is_some());
        });
    });
}

#[test]
fn a_filter_refuses_to_cancel_everything_at_once() {
    in_child("a_filter_refuses_to_cancel_everything_at_once", || {
        // The kernel announces it all the same: one cancellation for each operation follows.
        filtered(24, |engine| {
            assert!(engine.report().has(Feature::SyncCancel))
        });
    });
}

#[test]
fn a_filter_refuses_rings_of_buffers() {
    in_child("a_filter_refuses_rings_of_buffers", || {
        forbid_registration(22, libc::EINVAL);
        let engine = engine();
        all_but(&engine, Some(Feature::BufferRings));
        cancels_and_ends(&engine);
    });
}

#[test]
fn a_filter_refuses_registered_buffers() {
    in_child("a_filter_refuses_registered_buffers", || {
        forbid_registration(0, libc::EINVAL);
        all_but(&engine(), Some(Feature::RegisteredBuffers));
    });
}

#[test]
fn a_filter_refuses_tables_of_files() {
    in_child("a_filter_refuses_tables_of_files", || {
        // The newer way first: the older one serves as well.
        forbid_registration(13, libc::EINVAL);
        all_but(&engine(), None);
        forbid_registration(2, libc::EINVAL);
        all_but(&engine(), Some(Feature::RegisteredFiles));
    });
}
