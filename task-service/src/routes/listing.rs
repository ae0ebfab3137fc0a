//! `GET /api/tasks`: the parameters of a listing, and its pages.

use std::{
    fmt::Write as _,
    future::{Ready, ready},
};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse,
    dev::Payload,
    http::{
        Method, StatusCode,
        header::{ETAG, HeaderName, LINK},
    },
    web::Data,
};
use chrono::{DateTime, Utc};
use service_kit::{
    db::{Conn, PooledConn},
    sql_types::DbTime,
};
use shared_models::UserId;
use url::form_urlencoded;
use utoipa::ToSchema;

use crate::{
    http::{
        current_user::CurrentUser,
        cursor,
        error::{Error, InputError, Result},
        parts::Tasks,
        precondition::is_known,
        representation::{TaskBody, response},
        state::AppState,
    },
    store::{Asked, Filter, Head, Order, Position, Sort, Task, folded::folded},
};

const LIMIT_MAX: i64 = 1000;
/// Maximum number of tasks in a page that is loaded as a whole; larger ones are sent in parts.
const WHOLE_MAX: i64 = 50;
const TEXT_MAX_CHARS: usize = 255;
/// Number of validation errors after which the rest of the query is ignored, because the response
/// would otherwise be far larger than the query.
const MAX_ERRORS: usize = 32;
const TOTAL_COUNT: HeaderName = HeaderName::from_static("x-total-count");

/// The requested page.
pub(crate) struct Page {
    /// The tasks to load: those of the page, and one extra task, which shows whether there is a
    /// next page.
    asked: Asked,
    /// Whether the client requests the total number of tasks.
    has_total: bool,
    /// The parameters other than `limit` and `cursor`, each after an `&`, for the link to the next
    /// page.
    rest: String,
}

impl FromRequest for Page {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Parameters::read(req.query_string()).into_page())
    }
}

/// A loaded page.
struct Found {
    tasks: Tasks,
    /// Value of the `Link` header, if there is a next page.
    link: Option<String>,
    /// Number of tasks on all pages, if requested.
    total: Option<i64>,
}

/// The parameters that have been parsed so far, and their errors.
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

/// Sort keys of a listing.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "only documented; listings use `Order`")]
pub(crate) enum SortName {
    CreatedAt,
    UpdatedAt,
    Title,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "only documented; listings use `Order`")]
pub(crate) enum OrderName {
    Asc,
    Desc,
}

