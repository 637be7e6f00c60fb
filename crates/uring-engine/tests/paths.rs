//! Operations on names and on the extent of files do what their system calls do.

#![cfg(not(loom))]

mod common;

use std::ffi::CString;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use common::{block_on, engine, fd};
use uring_engine::op;

fn text(path: &Path) -> CString {
    CString::new(path.as_os_str().as_bytes()).unwrap()
}

#[test]
fn directories_and_links_are_made_renamed_and_removed() {
    let engine = engine();
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    let make = || engine.op(op::MkDirAt::new(text(&at("dir")), 0o700));
    block_on(&engine, make()).unwrap();
    assert!(at("dir").is_dir());
    let again = block_on(&engine, make()).unwrap_err();
    assert_eq!(again.kind(), ErrorKind::AlreadyExists);

    std::fs::write(at("dir/a"), "a").unwrap();
    let link = op::LinkAt::new(text(&at("dir/a")), text(&at("b")));
    block_on(&engine, engine.op(link)).unwrap();
    assert_eq!(std::fs::metadata(at("b")).unwrap().nlink(), 2);
    let symlink = op::SymlinkAt::new(c"dir/a".to_owned(), text(&at("s")));
    block_on(&engine, engine.op(symlink)).unwrap();
    assert_eq!(std::fs::read_link(at("s")).unwrap(), Path::new("dir/a"));

    let exclusive = op::RenameAt::new(text(&at("s")), text(&at("b")), libc::RENAME_NOREPLACE);
    let refused = block_on(&engine, engine.op(exclusive)).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::AlreadyExists);
    let rename = op::RenameAt::new(text(&at("s")), text(&at("b")), 0);
    block_on(&engine, engine.op(rename)).unwrap();
    assert!(at("b").is_symlink() && !at("s").is_symlink());

    let full = op::UnlinkAt::directory(text(&at("dir")));
    let full = block_on(&engine, engine.op(full)).unwrap_err();
    assert_eq!(full.kind(), ErrorKind::DirectoryNotEmpty);
    let wrong = op::UnlinkAt::file(text(&at("dir")));
    let wrong = block_on(&engine, engine.op(wrong)).unwrap_err();
    assert_eq!(wrong.kind(), ErrorKind::IsADirectory);
    for operation in [
        op::UnlinkAt::file(text(&at("dir/a"))),
        op::UnlinkAt::file(text(&at("b"))),
        op::UnlinkAt::directory(text(&at("dir"))),
    ] {
        block_on(&engine, engine.op(operation)).unwrap();
    }
    assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0);
}

#[test]
fn the_extent_of_a_file_is_set() {
    let engine = engine();
    let file = tempfile::tempfile().unwrap();
    let len = || file.metadata().unwrap().len();
    block_on(&engine, engine.op(op::Truncate::new(fd(&file), 5 << 32))).unwrap();
    assert_eq!(len(), 5 << 32);
    block_on(&engine, engine.op(op::Truncate::new(fd(&file), 100))).unwrap();
    assert_eq!(len(), 100);
    let reserve = op::Fallocate::new(fd(&file), libc::FALLOC_FL_KEEP_SIZE, 0, 1 << 20);
    block_on(&engine, engine.op(reserve)).unwrap();
    assert_eq!(len(), 100);
    assert!(file.metadata().unwrap().blocks() * 512 >= 1 << 20);
    let grow = op::Fallocate::new(fd(&file), 0, 100, 900);
    block_on(&engine, engine.op(grow)).unwrap();
    assert_eq!(len(), 1000);

    let advise = |advice| engine.op(op::Fadvise::new(fd(&file), advice, 0, u64::MAX));
    block_on(&engine, advise(libc::POSIX_FADV_WILLNEED)).unwrap();
    let unknown = block_on(&engine, advise(77)).unwrap_err();
    assert_eq!(unknown.raw_os_error(), Some(libc::EINVAL));
    let flush = op::SyncRange::new(fd(&file), libc::SYNC_FILE_RANGE_WRITE, 0, 0);
    block_on(&engine, engine.op(flush)).unwrap();
    let unknown = op::SyncRange::new(fd(&file), 1 << 20, 0, 0);
    let unknown = block_on(&engine, engine.op(unknown)).unwrap_err();
    assert_eq!(unknown.raw_os_error(), Some(libc::EINVAL));
}
