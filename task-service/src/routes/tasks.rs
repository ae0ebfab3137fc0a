//! Handlers that create, read, update or delete a single task.

mod bodies;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{HeaderValue, LOCATION},
    },
    web::Data,
};
use database::{
    Conn,
    sql_types::{DbTime, DbUuid},
};
use shared_models::{TaskId, UserId};

use self::bodies::{CreateTask, UpdateTask};
use crate::{
    config::ForeignTasks,
    http::{
        error::{Error, Result, Verb},
        idempotency::{self, IdempotencyKey},
        input::{Body, TaskPath},
        precondition::{IfMatch, task_tag},
        representation::{TaskBody, response, task_json, task_response},
        state::AppState,
    },
    store::{self, Expected, Task, TaskChanges},
};

/// Create a task
///
/// A request with an `Idempotency-Key` can be retried safely: it creates one task, and each retry gets
/// the same response.
#[utoipa::path(
    post,
    path = "/api/tasks",
    tag = "tasks",
    params((
        "Idempotency-Key" = Option<String>,
        Header,
        nullable = false,
        description = "A value unique to this request; remembered for 24 hours",
        min_length = 1,
        max_length = 255,
        pattern = "^[ -~]+$",
        example = "0198c0a4-6f0e-7b53-9a75-3f5b3c1f2f10",
    )),
    request_body = CreateTask,
    responses((
        status = 201,
        description = "The created task",
        body = TaskBody<'_>,
        headers(
            ("ETag" = String, description = "Entity tag of the task's version"),
            ("Location" = String, description = "URL of the task"),
            ("Idempotency-Replayed" = String, description = "`true` if the response is that of an earlier request with the same key"),
        ),
    )),
)]
pub(crate) async fn create_task(
    user: UserId,
    (state, IdempotencyKey(key), Body(input)): (Data<AppState>, IdempotencyKey, Body<CreateTask>),
) -> Result<HttpResponse> {
    let now = DbTime(state.now().into());
    if let Some(key) = key {
        // Boxed, so that the future of other requests is small.
        return Box::pin(create_once(&state, user, key, input, now)).await;
    }
    let conn = &mut state.write().await?;
    state.quota.check(conn, &user).await?;
    let task = input.into_task(now);
    task.insert(conn, &user).await?;
    Ok(created(task.id, task_json(&task, &user)?))
}

/// Creates a task, or returns the first response if the key was used before for an equivalent body.
/// Returns an error if the key was used for a different body.
async fn create_once(
    state: &AppState,
    owner: UserId,
    key: String,
    input: CreateTask,
    now: DbTime,
) -> Result<HttpResponse> {
    let request_hash = input.hash();
    let task = input.into_task(now);
    let answer = task_json(&task, &owner)?;
    let row = store::IdempotencyKey {
        user_id: owner.as_str().to_owned(),
        key,
        request_hash,
        task_id: task.id,
        answer: String::from_utf8_lossy(&answer).into_owned(),
        created_at: now,
    };
    let forgotten_before = DbTime(now.0 - idempotency::REMEMBERED);
    let mut conn = state.write().await?;
    let earlier = conn
        .transaction(async |conn| {
            if row.insert(conn, forgotten_before).await? == 0 {
                return Ok::<_, Error>(store::IdempotencyKey::find(conn, &owner, &row.key).await?);
            }
            state.quota.check(conn, &owner).await?;
            state.key_quota.check(conn, &owner).await?;
            task.insert(conn, &owner).await?;
            Ok(None)
        })
        .await?;
    match earlier {
        None => Ok(created(task.id, answer)),
        Some(earlier) if earlier.request_hash != row.request_hash => Err(Error::KeyReused),
        Some(earlier) => {
            let mut response = created(earlier.task_id, earlier.answer.into_bytes());
            response.headers_mut().insert(idempotency::REPLAYED, HeaderValue::from_static("true"));
            Ok(response)
        }
    }
}

fn created(id: DbUuid, json: Vec<u8>) -> HttpResponse {
    let tag = format!("\"{}\"", Task::FIRST_VERSION);
    // The URL is relative to `/api/tasks`, because a proxy may serve the API under a path prefix.
    let location = format!("tasks/{}", id.0);
    response(StatusCode::CREATED, tag).insert_header((LOCATION, location)).body(json)
}

