//! The database of a FastAPI service with `SQLModel`, on PostgreSQL or SQLite.

use std::collections::HashMap;

use database::{Conn, source::SourceTable};
use operator_tools::source::{self, Field, SourceError, TableLayout, count_rows};

use super::{
    ImportArgs, ImportError, Report,
    args::OwnersArg,
    old_task::{OldTask, PAGE_TASKS},
};
use crate::store::{SourceOwner, SourceTask};

const TASKS: TableLayout = TableLayout {
    name: "tasks",
    fields: &[
        Field::always("id", "id"),
        Field::always("user_id", "owner"),
        Field::always("title", "title"),
        Field::usually("description", "description"),
        Field::usually("completed", "completed"),
        Field::usually("created_at", "created_at"),
        Field::usually("updated_at", "updated_at"),
    ],
};
/// The table of users, which is read only to find owners by e-mail address.
const USERS: TableLayout = TableLayout {
    name: "users",
    fields: &[Field::always("id", "id"), Field::always("email", "email")],
};

/// A reader of tasks, page by page, in the order of their ids.
pub(super) struct Tasks {
    table: SourceTable,
    collation: &'static str,
    /// E-mail addresses by user id; empty unless `--owners` is `by-email`.
    emails: HashMap<String, String>,
    /// The id of the last task read.
    after: String,
    count: u64,
    read: u64,
}

impl Tasks {
    /// Opens the source, and reports tasks without an id as skipped. Returns an error if a required
    /// table or column is missing.
    pub(super) async fn open(
        conn: &mut Conn,
        args: &ImportArgs,
        report: &mut Report,
    ) -> Result<Self, ImportError> {
        source::check_mappings(&[&TASKS, &USERS], &args.names)?;
        let collation = source::begin(conn).await?;
        let table = TASKS.find(conn, &args.names).await?;
        report.remarks(table.unread_remark());
        let mut emails = HashMap::new();
        if matches!(args.owners, Some(OwnersArg::ByEmail)) {
            let users = USERS.find(conn, &args.names).await?;
            let owners = SourceOwner::list(conn, &users).await.map_err(SourceError::Read)?;
            emails.extend(owners.into_iter().filter_map(SourceOwner::email));
        }
        let id = table.key("id", collation);
        let filter = format!("WHERE {id} IS NULL OR {id} = ''");
        let without_id = count_rows(conn, &table, &filter).await?;
        for _ in 0..without_id {
            let task = OldTask { place: "a task".to_owned(), ..OldTask::default() };
            report.skip(&task, "the task has no id")?;
        }
        let count = count_rows(conn, &table, "").await? - without_id;
        Ok(Self { table, collation, emails, after: String::new(), count, read: 0 })
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    pub(super) async fn next_page(
        &mut self,
        conn: &mut Conn,
    ) -> Result<Option<Vec<OldTask>>, ImportError> {
        let id = self.table.key("id", self.collation);
        let page = SourceTask::list(conn, &self.table, &id, &self.after, PAGE_TASKS).await;
        let page = page.map_err(SourceError::Read)?;
        if page.iter().any(|task| task.id.contains(char::REPLACEMENT_CHARACTER)) {
            return Err(SourceError::refused("the source has ids that are not UTF-8").into());
        }
        let Some(last) = page.last() else { return Ok(None) };
        self.after.clone_from(&last.id);
        self.read += u64::try_from(page.len()).unwrap_or_default();
        Ok(Some(page.into_iter().map(|task| self.old_task(task)).collect()))
    }

    fn old_task(&self, task: SourceTask) -> OldTask {
        OldTask {
            place: format!("task {}", task.id),
            email: task.owner.as_ref().and_then(|owner| self.emails.get(owner)).cloned(),
            id: Some(task.id),
            owner: task.owner,
            title: task.title,
            description: task.description,
            completed: task.completed,
            created_at: task.created_at,
            updated_at: task.updated_at,
        }
    }

    /// Returns an error if fewer tasks were read than the source has. This happens if two tasks
    /// have the same id and a page ends between them, so that the second one is skipped.
    pub(super) fn check_complete(&self) -> Result<(), ImportError> {
        if self.read == self.count {
            return Ok(());
        }
        Err(SourceError::refused("the source has several tasks with the same id").into())
    }
}
