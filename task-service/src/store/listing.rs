//! Listings of tasks: filtered, ordered and paginated by key, so that tasks created or deleted
//! between two pages cause neither duplicates nor gaps.

use database::{
    Conn, query,
    sql_types::{DbTime, DbUuid},
};
use diesel::{
    define_sql_function,
    prelude::*,
    sql_types::{Nullable, Text},
};
use shared_models::UserId;

use super::{Task, contains::contains};
use crate::store::schema::tasks;

/// Conditions that select some of the owner's tasks.
#[derive(Clone, Default)]
pub(crate) struct Filter {
    pub(crate) completed: Option<bool>,
    pub(crate) created_after: Option<DbTime>,
    pub(crate) updated_after: Option<DbTime>,
    /// Folded string that the title or the description must contain.
    pub(crate) text: Option<String>,
}

impl Filter {
    /// Returns whether an index selects exactly these tasks, so that no others are read.
    pub(crate) fn is_index_only(&self) -> bool {
        self.completed.is_none() && self.updated_after.is_none() && self.text.is_none()
    }
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

impl Sort {
    /// Returns the place of a task with these values.
    fn place(
        self,
        created_at: DbTime,
        updated_at: DbTime,
        folded_title: impl FnOnce() -> String,
    ) -> Place {
        match self {
            Self::CreatedAt => Place::Time(created_at),
            Self::UpdatedAt => Place::Time(updated_at),
            Self::Title => Place::Title(folded_title()),
        }
    }
}

/// Position in a listing. The id breaks ties.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) place: Place,
    pub(crate) id: DbUuid,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Time(DbTime),
    /// Folded title.
    Title(String),
}

impl Position {
    /// Returns the values that `ordered!` compares rows with: the time or the title, and the id.
    fn parts(after: Option<&Self>) -> (Option<DbTime>, Option<String>, Option<DbUuid>) {
        let id = after.map(|after| after.id);
        match after.map(|after| &after.place) {
            Some(Place::Time(time)) => (Some(*time), None, id),
            Some(Place::Title(title)) => (None, Some(title.clone()), id),
            None => (None, None, None),
        }
    }

    /// Returns the position of a task in a listing with this sort key.
    pub(crate) fn of(task: &Task, sort: Sort, folded_title: impl FnOnce() -> String) -> Self {
        let place = sort.place(task.created_at, task.updated_at, folded_title);
        Self { place, id: task.id }
    }
}

/// Builds a query for the owner's tasks that match a filter.
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
            let in_title = contains(tasks::title_folded, text);
            let in_description = contains(tasks::description_folded.assume_not_null(), text);
            query = query.filter(in_title.or(in_description));
        }
        query
    }};
}

/// Orders a query by `$column` and the id, and restricts it to the rows after the position that
/// consists of `$value` and `$id`, if there is one.
macro_rules! ordered {
    ($query:expr, $column:expr, $value:expr, $id:expr, $is_descending:expr) => {{
        // The first condition lets an index seek to the position; the second breaks ties.
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

/// Builds the query for a page.
macro_rules! page {
    ($query:expr, $owner:expr, $filter:expr, $order:expr, $after:expr, $limit:expr) => {{
        let query = filtered!($query.into_boxed(), $owner, $filter);
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

/// The page of a listing to load.
#[derive(Clone)]
pub(crate) struct Asked {
    pub(crate) filter: Filter,
    pub(crate) order: Order,
    /// Position of the last task on the previous page.
    pub(crate) after: Option<Position>,
    /// Maximum number of tasks.
    pub(crate) limit: i64,
}

/// Loads the rows of `$query` that are on the requested page.
macro_rules! load {
    ($conn:expr, $owner:expr, $asked:expr, $query:expr) => {
        match $conn {
            Conn::Postgres(conn) => {
                let Asked { filter, order, after, limit } = $asked;
                let page = page!($query, $owner, filter, order, after, *limit);
                diesel_async::RunQueryDsl::load(page, conn).await
            }
            // Runs on the thread with the connection, because moving rows to another thread one by
            // one costs more than reading them.
            Conn::Sqlite(conn) => {
                let (owner, asked) = ($owner.clone(), $asked.clone());
                conn.spawn_blocking(move |conn| {
                    let Asked { filter, order, after, limit } = &asked;
                    let page = page!($query, owner, filter, order, after, *limit);
                    RunQueryDsl::load(page, conn)
                })
                .await
            }
        }
    };
}

define_sql_function! {
    /// Returns the size of a string in bytes.
    fn octet_length(text: Nullable<Text>) -> Nullable<Integer>;
}

/// A task with the sizes of its title and description instead of their text.
#[derive(Queryable)]
pub(crate) struct Head {
    pub(crate) id: DbUuid,
    pub(crate) version: i64,
    created_at: DbTime,
    updated_at: DbTime,
    title_folded: String,
    title_bytes: Option<i32>,
    description_bytes: Option<i32>,
}

impl Head {
    /// Returns the position of the task in a listing with this sort key.
    pub(crate) fn position(&self, sort: Sort) -> Position {
        let title = || self.title_folded.clone();
        let place = sort.place(self.created_at, self.updated_at, title);
        Position { place, id: self.id }
    }

    /// Returns the total size of the title and the description in bytes.
    pub(crate) fn text_bytes(&self) -> usize {
        let bytes = [self.title_bytes, self.description_bytes].into_iter().flatten();
        bytes.map(|bytes| usize::try_from(bytes).unwrap_or_default()).sum()
    }

    pub(crate) async fn list(
        conn: &mut Conn,
        owner: &UserId,
        asked: &Asked,
    ) -> QueryResult<Vec<Self>> {
        load!(
            conn,
            owner,
            asked,
            tasks::table.select((
                tasks::id,
                tasks::version,
                tasks::created_at,
                tasks::updated_at,
                tasks::title_folded,
                octet_length(tasks::title.nullable()),
                octet_length(tasks::description),
            ))
        )
    }
}

impl Task {
    pub(crate) async fn list(
        conn: &mut Conn,
        owner: &UserId,
        asked: &Asked,
    ) -> QueryResult<Vec<Self>> {
        load!(conn, owner, asked, Self::query())
    }

    /// Returns the tasks with these ids that exist and belong to the owner, in any order.
    pub(crate) async fn find_all(
        conn: &mut Conn,
        owner: &UserId,
        ids: &[DbUuid],
    ) -> QueryResult<Vec<Self>> {
        let own = tasks::user_id.eq(owner.as_str()).and(tasks::id.eq_any(ids));
        query!(conn, |c| diesel_async::RunQueryDsl::load(Self::query().filter(own), c))
    }

    /// Returns the number of the owner's tasks that match the filter.
    pub(crate) async fn count_filtered(
        conn: &mut Conn,
        owner: &UserId,
        filter: &Filter,
    ) -> QueryResult<i64> {
        query!(conn, |c| {
            let query = filtered!(tasks::table.into_boxed(), owner, filter).count();
            diesel_async::RunQueryDsl::get_result(query, c)
        })
    }
}
