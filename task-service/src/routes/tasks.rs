//! The task endpoints.

use std::future::{Ready, ready};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse,
    dev::Payload,
    http::header::{LINK, LOCATION},
    web::Data,
};
use serde::Serialize;
use service_kit::{
    db::Conn,
    sql_types::{DbTime, DbUuid},
};
use shared_models::{TaskId, Timestamp};
use url::form_urlencoded;
use uuid::Uuid;

use crate::{
    current_user::CurrentUser,
    cursor,
    error::{Error, InputError, Result, Verb},
    input::{Body, Length, Members, Schema, TaskPath},
    models::{Position, Task, TaskChanges},
    state::AppState,
};

const TITLE: Length = Length { min: 1, max: 255 };
const DESCRIPTION: Length = Length { min: 0, max: 10_000 };
const LIMIT_MAX: i64 = 1000;

/// A task on the wire.
#[derive(Serialize)]
struct TaskBody {
    id: TaskId,
    title: String,
    description: Option<String>,
    completed: bool,
    created_at: Timestamp,
    updated_at: Timestamp,
    user_id: String,
}

impl From<Task> for TaskBody {
    fn from(row: Task) -> Self {
        Self {
            id: row.id.0.into(),
            title: row.title,
            description: row.description,
            completed: row.completed,
            created_at: row.created_at.0.into(),
            updated_at: row.updated_at.0.into(),
            user_id: row.user_id,
        }
    }
}

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

/// Which part of a listing is asked for.
pub(crate) struct Page {
    limit: i64,
    after: Position,
}

impl FromRequest for Page {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::read(req.query_string()))
    }
}

impl Page {
    fn read(query: &str) -> Result<Self> {
        let mut page = Self { limit: LIMIT_MAX, after: cursor::start() };
        let mut errors = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "limit" => match value.parse() {
                    Ok(limit) if (1..=LIMIT_MAX).contains(&limit) => page.limit = limit,
                    _ => errors.push(InputError {
                        loc: vec!["query", "limit"],
                        msg: format!("Input should be an integer from 1 to {LIMIT_MAX}").into(),
                        kind: "int_range",
                    }),
                },
                "cursor" => match cursor::decode(&value) {
                    Some(position) => page.after = position,
                    None => errors.push(InputError {
                        loc: vec!["query", "cursor"],
                        msg: "Value error, take the cursor from a Link header".into(),
                        kind: "value_error",
                    }),
                },
                _ => {}
            }
        }
        if errors.is_empty() { Ok(page) } else { Err(Error::Invalid(errors)) }
    }

    /// The way to the next page (RFC 8288), if there is one.
    fn link_to_next(&self, tasks: &mut Vec<Task>) -> Option<String> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        if tasks.len() <= limit {
            return None;
        }
        tasks.truncate(limit);
        let last = tasks.last()?;
        let cursor = cursor::encode(Position { created_at: last.created_at, id: last.id });
        Some(format!("</api/tasks?limit={limit}&cursor={cursor}>; rel=\"next\""))
    }
}

/// `GET /api/tasks`: the caller's tasks, the newest first.
pub(crate) async fn list_tasks(
    state: Data<AppState>,
    CurrentUser(user, page): CurrentUser<Page>,
) -> Result<HttpResponse> {
    // One more than asked for tells whether there is a next page.
    let limit = page.limit + 1;
    let mut tasks = Task::list(&mut state.read().await?.conn(), &user, page.after, limit).await?;
    let mut response = HttpResponse::Ok();
    if let Some(link) = page.link_to_next(&mut tasks) {
        response.insert_header((LINK, link));
    }
    Ok(response.json(tasks.into_iter().map(TaskBody::from).collect::<Vec<_>>()))
}

/// `POST /api/tasks`
pub(crate) async fn create_task(
    state: Data<AppState>,
    CurrentUser(user, Body(input)): CurrentUser<Body<CreateTask>>,
) -> Result<HttpResponse> {
    let now = DbTime(state.now().into());
    let task = Task {
        id: DbUuid(Uuid::now_v7()),
        user_id: user.into(),
        title: input.title,
        description: input.description,
        completed: input.completed,
        created_at: now,
        updated_at: now,
    };
    task.insert(&mut state.write().await?.conn()).await?;
    let location = format!("/api/tasks/{}", task.id.0);
    Ok(HttpResponse::Created().insert_header((LOCATION, location)).json(TaskBody::from(task)))
}

/// `GET /api/tasks/{id}`
pub(crate) async fn get_task(
    state: Data<AppState>,
    CurrentUser(user, TaskPath(id)): CurrentUser<TaskPath>,
) -> Result<HttpResponse> {
    let mut pooled = state.read().await?;
    let conn = &mut pooled.conn();
    match Task::find(conn, &user, id).await? {
        Some(task) => Ok(HttpResponse::Ok().json(TaskBody::from(task))),
        None => Err(why_not(conn, id, Verb::Access).await?),
    }
}

/// `PUT` and `PATCH /api/tasks/{id}`
pub(crate) async fn update_task(
    state: Data<AppState>,
    CurrentUser(user, (TaskPath(id), Body(input))): CurrentUser<(TaskPath, Body<UpdateTask>)>,
) -> Result<HttpResponse> {
    let changes = TaskChanges {
        title: input.title,
        description: input.description,
        completed: input.completed,
        updated_at: DbTime(state.now().into()),
    };
    let mut pooled = state.write().await?;
    let conn = &mut pooled.conn();
    match Task::update(conn, &user, id, &changes).await? {
        Some(task) => Ok(HttpResponse::Ok().json(TaskBody::from(task))),
        None => Err(why_not(conn, id, Verb::Update).await?),
    }
}

/// `DELETE /api/tasks/{id}`
pub(crate) async fn delete_task(
    state: Data<AppState>,
    CurrentUser(user, TaskPath(id)): CurrentUser<TaskPath>,
) -> Result<HttpResponse> {
    let mut pooled = state.write().await?;
    let conn = &mut pooled.conn();
    if Task::delete(conn, &user, id).await? > 0 {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(why_not(conn, id, Verb::Delete).await?)
    }
}

/// Why an owner's statement found nothing: another user's task, or none at all.
async fn why_not(conn: &mut Conn<'_>, id: TaskId, verb: Verb) -> Result<Error> {
    let exists = Task::exists(conn, id).await?;
    Ok(if exists { Error::Forbidden(verb) } else { Error::TaskNotFound })
}
