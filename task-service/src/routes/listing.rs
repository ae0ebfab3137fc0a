//! `GET /api/tasks`: the pages of a listing.

mod parameters;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method, StatusCode,
        header::{ETAG, HeaderName, LINK},
    },
    web::Data,
};
use database::Conn;
use shared_models::UserId;

use self::parameters::Page;
pub(crate) use self::parameters::{OrderName, SortName};
use crate::{
    http::{
        cursor,
        error::Result,
        parts::Tasks,
        precondition::is_known,
        representation::{TaskBody, response},
        state::AppState,
    },
    store::{Asked, Head, Position, Sort, Task, folded::folded},
};

/// Maximum number of tasks in a page that is loaded as a whole. Larger pages, and those of slow
/// queries that may be larger, are sent in parts.
const WHOLE_MAX: i64 = 50;
const TOTAL_COUNT: HeaderName = HeaderName::from_static("x-total-count");

/// A loaded page.
struct Found {
    tasks: Tasks,
    /// Value of the `Link` header, if there is a next page.
    link: Option<String>,
    /// Number of tasks on all pages, if requested.
    total: Option<i64>,
}

impl Page {
    /// Returns whether rows outside the page may have to be read.
    fn takes_its_time(&self) -> bool {
        let Asked { filter, order, .. } = &self.asked;
        self.has_total || !filter.is_index_only() || order.sort != Sort::CreatedAt
    }

    /// Loads the page. The futures of less common statements are boxed, so that the future of this
    /// function is small.
    async fn load(&self, mut conn: Conn, user: &UserId) -> Result<Found> {
        let conn = &mut conn;
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
        conn: &mut Conn,
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

    /// Returns the link to the next page (RFC 8288), if there is one. In this case, also removes
    /// the extra task that was loaded to find out.
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
    user: UserId,
    (req, state, page): (HttpRequest, Data<AppState>, Page),
) -> Result<HttpResponse> {
    if !page.takes_its_time() {
        let found = page.load(state.read().await?, &user).await?;
        return respond(&req, state, user, found).await;
    }
    let read = async |turn| {
        let mut conn = state.read_at_leisure().await?;
        conn.keep_while_busy(turn);
        let found = page.load(conn, &user).await?;
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
