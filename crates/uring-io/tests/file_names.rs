//! Directories, links, names and what is known of files.

mod support;

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, SystemTime};

use support::{Random, poll_at_most, run};
use uring_io::fs::{self, File, FileType};

#[test]
fn directories_are_made_and_removed() {
    let temporary = tempfile::tempdir().unwrap();
    let at = |name: &str| temporary.path().join(name);
    run(async {
        fs::create_dir(at("one")).await.unwrap();
        let kind = fs::create_dir(at("one")).await.unwrap_err().kind();
        assert_eq!(kind, ErrorKind::AlreadyExists);
        let kind = fs::create_dir(at("x/y")).await.unwrap_err().kind();
        assert_eq!(kind, ErrorKind::NotFound);
        for path in [
            "one/two/three/four",
            "one/two",
            "one",
            "five/",
            "six/./seven/../eight",
        ] {
            fs::create_dir_all(at(path)).await.unwrap();
            assert!(at(path).is_dir(), "{path}");
        }
        fs::create_dir_all("").await.unwrap();
        fs::create_dir_all("/").await.unwrap();
        std::fs::write(at("file"), "x").unwrap();
        for path in ["file", "file/below/it"] {
            let error = fs::create_dir_all(at(path)).await.unwrap_err();
            let expected = std::fs::create_dir_all(at(path)).unwrap_err();
            assert_eq!(error.kind(), expected.kind(), "{path}");
        }
        let kind = fs::remove_dir(at("one")).await.unwrap_err().kind();
        assert_eq!(kind, ErrorKind::DirectoryNotEmpty);
        let kind = fs::remove_dir(at("file")).await.unwrap_err().kind();
        assert_eq!(kind, ErrorKind::NotADirectory);
        let kind = fs::remove_file(at("one")).await.unwrap_err().kind();
        assert_eq!(kind, ErrorKind::IsADirectory);
        fs::remove_dir(at("five")).await.unwrap();
        fs::remove_dir_all(at("one")).await.unwrap();
        fs::remove_dir_all(at("six")).await.unwrap();
        fs::remove_file(at("file")).await.unwrap();
    });
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0);
}

#[test]
fn links_are_made_followed_and_read() {
    let temporary = tempfile::tempdir().unwrap();
    let at = |name: &str| temporary.path().join(name);
    run(async {
        std::fs::write(at("file"), "text").unwrap();
        fs::symlink("file", at("soft")).await.unwrap();
        fs::hard_link(at("file"), at("hard")).await.unwrap();
        assert_eq!(fs::read_link(at("soft")).await.unwrap(), Path::new("file"));
        let kind = fs::read_link(at("file")).await.unwrap_err().kind();
        assert_eq!(kind, ErrorKind::InvalidInput);
        let known = fs::metadata(at("soft")).await.unwrap();
        assert_eq!((known.file_type(), known.nlink()), (FileType::File, 2));
        let known = fs::symlink_metadata(at("soft")).await.unwrap();
        assert!(known.is_symlink() && known.file_type().is_symlink());
        assert_eq!(
            fs::canonicalize(at("soft")).await.unwrap(),
            std::fs::canonicalize(at("file")).unwrap()
        );
        fs::remove_file(at("file")).await.unwrap();
        assert!(!fs::exists(at("soft")).await && fs::exists(at("hard")).await);
        assert!(!fs::try_exists(at("soft")).await.unwrap());
        let long = at(&"n".repeat(300));
        assert!(fs::try_exists(&long).await.is_err() && !fs::exists(&long).await);
    });
}

#[test]
fn renaming_replaces_unless_told_otherwise() {
    let temporary = tempfile::tempdir().unwrap();
    let at = |name: &str| temporary.path().join(name);
    let text = |name: &str| std::fs::read_to_string(at(name)).unwrap();
    run(async {
        std::fs::write(at("a"), "a").unwrap();
        std::fs::write(at("b"), "b").unwrap();
        let kind = fs::rename_new(at("a"), at("b")).await.unwrap_err().kind();
        assert_eq!(kind, ErrorKind::AlreadyExists);
        fs::exchange(at("a"), at("b")).await.unwrap();
        assert_eq!((text("a"), text("b")), ("b".into(), "a".into()));
        let kind = fs::exchange(at("a"), at("c")).await.unwrap_err().kind();
        assert_eq!(kind, ErrorKind::NotFound);
        fs::rename_new(at("a"), at("c")).await.unwrap();
        fs::rename(at("c"), at("b")).await.unwrap();
        assert_eq!(text("b"), "b");
        assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 1);
    });
}

