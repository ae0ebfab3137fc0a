//! `GET /api/tasks`: what a listing may be asked for, and its pages.

use std::{
    fmt::Write as _,
    future::{Ready, ready},
};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse,
    dev::Payload,
    http::{
        StatusCode,
        header::{ETAG, HeaderName, LINK},
    },
    web::Data,
};
use chrono::{DateTime, Utc};
use service_kit::sql_types::DbTime;
use url::form_urlencoded;
use utoipa::ToSchema;

use crate::{
    current_user::CurrentUser,
    cursor,
    error::{Error, InputError, Result},
    folded::folded,
    models::{Asked, Filter, Order, Position, Sort, Task},
    precondition::is_known,
    representation::{TaskBody, page_tag, response, tasks_json},
    state::AppState,
};

const LIMIT_MAX: i64 = 1000;
const TEXT_MAX_CHARS: usize = 255;
const TOTAL_COUNT: HeaderName = HeaderName::from_static("x-total-count");

/// Which part of which listing.
pub(crate) struct Page {
    /// With one task more than the page has, which tells whether there is a next one.
    asked: Asked,
    /// Whether the client wants to know how many tasks there are on all pages.
    has_total: bool,
    /// The query without `limit` and `cursor`, for the way to the next page.
    rest: String,
}

impl FromRequest for Page {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Parameters::read(req.query_string()).into_page())
    }
}

/// The query, as far as it has been read.
#[derive(Default)]
struct Parameters {
    limit: Option<i64>,
    cursor: Option<String>,
    filter: Filter,
    sort: Option<Sort>,
    is_descending: Option<bool>,
    has_total: Option<bool>,
    rest: String,
    seen: Vec<&'static str>,
    errors: Vec<InputError>,
}

/// What a listing can be sorted by.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "a description; listings are ordered by `Order`")]
pub(crate) enum SortName {
    CreatedAt,
    UpdatedAt,
    Title,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "a description; listings are ordered by `Order`")]
pub(crate) enum OrderName {
    Asc,
    Desc,
}

/// The parameters that a listing takes.
const NAMES: [&str; 9] = [
    "limit",
    "cursor",
    "completed",
    "created_after",
    "updated_after",
    "q",
    "sort",
    "order",
    "total",
];

impl Parameters {
    fn read(query: &str) -> Self {
        let mut parameters = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match NAMES.into_iter().find(|known| *known == name) {
                None => parameters.refuse_unknown(&name),
                Some(name) if parameters.seen.contains(&name) => {
                    parameters.refuse(name, "value_error", "Value error, given more than once");
                }
                Some(name) => {
                    parameters.seen.push(name);
                    parameters.take(name, &value);
                }
            }
        }
        parameters
    }

    fn take(&mut self, name: &'static str, value: &str) {
        match name {
            "limit" => match value.parse() {
                Ok(limit) if (1..=LIMIT_MAX).contains(&limit) => self.limit = Some(limit),
                _ => {
                    let msg = format!("Input should be an integer from 1 to {LIMIT_MAX}");
                    self.refuse(name, "int_range", msg);
                }
            },
            "cursor" => self.cursor = Some(value.to_owned()),
            "completed" => self.filter.completed = self.boolean(name, value),
            "total" => self.has_total = self.boolean(name, value),
            "created_after" => self.filter.created_after = self.time(name, value),
            "updated_after" => self.filter.updated_after = self.time(name, value),
            "q" => self.filter.text = self.text(name, value),
            "sort" => {
                self.sort = match value {
                    "created_at" => Some(Sort::CreatedAt),
                    "updated_at" => Some(Sort::UpdatedAt),
                    "title" => Some(Sort::Title),
                    _ => {
                        let msg = "Input should be 'created_at', 'updated_at' or 'title'";
                        self.refuse(name, "enum", msg);
                        None
                    }
                }
            }
            _ => match value {
                "asc" => self.is_descending = Some(false),
                "desc" => self.is_descending = Some(true),
                _ => self.refuse(name, "enum", "Input should be 'asc' or 'desc'"),
            },
        }
        if !matches!(name, "limit" | "cursor") {
            let value: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
            let _ = write!(self.rest, "&{name}={value}");
        }
    }

    fn boolean(&mut self, name: &'static str, value: &str) -> Option<bool> {
        let boolean = value.parse().ok();
        if boolean.is_none() {
            self.refuse(name, "bool_parsing", "Input should be 'true' or 'false'");
        }
        boolean
    }

    fn time(&mut self, name: &'static str, value: &str) -> Option<DbTime> {
        let time = DateTime::parse_from_rfc3339(value).map(|time| time.with_timezone(&Utc)).ok();
        // Outside these, the engines do not agree on how a time is written.
        let time = time.filter(|time| (DateTime::UNIX_EPOCH..=cursor::latest()).contains(time));
        if time.is_none() {
            let msg = "Input should be a time such as 2026-01-02T03:04:05Z (+ is written %2B)";
            self.refuse(name, "datetime_parsing", msg);
        }
        time.map(DbTime)
    }

    fn text(&mut self, name: &'static str, value: &str) -> Option<String> {
        if value.contains('\0') || value.chars().nth(TEXT_MAX_CHARS).is_some() {
            let msg = format!("Input should be a text of at most {TEXT_MAX_CHARS} characters");
            self.refuse(name, "string_too_long", msg);
            return None;
        }
        (!value.is_empty()).then(|| folded(value))
    }

    fn refuse(&mut self, name: &'static str, kind: &'static str, msg: impl Into<String>) {
        let msg = msg.into().into();
        self.errors.push(InputError { loc: vec!["query".into(), name.into()], msg, kind });
    }

    fn refuse_unknown(&mut self, name: &str) {
        /// Of a name that is nobody's.
        const SHOWN_CHARS: usize = 64;
        let name: String = name.chars().take(SHOWN_CHARS).collect();
        self.errors.push(InputError {
            loc: vec!["query".into(), name.into()],
            msg: format!("Input should be one of {}", NAMES.join(", ")).into(),
            kind: "extra_forbidden",
        });
    }

    fn into_page(mut self) -> Result<Page> {
        let sort = self.sort.unwrap_or(Sort::CreatedAt);
        let order =
            Order { sort, is_descending: self.is_descending.unwrap_or(sort != Sort::Title) };
        let mut after = None;
        if let Some(cursor) = self.cursor.take() {
            after = cursor::decode(&cursor, order);
            if after.is_none() {
                let msg = "Value error, take the cursor from a Link header of the same listing";
                self.refuse("cursor", "value_error", msg);
            }
        }
        if !self.errors.is_empty() {
            return Err(Error::Invalid(self.errors));
        }
        Ok(Page {
            asked: Asked {
                filter: self.filter,
                order,
                after,
                limit: self.limit.unwrap_or(LIMIT_MAX) + 1,
            },
            has_total: self.has_total.unwrap_or_default(),
            rest: self.rest,
        })
    }
}

