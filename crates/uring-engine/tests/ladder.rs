//! Each rung of the setup ladder works, and the report says what was granted and refused.

#![cfg(not(loom))]

mod common;

use std::io::Write as _;

use common::{block_on, engine, engine_with, fd, tcp_pair};
use uring_engine::io_uring::opcode;
use uring_engine::{Engine, EngineConfig, Feature, FeatureSet, SetupError, Wait, Withheld, op};

/// Operations of several kinds, a sleep and a wake-up.
fn works(engine: &Engine) {
    block_on(engine, engine.op(op::Nop::new())).unwrap();
    let (mut client, server) = tcp_pair();
    let mut receive = engine.op(op::Recv::new(fd(&server), vec![0_u8; 8]).poll_first(true));
    assert!(common::poll_once(&mut receive).is_pending());
    engine.turn(Wait::No).unwrap();
    client.write_all(b"ladder").unwrap();
    let (count, bytes) = block_on(engine, receive);
    assert_eq!((count.unwrap(), &bytes[..]), (6, &b"ladder"[..]));
    let unparker = engine.unparker();
    let other = std::thread::spawn(move || unparker.unpark());
    engine.turn(Wait::Until(None)).unwrap();
    other.join().unwrap();
    engine.shutdown();
}

#[test]
fn with_any_one_feature_left_out() {
    for feature in optional() {
        let engine = engine_with(EngineConfig {
            without: Withheld::NOTHING.feature(feature),
            ..EngineConfig::default()
        });
        assert!(!engine.report().has(feature));
        assert!(engine.report().refusal(feature).is_none(), "{feature}");
        works(&engine);
    }
}

#[test]
fn with_ever_fewer_features() {
    let mut without = Withheld::NOTHING;
    for feature in optional() {
        without = without.feature(feature);
        works(&engine_with(EngineConfig {
            without,
            ..EngineConfig::default()
        }));
    }
    let engine = engine_with(EngineConfig {
        without,
        ..EngineConfig::default()
    });
    let left: FeatureSet = Feature::NEEDED.into_iter().collect();
    assert_eq!(engine.report().granted, left);
}

fn optional() -> impl Iterator<Item = Feature> {
    let needed = |feature: &Feature| Feature::NEEDED.contains(feature);
    Feature::ALL
        .into_iter()
        .filter(move |feature| !needed(feature))
}

#[test]
fn there_is_no_engine_without_what_it_needs() {
    for feature in Feature::NEEDED {
        let config = EngineConfig {
            without: Withheld::NOTHING.feature(feature),
            ..EngineConfig::default()
        };
        let error = Engine::new(&config).unwrap_err();
        assert!(matches!(error, SetupError::Withheld { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains(feature.name()) && text.contains("EngineConfig::without"));
        assert_eq!(error.errno(), None);
    }
}

#[test]
fn the_report_tells_what_and_why() {
    let engine = engine_with(EngineConfig {
        without: Withheld::NOTHING
            .feature(Feature::NoSqArray)
            .opcode(opcode::SendZc::CODE),
        ..EngineConfig::default()
    });
    let report = engine.report();
    assert!(report.withheld.features().contains(Feature::NoSqArray));
    let text = report.to_string();
    assert!(
        text.contains("withheld by the configuration: NO_SQARRAY, OP_SEND_ZC\n"),
        "{text}"
    );
    assert!(!text.contains("refused: NO_SQARRAY"), "{text}");
    assert!(text.contains(&report.kernel));
    assert!(report.supports(opcode::Nop::CODE));
    assert!(!report.supports(255));
    for feature in report.granted.iter() {
        assert!(text.contains(feature.name()));
    }
    assert!(
        !engine_with(EngineConfig::default())
            .report()
            .to_string()
            .contains("withheld")
    );
}

#[test]
fn sizes_that_no_kernel_grants() {
    let config = EngineConfig {
        entries: 1 << 20,
        clamp: false,
        ..EngineConfig::default()
    };
    let error = Engine::new(&config).unwrap_err();
    assert!(matches!(error, SetupError::Invalid { .. }), "{error}");
    assert_eq!(error.errno(), Some(libc::EINVAL));
    assert!(error.to_string().contains("32768"));
    let clamped = engine_with(EngineConfig {
        entries: 1 << 16,
        ..EngineConfig::default()
    });
    assert_eq!(clamped.report().sq_entries, 32768);
    let zero = engine_with(EngineConfig {
        entries: 0,
        ..EngineConfig::default()
    });
    assert_eq!(zero.report().sq_entries, 1);
}

#[test]
fn more_engines_on_a_thread_than_it_can_register() {
    let engines: Vec<_> = (0..20).map(|_| engine()).collect();
    let last = engines.last().unwrap();
    let refusal = last.report().refusal(Feature::RegisteredRingFd).unwrap();
    assert_eq!(refusal.errno, Some(libc::EBUSY));
    for engine in &engines {
        works(engine);
    }
    drop(engines);
    assert!(
        engine().report().has(Feature::RegisteredRingFd),
        "places come back"
    );
}