#[test]
fn metadata_is_what_the_standard_library_says() {
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("file");
    run(async {
        fs::write(&path, vec![1; 10_000]).await.0.unwrap();
        fs::set_permissions(&path, PermissionsExt::from_mode(0o4751))
            .await
            .unwrap();
        let file = File::open(&path).await.unwrap();
        let past = SystemTime::UNIX_EPOCH - Duration::from_millis(1500);
        file.set_modified(past).await.unwrap();
        for path in [path.as_path(), Path::new("/"), Path::new("/dev/null")] {
            let ours = fs::metadata(path).await.unwrap();
            let theirs = std::fs::metadata(path).unwrap();
            assert_eq!(ours.len(), theirs.len());
            assert_eq!(ours.mode(), theirs.mode() & 0o7777);
            assert_eq!((ours.uid(), ours.gid()), (theirs.uid(), theirs.gid()));
            assert_eq!((ours.ino(), ours.nlink()), (theirs.ino(), theirs.nlink()));
            assert_eq!((ours.dev(), ours.rdev()), (theirs.dev(), theirs.rdev()));
            assert_eq!(
                (ours.blocks(), ours.blksize()),
                (theirs.blocks(), theirs.blksize())
            );
            assert_eq!(ours.modified(), theirs.modified().unwrap());
            assert_eq!(ours.accessed(), theirs.accessed().unwrap());
            assert_eq!(ours.created(), theirs.created().ok());
            assert_eq!(ours.file_type(), FileType::from(theirs.file_type()));
        }
        let ours = file.metadata().await.unwrap();
        assert_eq!((ours.modified(), ours.mode()), (past, 0o4751));
        assert!(ours.changed() > past);
        file.set_permissions(PermissionsExt::from_mode(0o600))
            .await
            .unwrap();
        assert_eq!(file.metadata().await.unwrap().mode(), 0o600);
    });
}

#[test]
fn ten_thousand_entries_are_listed_once_each() {
    let temporary = tempfile::tempdir().unwrap();
    let mut names: BTreeSet<OsString> = (0..10_000).map(|at| at.to_string().into()).collect();
    names.insert("with\nnewline".into());
    names.insert(OsString::from_vec(b"not \xff\xfe UTF-8".to_vec()));
    names.insert("-".into());
    for name in &names {
        std::fs::write(temporary.path().join(name), "").unwrap();
    }
    std::fs::create_dir(temporary.path().join("directory")).unwrap();
    std::os::unix::fs::symlink("nowhere", temporary.path().join("link")).unwrap();
    names.extend(["directory".into(), "link".into()]);
    run(async {
        let mut random = Random(3);
        let mut entries = fs::read_dir(temporary.path()).await.unwrap();
        let mut found = BTreeSet::new();
        let mut dropped = 0;
        loop {
            // Dropped between any two of its polls, it loses no entry.
            let polls = random.below(3) as usize;
            let Some(entry) = poll_at_most(polls, entries.next_entry()).await else {
                dropped += 1;
                context::yield_now().await;
                continue;
            };
            let Some(entry) = entry.unwrap() else { break };
            let kind = match entry.file_name().to_str() {
                Some("directory") => FileType::Dir,
                Some("link") => FileType::Symlink,
                _ => FileType::File,
            };
            assert_eq!(entry.file_type().await.unwrap(), kind);
            assert_eq!(entry.path(), temporary.path().join(entry.file_name()));
            assert!(
                found.insert(entry.file_name().to_owned()),
                "{entry:?} twice"
            );
        }
        assert!(found == names, "{} of {}", found.len(), names.len());
        assert!(dropped > 100, "{dropped}");
        // The end stays the end.
        assert!(entries.next_entry().await.unwrap().is_none());
    });
}

#[test]
fn names_may_hold_anything_but_zero() {
    let temporary = tempfile::tempdir().unwrap();
    let name = OsStr::from_bytes(b"line\nbreak \xc3\x28 \xf0\x9f \x01");
    let path = temporary.path().join(name);
    run(async {
        fs::write(&path, "text").await.0.unwrap();
        assert_eq!(fs::read_to_string(&path).await.unwrap(), "text");
        let other = temporary.path().join(OsStr::from_bytes(b"\xff"));
        fs::rename(&path, &other).await.unwrap();
        fs::symlink(&other, &path).await.unwrap();
        assert_eq!(fs::read_link(&path).await.unwrap(), other);

        let zero = "a\0b";
        let kinds = [
            File::open(zero).await.map(drop).unwrap_err(),
            fs::metadata(zero).await.map(drop).unwrap_err(),
            fs::symlink_metadata(zero).await.map(drop).unwrap_err(),
            fs::create_dir(zero).await.unwrap_err(),
            fs::create_dir_all(zero).await.unwrap_err(),
            fs::remove_dir(zero).await.unwrap_err(),
            fs::remove_dir_all(zero).await.unwrap_err(),
            fs::remove_file(zero).await.unwrap_err(),
            fs::rename(&path, zero).await.unwrap_err(),
            fs::rename_new(zero, &path).await.unwrap_err(),
            fs::exchange(&path, zero).await.unwrap_err(),
            fs::hard_link(zero, &path).await.unwrap_err(),
            fs::symlink(zero, &path).await.unwrap_err(),
            fs::read_link(zero).await.map(drop).unwrap_err(),
            fs::canonicalize(zero).await.map(drop).unwrap_err(),
            fs::read_dir(zero).await.map(drop).unwrap_err(),
            fs::read(zero).await.map(drop).unwrap_err(),
            fs::write(zero, "").await.0.unwrap_err(),
            fs::copy(&path, zero).await.map(drop).unwrap_err(),
            fs::try_exists(zero).await.map(drop).unwrap_err(),
        ];
        for (at, error) in kinds.iter().enumerate() {
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{at}: {error}");
        }
        assert!(!fs::exists(zero).await);
        assert!(kinds[0].to_string().contains("zero byte"), "{}", kinds[0]);
    });
}

#[test]
fn no_such_directory_is_an_error() {
    run(async {
        let kind = fs::read_dir("/nonexistent").await.unwrap_err().kind();
        assert_eq!(kind, ErrorKind::NotFound);
        let kind = fs::read_dir("/dev/null").await.unwrap_err().kind();
        assert_eq!(kind, ErrorKind::NotADirectory);
    });
}
