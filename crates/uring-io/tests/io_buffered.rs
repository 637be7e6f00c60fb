//! Buffered reading and writing, lines and copying: what is dropped loses nothing, limits hold, ends are told.

mod support;

use std::io::ErrorKind;
use std::time::Duration;

use support::{
    Random, alone, bytes_at, check_bytes, line, open_descriptors, pair, poll_at_most, run,
};
use uring_io::io::{AsyncRead, AsyncWrite, BufReader, BufWriter, copy};
use uring_io::pipe::pipe;

#[test]
fn dropped_operations_lose_nothing() {
    let _alone = alone();
    const LINES: u64 = 3000;
    let before = open_descriptors();
    run(async {
        let (client, server) = pair().await;
        let writing = context::spawn(async move {
            let mut random = Random(3);
            for number in 0..LINES {
                let text = line(number) + "\n";
                let (start, end) = text.split_at(random.below(text.len() as u64) as usize);
                client.write_all(start.to_owned()).await.0.unwrap();
                if random.below(4) == 0 {
                    context::sleep(Duration::from_micros(random.below(100))).await;
                }
                client.write_all(end.to_owned()).await.0.unwrap();
            }
        });
        let mut reader = BufReader::new(server);
        let mut random = Random(9);
        let (mut number, mut dropped) = (0, 0);
        while number < LINES {
            let expected = line(number);
            let polls = random.below(3) as usize;
            let done = match random.below(4) {
                0 => {
                    let mut bytes = b"> ".to_vec();
                    let read = poll_at_most(polls, reader.read_until(b'\n', &mut bytes)).await;
                    if read.is_none() {
                        assert_eq!(bytes, b"> ", "nothing leaves a dropped one");
                    }
                    read.map(|count| {
                        assert_eq!(count.unwrap(), expected.len() + 1);
                        assert_eq!(bytes, format!("> {expected}\n").as_bytes());
                    })
                }
                1 => {
                    let exact = vec![0; expected.len() + 1];
                    let read = poll_at_most(polls, reader.read_exact(exact)).await;
                    read.map(|(result, bytes)| {
                        result.unwrap();
                        assert_eq!(bytes, format!("{expected}\n").as_bytes());
                    })
                }
                2 => {
                    let filled = poll_at_most(polls, reader.fill_buf()).await;
                    if let Some(filled) = filled {
                        assert!(!filled.unwrap().is_empty());
                    }
                    None
                }
                _ => {
                    let mut text = String::new();
                    let read = poll_at_most(polls, reader.read_line(&mut text)).await;
                    read.map(|count| {
                        assert_eq!(count.unwrap(), expected.len() + 1);
                        assert_eq!(text, expected + "\n");
                    })
                }
            };
            match done {
                Some(()) => number += 1,
                None => {
                    dropped += 1;
                    context::yield_now().await;
                }
            }
        }
        assert!(dropped > 100, "{dropped}");
        assert!(reader.fill_buf().await.unwrap().is_empty());
        writing.await.unwrap();
    });
    assert_eq!(open_descriptors(), before);
}

#[test]
fn the_rest_is_read_in_any_way() {
    let _alone = alone();
    run(async {
        let (sender, receiver) = pipe().unwrap();
        let mut reader = BufReader::new(receiver);
        // Gathers across pieces, and is dropped.
        for part in ["ab", "cd", "ef"] {
            sender.write_all(part).await.0.unwrap();
            context::sleep(Duration::from_millis(1)).await;
            let mut line = String::new();
            assert!(poll_at_most(1, reader.read_line(&mut line)).await.is_none());
        }
        context::sleep(Duration::from_millis(1)).await;
        assert!(reader.buffered() >= 4);
        let (result, bytes) = reader.read([0; 1]).await;
        assert_eq!((result.unwrap(), bytes), (1, *b"a"));
        reader.consume(1);
        let (result, bytes) = reader.read_exact([0; 2]).await;
        result.unwrap();
        assert_eq!(bytes, *b"cd");
        assert_eq!(&*reader.recv().await.unwrap().unwrap(), b"ef");
        sender.write_all("ghi").await.0.unwrap();
        assert_eq!(reader.fill_buf().await.unwrap(), b"ghi");
        reader.consume(1);
        drop(sender);
        let (result, _) = reader.read_exact([0; 3]).await;
        assert_eq!(result.unwrap_err().kind(), ErrorKind::UnexpectedEof);
        let (_, rest) = reader.into_parts();
        assert_eq!(rest, b"hi");
    });
}

#[test]
#[should_panic(expected = "4 bytes consumed, of 3 buffered")]
fn more_than_is_buffered_cannot_be_consumed() {
    let _alone = alone();
    run(async {
        let mut reader = BufReader::new(&b"abc"[..]);
        assert_eq!(reader.fill_buf().await.unwrap(), b"abc");
        reader.consume(4);
    });
}

