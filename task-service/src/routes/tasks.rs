//! One task: create, read, change, delete.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{HeaderValue, LOCATION},
    },
    web::Data,
};
use service_kit::{
    db::Conn,
    sql_types::{DbTime, DbUuid},
};
use shared_models::{TaskId, UserId};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    current_user::CurrentUser,
    error::{Error, Result, Verb},
    idempotency::{self, IdempotencyKey},
    input::{Body, Length, Members, Schema, TaskPath},
    models::{self, Task, TaskChanges},
    precondition::{IfMatch, task_tag},
    representation::{TaskBody, response, task_json, task_response},
    state::AppState,
};

const TITLE: Length = Length { min: 1, max: 255 };
const DESCRIPTION: Length = Length { min: 0, max: 10_000 };

/// Members that are not listed here are ignored.
#[derive(ToSchema)]
#[schema(example = json!({ "title": "Buy milk", "description": "Two litres" }))]
pub(crate) struct CreateTask {
    /// 1 to 255 characters (Unicode scalar values), not only white space, no NUL.
    #[schema(min_length = 1, max_length = 255, pattern = r"^[^\u0000]*[^\s\u0000][^\u0000]*$")]
    title: String,
    /// At most 10 000 characters, no NUL.
    #[schema(max_length = 10_000, pattern = r"^[^\u0000]*$")]
    description: Option<String>,
    #[schema(required = false, default = false)]
    completed: bool,
}

impl Schema for CreateTask {
    fn read(members: &mut Members) -> Self {
        Self {
            title: members.text("title", TITLE),
            description: members.nullable_text("description", DESCRIPTION).flatten(),
            completed: members.optional_boolean("completed").unwrap_or_default(),
        }
    }
}

impl CreateTask {
    fn into_task(self, owner: UserId, now: DbTime) -> Task {
        Task {
            id: DbUuid(Uuid::now_v7()),
            user_id: owner.into(),
            title: self.title,
            description: self.description,
            completed: self.completed,
            created_at: now,
            updated_at: now,
            version: Task::FIRST_VERSION,
        }
    }

    /// Two bodies that ask for the same have the same hash.
    fn hash(&self) -> Vec<u8> {
        idempotency::request_hash(&[
            Some(self.title.as_bytes()),
            self.description.as_deref().map(str::as_bytes),
            Some(&[u8::from(self.completed)]),
        ])
    }
}

/// What is absent stays as it is; `null` clears the description. Members that are not listed here are
/// ignored.
#[derive(ToSchema)]
#[schema(example = json!({ "completed": true }))]
pub(crate) struct UpdateTask {
    #[schema(
        nullable = false,
        min_length = 1,
        max_length = 255,
        pattern = r"^[^\u0000]*[^\s\u0000][^\u0000]*$"
    )]
    title: Option<String>,
    #[schema(value_type = Option<String>, max_length = 10_000, pattern = r"^[^\u0000]*$")]
    description: Option<Option<String>>,
    #[schema(nullable = false)]
    completed: Option<bool>,
}

impl Schema for UpdateTask {
    fn read(members: &mut Members) -> Self {
        Self {
            title: members.optional_text("title", TITLE),
            description: members.nullable_text("description", DESCRIPTION),
            completed: members.optional_boolean("completed"),
        }
    }
}

/// Create a task
///
/// With an `Idempotency-Key` it can be sent again: it makes one task, and is answered alike.
#[utoipa::path(
    post,
    path = "/api/tasks",
    tag = "tasks",
    params((
        "Idempotency-Key" = Option<String>,
        Header,
        nullable = false,
        description = "Anything that no other create has; remembered for 24 hours",
        min_length = 1,
        max_length = 255,
        pattern = "^[ -~]+$",
        example = "0198c0a4-6f0e-7b53-9a75-3f5b3c1f2f10",
    )),
    request_body = CreateTask,
    responses((
        status = 201,
        description = "The task",
        body = TaskBody<'_>,
        headers(
            ("ETag" = String, description = "The state of the task"),
            ("Location" = String, description = "Where the task is"),
            ("Idempotency-Replayed" = String, description = "`true` if this is an earlier answer"),
        ),
    )),
)]
pub(crate) async fn create_task(
    state: Data<AppState>,
    CurrentUser(user, (IdempotencyKey(key), Body(input))): CurrentUser<(
        IdempotencyKey,
        Body<CreateTask>,
    )>,
) -> Result<HttpResponse> {
    let now = DbTime(state.now().into());
    if let Some(key) = key {
        return create_once(&state, user, key, input, now).await;
    }
    let mut pooled = state.write().await?;
    let conn = &mut pooled.conn();
    state.quota.check(conn, &user).await?;
    let task = input.into_task(user, now);
    task.insert(conn).await?;
    Ok(created(task.id, task_json(&task)?))
}

