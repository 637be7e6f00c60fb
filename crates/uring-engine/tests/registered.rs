//! Registered files and buffers.

#![cfg(not(loom))]

mod common;

use std::io::Write as _;

use common::{block_on, engine, fd, pipe};
use uring_engine::{FixedBuffers, op};

#[test]
fn operations_on_registered_files() {
    let engine = engine();
    engine.reserve_files(2).unwrap();
    let (reader, mut writer) = pipe();
    let file = engine.register_file(&reader).unwrap();
    // The table keeps the file open by itself.
    drop(reader);
    writer.write_all(b"abc").unwrap();
    let (count, bytes) = block_on(&engine, engine.op(op::Read::new(file.target(), [0_u8; 8])));
    assert_eq!((count.unwrap(), &bytes[..3]), (3, &b"abc"[..]));

    let (other, mut other_writer) = pipe();
    file.replace(&other).unwrap();
    assert!(writer.write_all(b"x").is_err(), "the last reader is gone");
    other_writer.write_all(b"de").unwrap();
    let (count, _) = block_on(&engine, engine.op(op::Read::new(file.target(), [0_u8; 8])));
    assert_eq!(count.unwrap(), 2);
}

#[test]
fn places_run_out_and_come_back() {
    let engine = engine();
    engine.reserve_files(2).unwrap();
    let (reader, _writer) = pipe();
    let first = engine.register_file(&reader).unwrap();
    let _second = engine.register_file(&reader).unwrap();
    let error = engine.register_file(&reader).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::ENFILE));
    let (index, target) = (first.index(), first.target());
    drop(first);
    let (result, _) = block_on(&engine, engine.op(op::Read::new(target, [0_u8; 1])));
    assert_eq!(result.unwrap_err().raw_os_error(), Some(libc::EBADF));
    assert_eq!(engine.register_file(&reader).unwrap().index(), index);
    assert!(engine.reserve_files(10).is_err());
    engine.shutdown();
    assert!(engine.register_file(&reader).is_err());
}

#[test]
fn a_file_goes_through_registered_buffers() {
    let engine = engine();
    let buffers = FixedBuffers::new(&engine, 2, 4096).unwrap();
    let file = tempfile::tempfile().unwrap();
    let mut buffer = buffers.take().unwrap();
    buffer.fill(7);
    buffer[..5].copy_from_slice(b"fixed");
    buffer.set_len(100);
    let (count, buffer) = block_on(&engine, engine.op(op::WriteFixed::at(fd(&file), 0, buffer)));
    assert_eq!(count.unwrap(), 100);
    let other = buffers.take().unwrap();
    assert!(buffers.take().is_none());
    let (count, other) = block_on(&engine, engine.op(op::ReadFixed::at(fd(&file), 0, other)));
    assert_eq!(count.unwrap(), 100);
    assert_eq!(&other[..5], b"fixed");
    assert_eq!(*other, *buffer);
    drop((buffer, other));
    assert_eq!(buffers.available(), 2);
    let error = FixedBuffers::new(&engine, 1, 1).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EBUSY));
    drop(buffers);
    drop(FixedBuffers::new(&engine, 1, 1).unwrap());
}

#[test]
fn a_buffer_of_another_engine_is_refused_by_the_kernel() {
    let (one, other) = (engine(), engine());
    let buffers = FixedBuffers::new(&one, 1, 64).unwrap();
    let file = tempfile::tempfile().unwrap();
    let write = op::WriteFixed::at(fd(&file), 0, buffers.take().unwrap());
    let (result, _) = block_on(&other, other.op(write));
    assert_eq!(result.unwrap_err().raw_os_error(), Some(libc::EFAULT));
}