#[test]
fn lines_have_their_ends_taken_off() {
    let _alone = alone();
    run(async {
        let text = &b"one\r\n\ntwo\rhalf\n\xff\nlast"[..];
        let mut lines = BufReader::new(text).lines();
        let mut all = Vec::new();
        loop {
            match lines.next_line().await {
                Ok(Some(line)) => all.push(line),
                Ok(None) => break,
                Err(error) => all.push(format!("{:?}", error.kind())),
            }
        }
        assert_eq!(all, ["one", "", "two\rhalf", "InvalidData", "last"]);
        assert_eq!(lines.next_line().await.unwrap(), None);
    });
}

#[test]
fn a_line_has_a_limit() {
    let _alone = alone();
    run(async {
        let mut fits = BufReader::with_limit(&b"12345\n123456"[..], 6);
        let mut line = String::new();
        assert_eq!(fits.read_line(&mut line).await.unwrap(), 6);
        assert_eq!(fits.read_line(&mut line).await.unwrap(), 6);
        assert_eq!(line, "12345\n123456");
        let mut reader = BufReader::with_limit(&b"123456\nrest"[..], 6);
        let error = reader.read_line(&mut line).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert!(error.to_string().contains("6 bytes"), "{error}");
        assert_eq!(line, "12345\n123456");
        assert_eq!(reader.fill_buf().await.unwrap(), b"123456\nrest");

        // A peer that never ends its line.
        let (sender, receiver) = pipe().unwrap();
        let endless =
            context::spawn(
                async move { while sender.write_all(vec![b'x'; 10_000]).await.0.is_ok() {} },
            );
        let mut reader = BufReader::with_limit(receiver, 100_000);
        let error = reader.read_line(&mut line).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert!(reader.buffered() < 120_000, "{}", reader.buffered());
        drop(reader);
        endless.await.unwrap();
    });
}

#[test]
fn small_writes_are_gathered() {
    let _alone = alone();
    run(async {
        let mut writer = BufWriter::with_capacity(10, Vec::new());
        writer.write_all("1234").await.0.unwrap();
        writer.write_all("5678").await.0.unwrap();
        assert_eq!(
            (writer.buffer(), writer.get_ref().len()),
            (&b"12345678"[..], 0)
        );
        writer.write_all("abc").await.0.unwrap();
        assert_eq!(writer.buffer(), b"abc");
        writer.write_all("larger than its room").await.0.unwrap();
        assert_eq!(writer.get_ref(), b"12345678abclarger than its room");
        writer.write_all("end").await.0.unwrap();
        let all = writer.into_inner().await.unwrap();
        assert_eq!(all, b"12345678abclarger than its roomend");
    });
}

#[test]
fn dropped_writes_and_flushes_lose_and_repeat_nothing() {
    let _alone = alone();
    let before = open_descriptors();
    run(async {
        let (client, server) = pair().await;
        client.set_send_buffer_size(4096).unwrap();
        let writing = context::spawn(async move {
            let mut writer = BufWriter::with_capacity(1000, client);
            let mut random = Random(77);
            let (mut position, mut dropped) = (0, 0);
            while position < 2_000_000 {
                let length = random.below(900) as usize;
                let bytes = bytes_at(4, position, length);
                let buffered = writer.buffer().len();
                match poll_at_most(1, writer.write_all(bytes)).await {
                    Some((result, _)) => {
                        result.unwrap();
                        position += length as u64;
                    }
                    None => {
                        // It was about to make room, and had no effect.
                        assert!(buffered + length > 1000);
                        dropped += 1;
                    }
                }
                if random.below(8) == 0 && poll_at_most(1, writer.flush()).await.is_none() {
                    dropped += 1;
                }
            }
            writer.shutdown().await.unwrap();
            assert!(dropped > 10, "{dropped}");
            position
        });
        let mut position = 0;
        while let Some(bytes) = server.recv().await.unwrap() {
            check_bytes(4, position, &bytes);
            position += bytes.len() as u64;
            context::yield_now().await;
        }
        assert_eq!(position, writing.await.unwrap());
    });
    assert_eq!(open_descriptors(), before);
}

#[test]
fn a_copy_ends_with_its_source() {
    let _alone = alone();
    run(async {
        let (client, server) = pair().await;
        let (mut reader, mut writer) = server.into_split();
        let echo = context::spawn(async move {
            let count = copy(&mut reader, &mut writer).await.unwrap();
            writer.shutdown().await.unwrap();
            count
        });
        let sending = async {
            client.write_all(bytes_at(8, 0, 500_000)).await.0.unwrap();
            client.shutdown(std::net::Shutdown::Write).await.unwrap();
        };
        let mut all = Vec::new();
        let mut stream = &client;
        let (read, ()) = context::when_all((stream.read_to_end(&mut all), sending)).await;
        assert_eq!((read.unwrap(), echo.await.unwrap()), (500_000, 500_000));
        check_bytes(8, 0, &all);

        let (sender, receiver) = pipe().unwrap();
        drop(receiver);
        let error = copy(&mut &b"lost"[..], &mut &sender).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    });
}
