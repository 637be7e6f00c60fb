//! Control messages: what travels beside a message's bytes, in the kernel's form (cmsg(3)).
//!
//! ```text
//! length: usize │ level: i32 │ kind: i32 │ data, padded to a whole usize │ the next one …
//! ```
//!
//! The kernel copies them and asks for no alignment, so they are bytes here.

use std::mem::size_of;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

const WORD: usize = size_of::<usize>();
const INT: usize = size_of::<i32>();
const HEADER: usize = WORD + 2 * INT;

/// Control messages to send with a message, or room for those to receive.
#[derive(Clone, Debug, Default)]
pub struct Control {
    bytes: Vec<u8>,
}

impl Control {
    /// Descriptors that one message may carry; the kernel refuses more with `EINVAL`.
    pub const MOST_DESCRIPTORS: usize = 253;

    /// Room for messages to receive, in bytes; see [`room`](Self::room).
    pub fn with_room(bytes: usize) -> Control {
        Control {
            bytes: vec![0; bytes],
        }
    }

    /// The room that a message with `data` bytes of data takes.
    pub const fn room(data: usize) -> usize {
        HEADER + data.next_multiple_of(WORD)
    }

    /// The room that a message with `count` descriptors takes.
    ///
    /// It is not rounded up to a whole word: the kernel fills what there is, with descriptors that nobody asked for.
    pub const fn room_for_descriptors(count: usize) -> usize {
        if count == 0 {
            return 0;
        }
        HEADER + count * size_of::<RawFd>()
    }

    /// A message that sends descriptors, which have to stay open until it is sent; none at all if there are none.
    pub fn descriptors<D: AsRawFd>(descriptors: &[D]) -> Control {
        let mut control = Control::default();
        if !descriptors.is_empty() {
            let numbers: Vec<u8> = descriptors
                .iter()
                .flat_map(|descriptor| descriptor.as_raw_fd().to_ne_bytes())
                .collect();
            control.push(libc::SOL_SOCKET, libc::SCM_RIGHTS, &numbers);
        }
        control
    }

    /// Appends a message.
    pub fn push(&mut self, level: i32, kind: i32, data: &[u8]) {
        self.bytes.reserve(Self::room(data.len()));
        self.bytes
            .extend_from_slice(&(HEADER + data.len()).to_ne_bytes());
        self.bytes.extend_from_slice(&level.to_ne_bytes());
        self.bytes.extend_from_slice(&kind.to_ne_bytes());
        self.bytes.extend_from_slice(data);
        self.bytes
            .resize(self.bytes.len().next_multiple_of(WORD), 0);
    }

    /// The messages: level, kind and data of each.
    pub fn messages(&self) -> impl Iterator<Item = (i32, i32, &[u8])> {
        let mut rest = &self.bytes[..];
        std::iter::from_fn(move || {
            let (length, after) = rest.split_first_chunk()?;
            let (level, after) = after.split_first_chunk()?;
            let (kind, after) = after.split_first_chunk()?;
            let length = usize::from_ne_bytes(*length).checked_sub(HEADER)?;
            let data = after.get(..length)?;
            rest = after.get(length.next_multiple_of(WORD)..).unwrap_or(&[]);
            Some((i32::from_ne_bytes(*level), i32::from_ne_bytes(*kind), data))
        })
    }

    /// The messages as the kernel has them.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What the kernel has written somewhere else.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Control {
        Control {
            bytes: bytes.to_vec(),
        }
    }

    pub(crate) fn as_raw_mut(&mut self) -> (*mut u8, usize) {
        match self.bytes.len() {
            0 => (std::ptr::null_mut(), 0),
            len => (self.bytes.as_mut_ptr(), len),
        }
    }

    /// Keeps what the kernel has written.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.bytes.truncate(len);
    }

    /// Owns the descriptors that came.
    ///
    /// # Safety
    ///
    /// The kernel has written these messages, and this is called once for them.
    pub(crate) unsafe fn take_descriptors(&self) -> Vec<OwnedFd> {
        self.messages()
            .filter(|(level, kind, _)| (*level, *kind) == (libc::SOL_SOCKET, libc::SCM_RIGHTS))
            .flat_map(|(_, _, data)| data.as_chunks::<INT>().0)
            // SAFETY: the kernel has opened this descriptor for us, and nobody else has taken it.
            .map(|number| unsafe { OwnedFd::from_raw_fd(RawFd::from_ne_bytes(*number)) })
            .collect()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::Control;

    #[test]
    fn messages_come_back_as_they_were_pushed() {
        let mut control = Control::default();
        control.push(1, 2, b"abc");
        control.push(3, 4, b"");
        control.push(5, 6, &[9; 16]);
        let messages: Vec<_> = control.messages().collect();
        assert_eq!(
            messages,
            [(1, 2, &b"abc"[..]), (3, 4, b""), (5, 6, &[9; 16])]
        );
        let room = Control::room(3) + Control::room(0) + Control::room(16);
        assert_eq!(control.bytes.len(), room);
    }

    #[test]
    fn the_layout_is_that_of_the_c_library() {
        for length in [0, 1, 4, 8, 12, 1012] {
            // SAFETY: these only calculate.
            let (space, exact) = unsafe {
                (
                    libc::CMSG_SPACE(length as u32),
                    libc::CMSG_LEN(length as u32),
                )
            };
            assert_eq!(Control::room(length), space as usize);
            if length > 0 && length % 4 == 0 {
                assert_eq!(Control::room_for_descriptors(length / 4), exact as usize);
            }
        }
    }

    #[test]
    fn what_is_cut_off_or_malformed_ends_the_messages() {
        let mut control = Control::default();
        control.push(1, 2, b"whole");
        control.push(1, 2, b"cut off");
        control.truncate(Control::room(5) + 20);
        assert_eq!(control.messages().count(), 1);
        let mut short = Control::default();
        short.bytes.extend_from_slice(&3_usize.to_ne_bytes());
        short.bytes.extend_from_slice(&[0; 64]);
        assert_eq!(short.messages().count(), 0);
        assert_eq!(Control::with_room(100).messages().count(), 0);
    }
}
