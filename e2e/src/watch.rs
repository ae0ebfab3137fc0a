//! Checks the responses that services send during an outage.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::{Answer, Lost};

/// Counter of requests that were refused because of the outage. Any other failure fails the test.
#[derive(Debug, Default)]
pub struct Watch(AtomicUsize);

impl Watch {
    /// Returns the response if it is successful. If the request was refused because of the outage,
    /// increments the counter and returns `None`.
    pub fn see(&self, answer: Result<Answer, Lost>) -> Option<Answer> {
        let answer = answer.expect("the service answers, whatever happens to its database");
        if answer.is_outage() {
            self.0.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        assert!((200..300).contains(&answer.status), "{answer:?}");
        Some(answer)
    }

    pub fn refusals(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}
