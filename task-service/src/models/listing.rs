//! Listings of tasks: filtered, ordered, and cut into pages by where the last one ended, so that
//! what is made or deleted meanwhile neither repeats nor hides a task.

use diesel::prelude::*;
use service_kit::{
    db::{Conn, query},
    sql_types::{DbTime, DbUuid},
};
use shared_models::UserId;

use super::Task;
use crate::schema::tasks;

/// Which of the owner's tasks.
#[derive(Clone, Default)]
pub(crate) struct Filter {
    pub(crate) completed: Option<bool>,
    pub(crate) created_after: Option<DbTime>,
    pub(crate) updated_after: Option<DbTime>,
    /// Folded, and part of the title or the description.
    pub(crate) text: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) sort: Sort,
    pub(crate) is_descending: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    CreatedAt,
    UpdatedAt,
    Title,
}

/// A place in a listing. The id breaks ties.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) place: Place,
    pub(crate) id: DbUuid,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Time(DbTime),
    /// Folded.
    Title(String),
}

impl Position {
    /// Time or title, and id.
    fn parts(after: Option<&Self>) -> (Option<DbTime>, Option<String>, Option<DbUuid>) {
        let id = after.map(|after| after.id);
        match after.map(|after| &after.place) {
            Some(Place::Time(time)) => (Some(*time), None, id),
            Some(Place::Title(title)) => (None, Some(title.clone()), id),
            None => (None, None, None),
        }
    }

    /// Where a task is in a listing.
    pub(crate) fn of(task: &Task, sort: Sort, folded_title: impl FnOnce() -> String) -> Self {
        let place = match sort {
            Sort::CreatedAt => Place::Time(task.created_at),
            Sort::UpdatedAt => Place::Time(task.updated_at),
            Sort::Title => Place::Title(folded_title()),
        };
        Self { place, id: task.id }
    }
}

/// The owner's tasks that pass a filter, as a query to go on with.
macro_rules! filtered {
    ($query:expr, $owner:expr, $filter:expr) => {{
        let mut query = $query.filter(tasks::user_id.eq($owner.as_str()));
        if let Some(completed) = $filter.completed {
            query = query.filter(tasks::completed.eq(completed));
        }
        if let Some(time) = $filter.created_after {
            query = query.filter(tasks::created_at.gt(time));
        }
        if let Some(time) = $filter.updated_after {
            query = query.filter(tasks::updated_at.gt(time));
        }
        if let Some(text) = &$filter.text {
            let pattern = containing(text);
            let in_title = tasks::title_folded.like(pattern.clone()).escape('\\');
            let in_description = tasks::description_folded.like(pattern).escape('\\');
            query = query.filter(in_title.or(in_description.assume_not_null()));
        }
        query
    }};
}

/// A query from `$after` on, in the order of `$column`.
macro_rules! ordered {
    ($query:expr, $column:expr, $value:expr, $id:expr, $is_descending:expr) => {{
        // The first condition lets an index find the place; the second breaks ties.
        let mut query = $query;
        if $is_descending {
            if let (Some(value), Some(id)) = ($value, $id) {
                let after = $column.le(value.clone()).and($column.lt(value).or(tasks::id.lt(id)));
                query = query.filter(after);
            }
            query.order(($column.desc(), tasks::id.desc()))
        } else {
            if let (Some(value), Some(id)) = ($value, $id) {
                let after = $column.ge(value.clone()).and($column.gt(value).or(tasks::id.gt(id)));
                query = query.filter(after);
            }
            query.order(($column.asc(), tasks::id.asc()))
        }
    }};
}

/// A page, as a query to load.
macro_rules! page {
    ($owner:expr, $filter:expr, $order:expr, $after:expr, $limit:expr) => {{
        let query = filtered!(Task::query().into_boxed(), $owner, $filter);
        let (time, title, id) = Position::parts($after.as_ref());
        let is_descending = $order.is_descending;
        match $order.sort {
            Sort::CreatedAt => ordered!(query, tasks::created_at, time, id, is_descending),
            Sort::UpdatedAt => ordered!(query, tasks::updated_at, time, id, is_descending),
            Sort::Title => ordered!(query, tasks::title_folded, title, id, is_descending),
        }
        .limit($limit)
    }};
}

/// Which page of which listing.
#[derive(Clone)]
pub(crate) struct Asked {
    pub(crate) filter: Filter,
    pub(crate) order: Order,
    /// Where the page before ended.
    pub(crate) after: Option<Position>,
    /// How many tasks at most.
    pub(crate) limit: i64,
}

impl Task {
    pub(crate) async fn list(
        conn: &mut Conn<'_>,
        owner: &UserId,
        asked: &Asked,
    ) -> QueryResult<Vec<Self>> {
        match conn {
            Conn::Postgres(conn, _) => {
                let Asked { filter, order, after, limit } = asked;
                let page = page!(owner, filter, order, after, *limit);
                diesel_async::RunQueryDsl::load(page, conn).await
            }
            // On the thread where the rows are: taking them elsewhere one by one costs more than
            // finding them.
            Conn::Sqlite(conn) => {
                let (owner, asked) = (owner.clone(), asked.clone());
                conn.spawn_blocking(move |conn| {
                    let Asked { filter, order, after, limit } = &asked;
                    let page = page!(owner, filter, order, after, *limit);
                    RunQueryDsl::load(page, conn)
                })
                .await
            }
        }
    }

    /// How many there are on all pages.
    pub(crate) async fn count_filtered(
        conn: &mut Conn<'_>,
        owner: &UserId,
        filter: &Filter,
    ) -> QueryResult<i64> {
        query!(conn, |c| {
            let query = filtered!(tasks::table.into_boxed(), owner, filter).count();
            diesel_async::RunQueryDsl::get_result(query, *c)
        })
    }
}

/// A pattern for LIKE that means just this text.
fn containing(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}
