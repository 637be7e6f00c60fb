//! A poll and the end of a wait, compared with the specification.

use std::task::Poll;

use crate::run::{self, Run};
use crate::spec::{No, Told, Want};
use crate::subject::{Message, Subject};
use crate::wait::{Kind, Outcome};

impl<S: Subject> Run<'_, S> {
    pub(crate) fn poll(&mut self, i: usize, another_waker: bool) {
        let mut wait = self.waits.swap_remove(i);
        // One who waits and was not told does not look.
        let looks = !wait.was_polled || wait.is_woken();
        let polled = wait.poll(another_waker);
        let number = wait.number;
        let told = self.spec.told.remove(&number);
        let is_over = match &mut wait.kind {
            Kind::Send(id) => {
                let id = *id;
                let expected = match told {
                    Some(Told::Sent) => Ok(()),
                    Some(_) => Err(No::Closed),
                    None if looks => self.spec.send(id),
                    None => Err(No::NotNow),
                };
                match (expected, polled) {
                    (Ok(()), Poll::Ready(Outcome::Sent(Ok(())))) => true,
                    (Err(No::Closed), Poll::Ready(Outcome::Sent(Err(back)))) => back.id == id,
                    (Err(No::NotNow), Poll::Pending) => {
                        if looks {
                            self.spec.line_up(number, Want::Message(id));
                        }
                        false
                    }
                    (expected, _) => panic!("a send: expected {expected:?}"),
                }
            }
            Kind::SendMany(ids, sent) => {
                if matches!(told, Some(Told::Sent)) {
                    ids.pop_front();
                    *sent += 1;
                }
                let (mut ids_left, mut sent_now) = (std::mem::take(ids), *sent);
                let stays = told.is_none() && !looks;
                if !stays && self.spec.open {
                    sent_now += self.put_many(&mut ids_left);
                }
                let expected = match ids_left.front() {
                    None => Some(Ok(sent_now)),
                    Some(_) if !self.spec.open => Some(Err(sent_now)),
                    Some(&first) => {
                        if !stays {
                            self.spec.line_up(number, Want::Message(first));
                        }
                        None
                    }
                };
                wait.kind = Kind::SendMany(ids_left, sent_now);
                match (expected, polled) {
                    (Some(expected), Poll::Ready(Outcome::SentMany(sent))) => {
                        assert_eq!(sent, expected);
                        true
                    }
                    (None, Poll::Pending) => false,
                    (expected, _) => panic!("a batch: expected {expected:?}"),
                }
            }
            Kind::Reserve(places) => {
                let places = *places;
                let expected = match told {
                    Some(Told::Granted) => Ok(()),
                    Some(Told::Refused) => Err(No::Never),
                    Some(_) => Err(No::Closed),
                    None if looks => self.spec.reserve(places),
                    None => Err(No::NotNow),
                };
                match polled {
                    Poll::Ready(Outcome::Reserved(reserved)) => {
                        assert_ne!(expected, Err(No::NotNow));
                        self.reserved(reserved, expected, places);
                        true
                    }
                    _ => {
                        assert_eq!(expected, Err(No::NotNow));
                        if looks {
                            self.spec.line_up(number, Want::Places(places));
                        }
                        false
                    }
                }
            }
            Kind::Receive => {
                let expected = if looks {
                    self.spec.receive()
                } else {
                    Err(No::NotNow)
                };
                match (expected, polled) {
                    (Ok(id), Poll::Ready(Outcome::Received(Some(message)))) => {
                        assert_eq!(message.id, id);
                        true
                    }
                    (Err(No::Closed), Poll::Ready(Outcome::Received(None))) => true,
                    (Err(No::NotNow), Poll::Pending) => false,
                    (expected, _) => panic!("a receive: expected {expected:?}"),
                }
            }
            Kind::ReceiveMany(limit) => {
                let limit = *limit;
                let expected = if looks && limit > 0 {
                    self.receive_many(limit)
                } else {
                    Vec::new()
                };
                let is_complete = self.spec.is_complete();
                match polled {
                    Poll::Ready(Outcome::ReceivedMany(count, messages)) => {
                        let ids: Vec<_> = messages[1..].iter().map(|message| message.id).collect();
                        assert_eq!(ids, expected);
                        let is_end = ids.is_empty() && limit > 0;
                        assert_eq!(count, (!is_end).then_some(ids.len()));
                        assert!(!is_end || is_complete);
                        true
                    }
                    _ => {
                        assert!(expected.is_empty() && limit > 0 && !(looks && is_complete));
                        false
                    }
                }
            }
            Kind::Ready => {
                let has_message = self.spec.to_receive() > 0;
                match polled {
                    Poll::Ready(Outcome::Ready(ready)) => {
                        assert_eq!(ready, has_message);
                        assert!(ready || self.spec.is_complete());
                        true
                    }
                    _ => {
                        assert!(!looks || !has_message && !self.spec.is_complete());
                        false
                    }
                }
            }
            Kind::Closed => {
                assert_eq!(polled.is_ready(), !self.spec.open);
                polled.is_ready()
            }
            Kind::Complete => {
                assert_eq!(polled.is_ready(), self.spec.is_complete());
                polled.is_ready()
            }
        };
        if !is_over {
            self.waits.push(wait);
        }
    }

    pub(crate) fn cancel(&mut self, i: usize) {
        let mut wait = self.waits.swap_remove(i);
        let number = wait.number;
        let told = self.spec.told.remove(&number);
        if told.is_none() && self.spec.stands_in_line(number) {
            self.spec.leave_line(number);
        }
        let kind = std::mem::replace(&mut wait.kind, Kind::Ready);
        let (back, left) = wait.cancel();
        match kind {
            Kind::Send(id) => {
                let was_sent = told == Some(Told::Sent);
                let back = back.map(|message: Message| message.id);
                assert_eq!(back, (!was_sent).then_some(id), "the truth");
            }
            Kind::SendMany(mut ids, _) => {
                if told == Some(Told::Sent) {
                    ids.pop_front();
                }
                assert_eq!(run::ids(&left), ids);
            }
            Kind::Reserve(places) if told == Some(Told::Granted) => self.spec.release(places),
            _ => {}
        }
    }
}
