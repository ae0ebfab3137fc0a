//! Limits the memory used by unread responses, in total and per user.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use actix_http::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::Bytes;
use parking_lot::{Mutex, MutexGuard};
use telemetry::metrics::{Counter, Sheet};

use super::ResponseArgs;

/// Maximum size in bytes of a response that is not counted, because it fits into the buffers of a
/// connection.
const FREE_BYTES: usize = 64 * 1024;
/// The limit of one user is the total limit divided by this number.
const SHARE_OF_A_USER: usize = 4;

/// Number of bytes of large responses in flight, and the limit on it.
#[derive(Debug)]
pub struct InFlight {
    max: usize,
    counts: Arc<Mutex<Counts>>,
    refusals: Counter,
}

#[derive(Debug, Default)]
struct Counts {
    total: usize,
    users: HashMap<String, usize>,
}

/// The limit that a response would exceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Exhausted {
    #[error("the user has too many bytes in flight")]
    ByUser,
    #[error("all users have too many bytes in flight")]
    ByAll,
}

/// Reserved bytes, released on drop.
#[derive(Debug)]
pub struct Reservation {
    counts: Arc<Mutex<Counts>>,
    user: String,
    bytes: usize,
}

impl InFlight {
    pub fn new(args: ResponseArgs) -> Self {
        let max = usize::from(args.max_responses_mib) * 1024 * 1024;
        Self { max, counts: Arc::default(), refusals: Counter::default() }
    }

    /// Reserves bytes for a response to a user. Returns `None` if the response is too small to be
    /// counted.
    pub fn reserve(&self, user: &str, bytes: usize) -> Result<Option<Reservation>, Exhausted> {
        if bytes <= FREE_BYTES {
            return Ok(None);
        }
        let mut counts = lock(&self.counts);
        let of_user = counts.users.get(user).copied().unwrap_or_default();
        // A response that exceeds a limit by itself is sent if no other response counts towards
        // that limit.
        let is_over = |before: usize, max: usize| before > 0 && before + bytes > max;
        let exhausted = if is_over(of_user, self.max / SHARE_OF_A_USER) {
            Exhausted::ByUser
        } else if is_over(counts.total, self.max) {
            Exhausted::ByAll
        } else {
            counts.total += bytes;
            *counts.users.entry(user.to_owned()).or_default() += bytes;
            let (counts, user) = (Arc::clone(&self.counts), user.to_owned());
            return Ok(Some(Reservation { counts, user, bytes }));
        };
        drop(counts);
        self.refusals.count();
        Err(exhausted)
    }

    pub fn show(&self, sheet: &mut Sheet) {
        sheet.counters(
            "response_refusals",
            "Responses refused because clients had not read earlier ones",
            [(Vec::new(), self.refusals.total())],
        );
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut counts = lock(&self.counts);
        counts.total -= self.bytes;
        if let Some(of_user) = counts.users.get_mut(&self.user) {
            *of_user -= self.bytes;
            if *of_user == 0 {
                counts.users.remove(&self.user);
            }
        }
    }
}

fn lock(counts: &Mutex<Counts>) -> MutexGuard<'_, Counts> {
    counts.lock()
}

/// A body that holds its reservation until it is dropped.
#[derive(Debug)]
pub struct Held {
    body: BoxBody,
    _reservation: Option<Reservation>,
}

impl Held {
    pub fn new(body: impl MessageBody + 'static, reservation: Option<Reservation>) -> Self {
        Self { body: body.boxed(), _reservation: reservation }
    }
}

impl MessageBody for Held {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.get_mut().body.as_pin_mut().poll_next(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1024 * 1024;

    #[test]
    fn each_user_and_the_total_have_a_limit() {
        let in_flight = InFlight::new(ResponseArgs {
            client_write_timeout: std::time::Duration::MAX,
            max_responses_mib: 8,
        });
        assert!(in_flight.reserve("ada", FREE_BYTES).unwrap().is_none());
        let first = in_flight.reserve("ada", MIB).unwrap();
        let second = in_flight.reserve("ada", MIB).unwrap();
        assert_eq!(in_flight.reserve("ada", MIB).unwrap_err(), Exhausted::ByUser);
        let larger_than_a_share = in_flight.reserve("bob", 6 * MIB).unwrap();
        assert_eq!(in_flight.reserve("eve", MIB).unwrap_err(), Exhausted::ByAll);
        drop(first);
        assert!(in_flight.reserve("ada", MIB).unwrap().is_some());
        drop((second, larger_than_a_share));
        let counts = lock(&in_flight.counts);
        assert_eq!((counts.total, counts.users.len()), (0, 0));
    }
}