/// Get a task
#[utoipa::path(
    get,
    path = "/api/tasks/{id}",
    tag = "tasks",
    params(
        ("id" = Uuid, Path, description = "Id of the task"),
        ("If-None-Match" = Option<String>, Header, nullable = false, description = "Entity tags of the client's copies"),
    ),
    responses(
        (
            status = 200,
            description = "The task",
            body = TaskBody<'_>,
            headers(("ETag" = String, description = "Entity tag of the task's version")),
        ),
        (
            status = 304,
            description = "Not modified",
            headers(("ETag" = String, description = "Entity tag of the task's version")),
        ),
    ),
)]
pub(crate) async fn get_task(
    user: UserId,
    (req, state, TaskPath(id)): (HttpRequest, Data<AppState>, TaskPath),
) -> Result<HttpResponse> {
    let conn = &mut state.read().await?;
    match Task::find(conn, &user, id).await? {
        Some(task) => task_response(&task, &user, &req),
        None => Err(why_not(&state, conn, &user, id, &Expected::Any, Verb::Access).await?),
    }
}

/// Update a task
///
/// `PUT` and `PATCH` are equivalent: absent fields are unchanged. A body without any field of a task
/// changes nothing, not even the version.
#[utoipa::path(
    method(put, patch),
    path = "/api/tasks/{id}",
    tag = "tasks",
    params(
        ("id" = Uuid, Path, description = "Id of the task"),
        ("If-Match" = Option<String>, Header, nullable = false, description = "Entity tag of the version to change"),
        (
            "Prefer" = Option<String>,
            Header,
            nullable = false,
            description = "`handling=strict`: a write without `If-Match` returns 428",
        ),
    ),
    request_body = UpdateTask,
    responses((
        status = 200,
        description = "The updated task",
        body = TaskBody<'_>,
        headers(("ETag" = String, description = "Entity tag of the task's version")),
    )),
)]
pub(crate) async fn update_task(
    user: UserId,
    (state, TaskPath(id), IfMatch(expected), Body(input)): (
        Data<AppState>,
        TaskPath,
        IfMatch,
        Body<UpdateTask>,
    ),
) -> Result<HttpResponse> {
    let UpdateTask { title, description, completed } = input;
    let updated_at = DbTime(state.now().into());
    let changes = TaskChanges { title, description, completed, updated_at };
    if changes.is_empty() {
        return unchanged(&state, &user, id, &expected).await;
    }
    let conn = &mut state.write().await?;
    match Task::update(conn, &user, id, &changes, &expected).await? {
        Some(task) => Ok(response(StatusCode::OK, task_tag(&task)).body(task_json(&task, &user)?)),
        None => Err(why_not(&state, conn, &user, id, &expected, Verb::Update).await?),
    }
}

/// Responds to an update without changes, which creates no new version, but fails under the same
/// conditions as other updates.
async fn unchanged(
    state: &AppState,
    user: &UserId,
    id: TaskId,
    expected: &Expected,
) -> Result<HttpResponse> {
    let conn = &mut state.read().await?;
    match Task::find(conn, user, id).await? {
        Some(task) if expected.includes(task.version) => {
            Ok(response(StatusCode::OK, task_tag(&task)).body(task_json(&task, user)?))
        }
        Some(_) => Err(Error::PreconditionFailed),
        None => Err(why_not(state, conn, user, id, expected, Verb::Update).await?),
    }
}

/// Delete a task
#[utoipa::path(
    delete,
    path = "/api/tasks/{id}",
    tag = "tasks",
    params(
        ("id" = Uuid, Path, description = "Id of the task"),
        ("If-Match" = Option<String>, Header, nullable = false, description = "Entity tag of the version to delete"),
        (
            "Prefer" = Option<String>,
            Header,
            nullable = false,
            description = "`handling=strict`: a write without `If-Match` returns 428",
        ),
    ),
    responses((status = 204, description = "Task deleted")),
)]
pub(crate) async fn delete_task(
    user: UserId,
    (state, TaskPath(id), IfMatch(expected)): (Data<AppState>, TaskPath, IfMatch),
) -> Result<HttpResponse> {
    let conn = &mut state.write().await?;
    if Task::delete(conn, &user, id, &expected).await? > 0 {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(why_not(&state, conn, &user, id, &expected, Verb::Delete).await?)
    }
}

/// Returns the error for a statement that matched no task: the task does not exist, belongs to
/// another user, or has another version. If the settings hide the tasks of other users, such tasks
/// are reported as missing.
async fn why_not(
    state: &AppState,
    conn: &mut Conn,
    user: &UserId,
    id: TaskId,
    expected: &Expected,
    verb: Verb,
) -> Result<Error> {
    if state.foreign_tasks == ForeignTasks::NotFound {
        let is_own = match expected {
            Expected::Any => false,
            Expected::Versions(_) => Task::exists(conn, user, id).await?,
        };
        return Ok(if is_own { Error::PreconditionFailed } else { Error::TaskNotFound });
    }
    Ok(match Task::find_owner(conn, user, id).await? {
        None => Error::TaskNotFound,
        Some(owner) if owner == user.as_str() => Error::PreconditionFailed,
        Some(_) => Error::Forbidden(verb),
    })
}
