//! The bodies of listings. Long ones are sent in parts: each part is loaded after most of the
//! previous one has been sent, so that a response to a slow client holds about one part in memory
//! rather than the whole listing.

use std::{collections::HashMap, future::ready, mem};

use actix_web::{
    body::{BodyStream, BoxBody, MessageBody as _},
    web::{Bytes, Data},
};
use database::sql_types::DbUuid;
use futures_util::stream::{self, Stream, StreamExt as _};
use service_kit::server::Held;
use shared_models::UserId;

use crate::{
    http::{
        error::Result,
        representation::{FIXED_BYTES, append_task, page_tag, tasks_json},
        state::AppState,
    },
    store::{Head, Task},
};

/// Maximum estimated size of a part in bytes, before strings are escaped.
const PART_BYTES: usize = 128 * 1024;

/// The tasks of a page.
pub(crate) enum Tasks {
    Whole(Vec<Task>),
    /// The heads of tasks that are loaded in parts.
    Heads(Vec<Head>),
}

impl Tasks {
    pub(crate) fn tag(&self, link: Option<&str>) -> String {
        match self {
            Self::Whole(tasks) => page_tag(tasks.iter().map(|task| (task.id, task.version)), link),
            Self::Heads(heads) => page_tag(heads.iter().map(|head| (head.id, head.version)), link),
        }
    }

    /// Returns the body of a response to HEAD. It is not sent, but its size, if known, becomes the
    /// `Content-Length`.
    pub(crate) fn into_unsent_body(self, owner: &UserId) -> Result<BoxBody> {
        Ok(match self {
            Self::Heads(_) => BodyStream::new(stream::empty::<Result<Bytes>>()).boxed(),
            Self::Whole(tasks) => BoxBody::new(tasks_json(&tasks, owner)?),
        })
    }

    /// Returns a body with the tasks as a JSON array.
    pub(crate) async fn into_body(self, state: Data<AppState>, owner: UserId) -> Result<BoxBody> {
        match self {
            Self::Heads(heads) => Ok(Box::pin(body(state, owner, &heads)).await?.boxed()),
            Self::Whole(tasks) => {
                let json = tasks_json(&tasks, &owner)?;
                match state.in_flight.reserve(owner.as_str(), json.len())? {
                    None => Ok(BoxBody::new(json)),
                    reservation => Ok(Held::new(json, reservation).boxed()),
                }
            }
        }
    }
}

/// The parts of a listing that have not been sent yet.
struct Parts {
    state: Data<AppState>,
    owner: UserId,
    /// The ids of the tasks in each part, in reverse order: the last element is the next part.
    unsent: Vec<Vec<DbUuid>>,
    is_started: bool,
}

/// Loads the first part of a listing and returns a body that loads the others.
///
/// Tasks that are changed before they are loaded are sent in their new state, and deleted ones are
/// omitted. The entity tag is that of the old state, so that the client's next conditional request
/// returns the current state.
async fn body(state: Data<AppState>, owner: UserId, heads: &[Head]) -> Result<Held> {
    let reservation = state.in_flight.reserve(owner.as_str(), held_bytes(heads))?;
    let mut parts = Parts { state, owner, unsent: split(heads), is_started: false };
    let first = parts.next().await?;
    let all = stream::once(ready(Ok(first))).chain(parts.into_stream());
    Ok(Held::new(BodyStream::new(Box::pin(all)), reservation))
}

/// Estimates the memory in bytes that a response holds: one part, as rows and as JSON, and the
/// heads of all tasks without their folded titles.
fn held_bytes(heads: &[Head]) -> usize {
    2 * PART_BYTES + size_of_val(heads)
}

fn split(heads: &[Head]) -> Vec<Vec<DbUuid>> {
    let (mut parts, mut part, mut bytes) = (Vec::new(), Vec::new(), 0);
    for head in heads {
        let of_task = FIXED_BYTES + head.text_bytes();
        if bytes + of_task > PART_BYTES && !part.is_empty() {
            parts.push(mem::take(&mut part));
            bytes = 0;
        }
        bytes += of_task;
        part.push(head.id);
    }
    parts.push(part);
    parts.reverse();
    parts
}

impl Parts {
    async fn next(&mut self) -> Result<Bytes> {
        let ids = self.unsent.pop().unwrap_or_default();
        let tasks = if ids.is_empty() {
            Vec::new()
        } else {
            Task::find_all(&mut self.state.read().await?, &self.owner, &ids).await?
        };
        let mut tasks: HashMap<_, _> = tasks.into_iter().map(|task| (task.id.0, task)).collect();
        let mut json = Vec::with_capacity(PART_BYTES);
        for task in ids.iter().filter_map(|id| tasks.remove(&id.0)) {
            json.push(if self.is_started { b',' } else { b'[' });
            self.is_started = true;
            append_task(&mut json, &task, &self.owner)?;
        }
        if self.unsent.is_empty() {
            json.extend_from_slice(if self.is_started { b"]" } else { b"[]" });
        }
        Ok(json.into())
    }

    fn into_stream(self) -> impl Stream<Item = Result<Bytes>> {
        stream::try_unfold(self, async |mut parts| {
            if parts.unsent.is_empty() {
                return Ok(None);
            }
            Ok(Some((parts.next().await?, parts)))
        })
    }
}
