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
use uuid::Uuid;

use crate::{
    current_user::CurrentUser,
    error::{Error, Result, Verb},
    idempotency::{self, IdempotencyKey},
    input::{Body, Length, Members, Schema, TaskPath},
    models::{self, Task, TaskChanges},
    precondition::{IfMatch, task_tag},
    representation::{response, task_json, task_response},
    state::AppState,
};

const TITLE: Length = Length { min: 1, max: 255 };
const DESCRIPTION: Length = Length { min: 0, max: 10_000 };

pub(crate) struct CreateTask {
    title: String,
    description: Option<String>,
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

/// Absent is unchanged; `null` clears the description.
pub(crate) struct UpdateTask {
    title: Option<String>,
    description: Option<Option<String>>,
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

/// `POST /api/tasks`
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
    created(task.id, task_json(&task)?)
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
        None => created(task.id, answer),
        Some(earlier) if earlier.request_hash != row.request_hash => Err(Error::KeyReused),
        Some(earlier) => {
            let mut response = created(earlier.task_id, earlier.answer.into_bytes())?;
            response.headers_mut().insert(idempotency::REPLAYED, HeaderValue::from_static("true"));
            Ok(response)
        }
    }
}

fn created(id: DbUuid, json: Vec<u8>) -> Result<HttpResponse> {
    let tag = format!("\"{}\"", Task::FIRST_VERSION);
    let location = format!("/api/tasks/{}", id.0);
    Ok(response(StatusCode::CREATED, tag).insert_header((LOCATION, location)).body(json))
}

/// `GET /api/tasks/{id}`
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

/// `PUT` and `PATCH /api/tasks/{id}`
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

/// `DELETE /api/tasks/{id}`
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