impl Page {
    /// Whether more than the rows of the page have to be looked at.
    fn takes_its_time(&self) -> bool {
        let Asked { filter, order, .. } = &self.asked;
        self.has_total || filter.text.is_some() || order.sort != Sort::CreatedAt
    }

    /// The way to the next page (RFC 8288), if there is one.
    fn link_to_next(&self, tasks: &mut Vec<Task>) -> Option<String> {
        let limit = usize::try_from(self.asked.limit - 1).unwrap_or(usize::MAX);
        if tasks.len() <= limit {
            return None;
        }
        tasks.truncate(limit);
        let last = tasks.last()?;
        let position = Position::of(last, self.asked.order.sort, || folded(&last.title));
        let cursor = cursor::encode(self.asked.order, &position);
        Some(format!("</api/tasks?limit={limit}&cursor={cursor}{}>; rel=\"next\"", self.rest))
    }
}

/// List the caller's tasks
///
/// An array, newest first unless asked for otherwise. `Link` leads to the next page; what is made or
/// deleted meanwhile neither repeats nor hides a task.
#[utoipa::path(
    get,
    path = "/api/tasks",
    tag = "tasks",
    params(
        ("limit" = Option<i64>, Query, description = "How many tasks a page has", minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query, description = "Where the page before ended: from its Link header", format = "cursor"),
        ("completed" = Option<bool>, Query, description = "Only done or only open tasks"),
        ("created_after" = Option<String>, Query, description = "Only tasks that were made later", format = DateTime),
        ("updated_after" = Option<String>, Query, description = "Only tasks that were changed later", format = DateTime),
        ("q" = Option<String>, Query, description = "A part of the title or the description, in any case", max_length = 255, pattern = r"^[^\u0000]*$"),
        ("sort" = Option<SortName>, Query, description = "By what; default: created_at"),
        ("order" = Option<OrderName>, Query, description = "Default: desc for times, asc for titles"),
        ("total" = Option<bool>, Query, description = "Whether to count the tasks on all pages"),
        ("If-None-Match" = Option<String>, Header, nullable = false, description = "Entity tags that the client has"),
    ),
    responses(
        (
            status = 200,
            description = "A page",
            body = [TaskBody<'_>],
            headers(
                ("ETag" = String, description = "The state of the page"),
                ("Link" = String, description = "The next page, if there is one: `<…>; rel=\"next\"` (RFC 8288)"),
                ("X-Total-Count" = i64, description = "How many tasks there are on all pages, for `total=true`"),
            ),
        ),
        (
            status = 304,
            description = "The client has this state of it",
            headers(("ETag" = String, description = "The state of the page")),
        ),
    ),
)]
pub(crate) async fn list_tasks(
    req: HttpRequest,
    state: Data<AppState>,
    CurrentUser(user, page): CurrentUser<Page>,
) -> Result<HttpResponse> {
    let mut pooled =
        if page.takes_its_time() { state.read_at_leisure().await? } else { state.read().await? };
    let conn = &mut pooled.conn();
    let mut tasks = Task::list(conn, &user, &page.asked).await?;
    let link = page.link_to_next(&mut tasks);
    let total = if page.has_total {
        Some(Task::count_filtered(conn, &user, &page.asked.filter).await?)
    } else {
        None
    };

    let tag = page_tag(&tasks, link.as_deref());
    let is_known = is_known(req.headers(), &tag);
    let mut response = if is_known {
        let mut response = HttpResponse::NotModified();
        response.insert_header((ETAG, tag));
        response
    } else {
        response(StatusCode::OK, tag)
    };
    if let Some(link) = link {
        response.insert_header((LINK, link));
    }
    if let Some(total) = total {
        response.insert_header((TOTAL_COUNT, total));
    }
    Ok(if is_known { response.finish() } else { response.body(tasks_json(&tasks, &user)?) })
}
