//! The JSON representation of tasks, the responses that contain it, and the entity tags of pages.

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::{
        StatusCode,
        header::{ContentType, ETAG},
    },
};
use aws_lc_rs::digest;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use database::sql_types::DbUuid;
use serde::{Serialize, Serializer as _};
use shared_models::{TaskId, Timestamp, UserId};
use utoipa::ToSchema;

use crate::{
    http::{
        error::{Error, Result},
        precondition::{is_known, task_tag},
    },
    store::Task,
};

/// Approximate size of a task's JSON in bytes, without title and description.
pub(crate) const FIXED_BYTES: usize = 280;

/// A task, as the API returns it.
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
    /// Time of creation, in UTC with three fractional digits.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Time of the last change.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// The owner: the `sub` claim of the owner's tokens.
    #[schema(min_length = 1, max_length = 255)]
    user_id: &'a str,
}

impl<'a> TaskBody<'a> {
    fn new(task: &'a Task, owner: &'a UserId) -> Self {
        // The version is sent as the entity tag.
        let Task { id, title, description, completed, created_at, updated_at, version: _ } = task;
        Self {
            id: id.0.into(),
            title,
            description: description.as_deref(),
            completed: *completed,
            created_at: created_at.0.into(),
            updated_at: updated_at.0.into(),
            user_id: owner.as_str(),
        }
    }
}

/// Returns the approximate size in bytes of a task's JSON, without escapes.
fn expected_bytes(task: &Task) -> usize {
    FIXED_BYTES + task.title.len() + task.description.as_ref().map_or(0, String::len)
}

pub(crate) fn task_json(task: &Task, owner: &UserId) -> Result<Vec<u8>> {
    let mut json = Vec::with_capacity(expected_bytes(task));
    append_task(&mut json, task, owner)?;
    Ok(json)
}

pub(crate) fn append_task(json: &mut Vec<u8>, task: &Task, owner: &UserId) -> Result<()> {
    serde_json::to_writer(json, &TaskBody::new(task, owner)).map_err(Error::Json)
}

pub(crate) fn tasks_json(tasks: &[Task], owner: &UserId) -> Result<Vec<u8>> {
    let expected = tasks.iter().map(expected_bytes).sum::<usize>();
    let mut json = Vec::with_capacity(expected + 2);
    let bodies = tasks.iter().map(|task| TaskBody::new(task, owner));
    serde_json::Serializer::new(&mut json).collect_seq(bodies).map_err(Error::Json)?;
    Ok(json)
}

/// Returns a response with a task, or 304 if the client's copy is current.
pub(crate) fn task_response(
    task: &Task,
    owner: &UserId,
    req: &HttpRequest,
) -> Result<HttpResponse> {
    let tag = task_tag(task);
    if is_known(req, &tag) {
        return Ok(HttpResponse::NotModified().insert_header((ETAG, tag)).finish());
    }
    Ok(response(StatusCode::OK, tag).body(task_json(task, owner)?))
}

/// Returns a builder for a JSON response with an entity tag.
pub(crate) fn response(status: StatusCode, tag: String) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response.insert_header((ETAG, tag)).insert_header(ContentType::json());
    response
}

/// Returns the entity tag of a page, which depends on the ids and versions of its tasks and on the
/// link to the next page.
pub(crate) fn page_tag(
    versions: impl Iterator<Item = (DbUuid, i64)>,
    link: Option<&str>,
) -> String {
    let mut hash = digest::Context::new(&digest::SHA256);
    for (id, version) in versions {
        hash.update(id.0.as_bytes());
        hash.update(&version.to_be_bytes());
    }
    hash.update(link.unwrap_or_default().as_bytes());
    let hash = hash.finish();
    let short = hash.as_ref().get(..16).unwrap_or_default();
    format!("\"{}\"", BASE64_URL_SAFE_NO_PAD.encode(short))
}