/// Names of the query parameters.
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
            if parameters.errors.len() >= MAX_ERRORS {
                break;
            }
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
        let time = time.filter(cursor::is_storable);
        if time.is_none() {
            let msg = "Input should be a time such as 2026-01-02T03:04:05Z (+ is written %2B)";
            self.refuse(name, "datetime_parsing", msg);
        }
        time.map(DbTime)
    }

    fn text(&mut self, name: &'static str, value: &str) -> Option<String> {
        if value.contains('\0') || value.chars().nth(TEXT_MAX_CHARS).is_some() {
            let msg = format!(
                "Input should be a string of at most {TEXT_MAX_CHARS} characters without NUL"
            );
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
        /// Maximum number of characters of an unknown name that the error repeats.
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
    /// Returns whether rows outside the page may have to be read.
    fn takes_its_time(&self) -> bool {
        let Asked { filter, order, .. } = &self.asked;
        self.has_total || !filter.is_index_only() || order.sort != Sort::CreatedAt
    }

    /// Loads the page. The futures of less common statements are boxed, so that the future of this
    /// function is small.
    async fn load(&self, mut pooled: PooledConn, user: &UserId) -> Result<Found> {
        let conn = &mut pooled.conn();
        let (tasks, link) = if let Some((tasks, link)) = self.load_whole(conn, user).await? {
            (Tasks::Whole(tasks), link)
        } else {
            let mut heads = Box::pin(Head::list(conn, user, &self.asked)).await?;
            let link = self.link_to_next(&mut heads, Head::position);
            (Tasks::Heads(heads), link)
        };
        let total = if self.has_total {
            Some(Box::pin(Task::count_filtered(conn, user, &self.asked.filter)).await?)
        } else {
            None
        };
        Ok(Found { tasks, link, total })
    }

    /// Returns the tasks of a short page and the link to the next one. Returns `None` if the page
    /// is long, or if it may be long and the query may be slow.
    async fn load_whole(
        &self,
        conn: &mut Conn<'_>,
        user: &UserId,
    ) -> Result<Option<(Vec<Task>, Option<String>)>> {
        let limit = self.asked.limit.min(WHOLE_MAX + 1);
        let may_be_long = limit < self.asked.limit;
        // A slow query must not run twice: here, and again if the page turns out to be long.
        if may_be_long && self.takes_its_time() {
            return Ok(None);
        }
        let asked = Asked { limit, ..self.asked.clone() };
        let mut tasks = Task::list(conn, user, &asked).await?;
        if may_be_long && i64::try_from(tasks.len()).is_ok_and(|found| found == limit) {
            return Ok(None);
        }
        let link = self.link_to_next(&mut tasks, |last, sort| {
            Position::of(last, sort, || folded(&last.title))
        });
        Ok(Some((tasks, link)))
    }

    /// Returns the link to the next page (RFC 8288), if there is one, and removes the extra task.
    fn link_to_next<T>(
        &self,
        tasks: &mut Vec<T>,
        position: impl FnOnce(&T, Sort) -> Position,
    ) -> Option<String> {
        let limit = usize::try_from(self.asked.limit - 1).unwrap_or(usize::MAX);
        if tasks.len() <= limit {
            return None;
        }
        tasks.truncate(limit);
        let position = position(tasks.last()?, self.asked.order.sort);
        let cursor = cursor::encode(self.asked.order, &position);
        // The link is relative to the listing, because a proxy may serve the API under a path
        // prefix.
        Some(format!("<?limit={limit}&cursor={cursor}{}>; rel=\"next\"", self.rest))
    }
}

/// List the user's tasks
///
/// Returns an array, newest first by default. `Link` has the URL of the next page. Tasks that are created
/// or deleted between two pages do not cause others to be repeated or left out.
#[utoipa::path(
    get,
    path = "/api/tasks",
    tag = "tasks",
    params(
        ("limit" = Option<i64>, Query, description = "Maximum number of tasks on a page", minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query, description = "Start of the page, from the `Link` header of the previous page", format = "cursor"),
        ("completed" = Option<bool>, Query, description = "Return only completed (`true`) or only open (`false`) tasks"),
        ("created_after" = Option<String>, Query, description = "Return only tasks created after this time", format = DateTime),
        ("updated_after" = Option<String>, Query, description = "Return only tasks updated after this time", format = DateTime),
        ("q" = Option<String>, Query, description = "Return only tasks whose title or description contains this text, ignoring case", max_length = 255, pattern = r"^[^\u0000]*$"),
        ("sort" = Option<SortName>, Query, description = "Sort key; default: created_at"),
        ("order" = Option<OrderName>, Query, description = "Sort order; default: desc for times, asc for titles"),
        ("total" = Option<bool>, Query, description = "Return the total number of matching tasks in `X-Total-Count`"),
        ("If-None-Match" = Option<String>, Header, nullable = false, description = "Entity tags of the client's copies"),
    ),
    responses(
        (
            status = 200,
            description = "The tasks of the page",
            body = [TaskBody<'_>],
            headers(
                ("ETag" = String, description = "Entity tag of the page"),
                ("Link" = String, description = "The next page, if there is one: `<…>; rel=\"next\"` (RFC 8288)"),
                ("X-Total-Count" = i64, description = "Number of tasks on all pages; sent with `total=true`"),
            ),
        ),
        (
            status = 304,
            description = "Not modified",
            headers(("ETag" = String, description = "Entity tag of the page")),
        ),
    ),
)]
pub(crate) async fn list_tasks(
    req: HttpRequest,
    state: Data<AppState>,
    CurrentUser(user, page): CurrentUser<Page>,
) -> Result<HttpResponse> {
    if !page.takes_its_time() {
        let found = page.load(state.read().await?, &user).await?;
        return respond(&req, state, user, found).await;
    }
    let read = async |turn| {
        let mut pooled = state.read_at_leisure().await?;
        pooled.keep_while_busy(turn);
        let found = page.load(pooled, &user).await?;
        respond(&req, state.clone(), user.clone(), found).await
    };
    // Boxed, so that the future of other requests is small.
    Box::pin(state.long_reads.run(&user, read)).await
}

async fn respond(
    req: &HttpRequest,
    state: Data<AppState>,
    user: UserId,
    Found { tasks, link, total }: Found,
) -> Result<HttpResponse> {
    let tag = tasks.tag(link.as_deref());
    let is_known = is_known(req, &tag);
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
    if is_known {
        return Ok(response.finish());
    }
    if req.method() == Method::HEAD {
        return Ok(response.body(tasks.into_unsent_body(&user)?));
    }
    Ok(response.body(tasks.into_body(state, user).await?))
}