/// Creates a task unless the key was used before; then the answer is the one of that time.
async fn create_once(
    state: &AppState,
    owner: UserId,
    key: String,
    input: CreateTask,
    now: DbTime,
) -> Result<HttpResponse> {
    let request_hash = input.hash();
    let task = input.into_task(owner.clone(), now);
    let answer = task_json(&task)?;
    let row = models::IdempotencyKey {
        user_id: task.user_id.clone(),
        key,
        request_hash,
        task_id: task.id,
        answer: String::from_utf8_lossy(&answer).into_owned(),
        created_at: now,
    };
    let forgotten_before = DbTime(now.0 - idempotency::REMEMBERED);
    let mut pooled = state.write().await?;
    let earlier = pooled
        .conn()
        .transaction(async |conn| {
            if row.insert(conn, forgotten_before).await? == 0 {
                return Ok::<_, Error>(models::IdempotencyKey::find(conn, &owner, &row.key).await?);
            }
            state.quota.check(conn, &owner).await?;
            task.insert(conn).await?;
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
    let location = format!("/api/tasks/{}", id.0);
    response(StatusCode::CREATED, tag).insert_header((LOCATION, location)).body(json)
}

/// Read a task
#[utoipa::path(
    get,
    path = "/api/tasks/{id}",
    tag = "tasks",
    params(
        ("id" = Uuid, Path, description = "The task"),
        ("If-None-Match" = Option<String>, Header, nullable = false, description = "Entity tags that the client has"),
    ),
    responses(
        (
            status = 200,
            description = "The task",
            body = TaskBody<'_>,
            headers(("ETag" = String, description = "The state of the task")),
        ),
        (
            status = 304,
            description = "The client has this state of it",
            headers(("ETag" = String, description = "The state of the task")),
        ),
    ),
)]
pub(crate) async fn get_task(
    req: HttpRequest,
    state: Data<AppState>,
    CurrentUser(user, TaskPath(id)): CurrentUser<TaskPath>,
) -> Result<HttpResponse> {
    let mut pooled = state.read().await?;
    let conn = &mut pooled.conn();
    match Task::find(conn, &user, id).await? {
        Some(task) => task_response(&task, req.headers()),
        None => Err(why_not(conn, &user, id, Verb::Access).await?),
    }
}

/// Change a task
///
/// `PUT` and `PATCH` do the same.
#[utoipa::path(
    method(put, patch),
    path = "/api/tasks/{id}",
    tag = "tasks",
    params(
        ("id" = Uuid, Path, description = "The task"),
        ("If-Match" = Option<String>, Header, nullable = false, description = "The state that the change is meant for"),
        (
            "Prefer" = Option<String>,
            Header,
            nullable = false,
            description = "`handling=strict`: refuse a write without If-Match (428)",
        ),
    ),
    request_body = UpdateTask,
    responses((
        status = 200,
        description = "The task as it is now",
        body = TaskBody<'_>,
        headers(("ETag" = String, description = "The state of the task")),
    )),
)]
pub(crate) async fn update_task(
    state: Data<AppState>,
    CurrentUser(user, (TaskPath(id), IfMatch(expected), Body(input))): CurrentUser<(
        TaskPath,
        IfMatch,
        Body<UpdateTask>,
    )>,
) -> Result<HttpResponse> {
    let changes = TaskChanges {
        title: input.title,
        description: input.description,
        completed: input.completed,
        updated_at: DbTime(state.now().into()),
    };
    let mut pooled = state.write().await?;
    let conn = &mut pooled.conn();
    match Task::update(conn, &user, id, &changes, &expected).await? {
        Some(task) => Ok(response(StatusCode::OK, task_tag(&task)).body(task_json(&task)?)),
        None => Err(why_not(conn, &user, id, Verb::Update).await?),
    }
}

/// Delete a task
#[utoipa::path(
    delete,
    path = "/api/tasks/{id}",
    tag = "tasks",
    params(
        ("id" = Uuid, Path, description = "The task"),
        ("If-Match" = Option<String>, Header, nullable = false, description = "The state that the deletion is meant for"),
        (
            "Prefer" = Option<String>,
            Header,
            nullable = false,
            description = "`handling=strict`: refuse a write without If-Match (428)",
        ),
    ),
    responses((status = 204, description = "It is gone")),
)]
pub(crate) async fn delete_task(
    state: Data<AppState>,
    CurrentUser(user, (TaskPath(id), IfMatch(expected))): CurrentUser<(TaskPath, IfMatch)>,
) -> Result<HttpResponse> {
    let mut pooled = state.write().await?;
    let conn = &mut pooled.conn();
    if Task::delete(conn, &user, id, &expected).await? > 0 {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(why_not(conn, &user, id, Verb::Delete).await?)
    }
}

/// Why an owner's statement found nothing: no task at all, another user's, or in another state.
async fn why_not(conn: &mut Conn<'_>, user: &UserId, id: TaskId, verb: Verb) -> Result<Error> {
    Ok(match Task::find_owner(conn, id).await? {
        None => Error::TaskNotFound,
        Some(owner) if owner == user.as_str() => Error::PreconditionFailed,
        Some(_) => Error::Forbidden(verb),
    })
}
