//! Decides whether a task is imported.

use std::collections::HashSet;

use aws_lc_rs::digest::{Context, SHA256};
use chrono::{DateTime, Utc};
use database::sql_types::{DbTime, DbUuid};
use operator_tools::source::value;
use shared_models::Timestamp;
use uuid::{Builder, Uuid};

use super::{OldTask, Owners, Report};
use crate::{
    domain::task_text::{DESCRIPTION, Length, TITLE},
    store::{Task, TaskRow},
};

/// Maximum number of characters of a value quoted in a reason.
const QUOTED_CHARS: usize = 40;

pub(super) struct Judge {
    owners: Owners,
    now: DateTime<Utc>,
    /// Ids already seen in this run, to detect duplicates in the source.
    seen: HashSet<Uuid>,
}

impl Judge {
    pub(super) fn new(owners: Owners, now: DateTime<Utc>) -> Self {
        Self { owners, now, seen: HashSet::new() }
    }

    /// Returns the row to insert for a task, or the reason why the task cannot be imported.
    pub(super) fn judge(&mut self, old: &OldTask, report: &mut Report) -> Result<TaskRow, String> {
        let old_id = old.id.as_deref().ok_or("the task has no id")?;
        let old_owner = old.owner.as_deref().ok_or("the task has no owner")?;
        let owner = self.owners.find(old_owner, old.email.as_deref())?;
        let title = old.title.clone().unwrap_or_default();
        check_text("title", &title, TITLE)?;
        if let Some(description) = &old.description {
            check_text("description", description, DESCRIPTION)?;
        }
        for (name, text) in [("title", Some(&title)), ("description", old.description.as_ref())] {
            if text.is_some_and(|text| text.contains(char::REPLACEMENT_CHARACTER)) {
                report.note(old, &format!("the {name} has characters that are not UTF-8"));
            }
        }
        let completed = flag(old.completed.as_deref())?;
        let old_times = (
            time("created_at", old.created_at.as_deref())?,
            time("updated_at", old.updated_at.as_deref())?,
        );
        let created_at = old_times.0.or(old_times.1);
        let id = new_id(old_id, old_owner, created_at);
        if !self.seen.insert(id) {
            return Err("the source has this task twice".to_owned());
        }
        let created_at = created_at.unwrap_or(self.now);
        let to_millis = |time: DateTime<Utc>| DbTime(Timestamp::from(time).into());
        Ok(TaskRow {
            id: DbUuid(id),
            user_id: owner.into(),
            title,
            description: old.description.clone(),
            completed,
            created_at: to_millis(created_at),
            updated_at: to_millis(old_times.1.unwrap_or(created_at)),
            version: Task::FIRST_VERSION,
        })
    }
}

/// Returns the id of an imported task. An old id that is a UUID is kept. Any other is replaced by a
/// UUID that is derived from the old task, so that a repeated import recognizes the task.
fn new_id(old_id: &str, old_owner: &str, created_at: Option<DateTime<Utc>>) -> Uuid {
    if let Ok(id) = Uuid::try_parse(old_id) {
        return id;
    }
    let time = created_at.unwrap_or(DateTime::UNIX_EPOCH);
    let mut hash = Context::new(&SHA256);
    for part in [old_id, old_owner, &time.timestamp_micros().to_string()] {
        hash.update(&u64::try_from(part.len()).unwrap_or_default().to_be_bytes());
        hash.update(part.as_bytes());
    }
    let hash = hash.finish();
    let random = hash.as_ref().first_chunk().copied().unwrap_or_default();
    let millis = u64::try_from(time.timestamp_millis()).unwrap_or_default();
    Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

/// Checks a string against the limits of the API. Rejects strings that are too long, instead of
/// truncating them.
fn check_text(name: &str, text: &str, length: Length) -> Result<(), String> {
    if text.contains('\0') {
        return Err(format!("the {name} contains NUL"));
    }
    let count = text.chars().count();
    if count > length.max {
        return Err(format!(
            "the {name} has {count} characters; at most {} are allowed",
            length.max
        ));
    }
    if length.mistakes(text).is_empty() { Ok(()) } else { Err(format!("the task has no {name}")) }
}

fn flag(text: Option<&str>) -> Result<bool, String> {
    let Some(text) = text else { return Ok(false) };
    value::flag(text).ok_or_else(|| format!("completed {} is neither true nor false", quoted(text)))
}

fn time(name: &str, text: Option<&str>) -> Result<Option<DateTime<Utc>>, String> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    let time = value::time(text).ok_or_else(|| {
        let text = quoted(text);
        format!("{name} {text} cannot be read as a time: write it as 2026-01-02T03:04:05Z")
    })?;
    Ok(Some(time))
}

fn quoted(text: &str) -> String {
    let start: String = text.chars().take(QUOTED_CHARS).collect();
    format!("{start:?}")
}
