//! Tasks on the wire: JSON written once, straight into the body that is sent, with an entity tag.

use actix_web::{
    HttpResponse, HttpResponseBuilder,
    http::{
        StatusCode,
        header::{ContentType, ETAG, HeaderMap},
    },
};
use aws_lc_rs::digest;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Serialize, Serializer as _};
use shared_models::{TaskId, Timestamp};
use utoipa::ToSchema;

use crate::{
    error::{Error, Result},
    models::Task,
    precondition::{is_known, task_tag},
};

/// What a task takes up beside its texts.
const FIXED_BYTES: usize = 280;

/// A task on the wire.
#[derive(Serialize, ToSchema)]
#[schema(as = Task)]
pub(crate) struct TaskBody<'a> {
    #[schema(value_type = uuid::Uuid)]
    id: TaskId,
    #[schema(min_length = 1, max_length = 255)]
    title: &'a str,
    #[schema(required, max_length = 10_000)]
    description: Option<&'a str>,
    completed: bool,
    /// In UTC, with three fractional digits.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When the task was last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// The owner: the `sub` of the token that made the task.
    #[schema(min_length = 1, max_length = 255)]
    user_id: &'a str,
}

impl<'a> From<&'a Task> for TaskBody<'a> {
    fn from(task: &'a Task) -> Self {
        Self {
            id: task.id.0.into(),
            title: &task.title,
            description: task.description.as_deref(),
            completed: task.completed,
            created_at: task.created_at.0.into(),
            updated_at: task.updated_at.0.into(),
            user_id: &task.user_id,
        }
    }
}

/// What a task takes up if nothing in its texts is escaped.
fn expected_bytes(task: &Task) -> usize {
    FIXED_BYTES + task.title.len() + task.description.as_ref().map_or(0, String::len)
}

/// The JSON of one task.
pub(crate) fn task_json(task: &Task) -> Result<Vec<u8>> {
    let mut json = Vec::with_capacity(expected_bytes(task));
    serde_json::to_writer(&mut json, &TaskBody::from(task)).map_err(Error::Json)?;
    Ok(json)
}

/// The JSON of an array of tasks.
pub(crate) fn tasks_json(tasks: &[Task]) -> Result<Vec<u8>> {
    let expected = tasks.iter().map(expected_bytes).sum::<usize>();
    let mut json = Vec::with_capacity(expected + 2);
    let bodies = tasks.iter().map(TaskBody::from);
    serde_json::Serializer::new(&mut json).collect_seq(bodies).map_err(Error::Json)?;
    Ok(json)
}

/// One task, or 304 if the client has this state of it.
pub(crate) fn task_response(task: &Task, sent: &HeaderMap) -> Result<HttpResponse> {
    let tag = task_tag(task);
    if is_known(sent, &tag) {
        return Ok(HttpResponse::NotModified().insert_header((ETAG, tag)).finish());
    }
    Ok(response(StatusCode::OK, tag).body(task_json(task)?))
}

/// A response with a JSON body that has this entity tag.
pub(crate) fn response(status: StatusCode, tag: String) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response.insert_header((ETAG, tag)).insert_header(ContentType::json());
    response
}

/// The entity tag of a page: every change of a task changes its version.
pub(crate) fn page_tag(tasks: &[Task], link: Option<&str>) -> String {
    let mut hash = digest::Context::new(&digest::SHA256);
    for task in tasks {
        hash.update(task.id.0.as_bytes());
        hash.update(&task.version.to_be_bytes());
    }
    hash.update(link.unwrap_or_default().as_bytes());
    let hash = hash.finish();
    let short = hash.as_ref().get(..16).unwrap_or_default();
    format!("\"{}\"", BASE64_URL_SAFE_NO_PAD.encode(short))
}
