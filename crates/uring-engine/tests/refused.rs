//! A ring that the kernel refuses: each refusal is told apart, with a hint.
//!
//! A filter or a limit cannot be taken back, so each case runs in a process of its own: this test binary again, with the
//! case in an environment variable.

#![cfg(not(loom))]

mod common;

use common::block_on;
use common::refusal::{forbid_setup, in_child};
use uring_engine::{Engine, EngineConfig, SetupError, Wanted, op};

#[test]
fn seccomp_with_eperm() {
    in_child("seccomp_with_eperm", || {
        forbid_setup(libc::EPERM);
        let error = Engine::new(&EngineConfig::default()).unwrap_err();
        assert!(matches!(error, SetupError::Forbidden { .. }));
        assert_eq!(error.errno(), Some(libc::EPERM));
        assert!(error.to_string().contains("seccomp"), "{error}");
    });
}

#[test]
fn seccomp_with_enosys() {
    in_child("seccomp_with_enosys", || {
        forbid_setup(libc::ENOSYS);
        let error = Engine::new(&EngineConfig::default()).unwrap_err();
        assert!(matches!(error, SetupError::Unsupported));
        assert!(error.to_string().contains("seccomp"), "{error}");
    });
}

#[test]
fn seccomp_with_einval() {
    in_child("seccomp_with_einval", || {
        forbid_setup(libc::EINVAL);
        let error = Engine::new(&EngineConfig::default()).unwrap_err();
        assert!(matches!(error, SetupError::Invalid { .. }), "{error}");
    });
}

#[test]
fn no_memory_at_all() {
    in_child("no_memory_at_all", || {
        forbid_setup(libc::ENOMEM);
        let error = Engine::new(&EngineConfig::default()).unwrap_err();
        assert!(
            matches!(error, SetupError::NoMemory { entries: 1 }),
            "{error}"
        );
        assert!(error.to_string().contains("memlock"), "{error}");
    });
}

/// Gives up the capability that exempts from the memlock limit.
fn give_up_ipc_lock() {
    #[repr(C)]
    struct Header {
        version: u32,
        pid: i32,
    }
    const VERSION_3: u32 = 0x2008_0522;
    const CAP_IPC_LOCK: u32 = 14;
    let mut header = Header {
        version: VERSION_3,
        pid: 0,
    };
    // Effective, permitted, inheritable; low and high half.
    let mut sets = [[0_u32; 3]; 2];
    // SAFETY: both structures have the layout of the third version and live across the calls.
    unsafe {
        assert_eq!(
            libc::syscall(libc::SYS_capget, &mut header, sets.as_mut_ptr()),
            0
        );
        for set in &mut sets[0] {
            *set &= !(1 << CAP_IPC_LOCK);
        }
        assert_eq!(
            libc::syscall(libc::SYS_capset, &mut header, sets.as_ptr()),
            0
        );
    }
}

/// With no memory to lock, a ring may be refused, be smaller, or (where the kernel does not account it) be whole. Each is
/// reported as what it is, and a ring that is granted works.
#[test]
fn memlock_limit_of_zero() {
    in_child("memlock_limit_of_zero", || {
        let none = libc::rlimit {
            rlim_cur: 0,
            rlim_max: 0,
        };
        // SAFETY: the structure lives across the call.
        unsafe { assert_eq!(libc::setrlimit(libc::RLIMIT_MEMLOCK, &none), 0) };
        give_up_ipc_lock();
        match Engine::new(&EngineConfig::default()) {
            Ok(engine) => {
                let report = engine.report();
                println!("{report}");
                if report.sq_entries < report.requested_entries {
                    let smaller = |refusal: &&uring_engine::Refusal| {
                        matches!(refusal.what, Wanted::Entries(_))
                            && refusal.errno == Some(libc::ENOMEM)
                            && refusal.hint.contains("memlock")
                    };
                    assert!(report.refused.iter().find(smaller).is_some());
                }
                block_on(&engine, engine.op(op::Nop::new())).unwrap();
            }
            Err(error) => {
                assert!(
                    matches!(error, SetupError::NoMemory { entries: 1 }),
                    "{error}"
                );
                assert!(error.to_string().contains("ulimit -l"));
            }
        }
    });
}

#[test]
fn no_descriptor_is_left() {
    in_child("no_descriptor_is_left", || {
        let mut limit = libc::rlimit {
            rlim_cur: 0,
            rlim_max: 0,
        };
        // SAFETY: the structure lives across the calls.
        let error = unsafe {
            assert_eq!(libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit), 0);
            let few = libc::rlimit {
                rlim_cur: 3,
                ..limit
            };
            assert_eq!(libc::setrlimit(libc::RLIMIT_NOFILE, &few), 0);
            let error = Engine::new(&EngineConfig::default()).unwrap_err();
            assert_eq!(libc::setrlimit(libc::RLIMIT_NOFILE, &limit), 0);
            error
        };
        assert!(matches!(error, SetupError::Descriptors { .. }), "{error}");
        assert_eq!(error.errno(), Some(libc::EMFILE));
    });
}
