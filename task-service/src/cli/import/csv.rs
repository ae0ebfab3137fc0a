//! Tasks in a CSV file.

use operator_tools::source::{self, Record, SeparatedColumns, SeparatedFile};
use secrecy::ExposeSecret as _;

use super::{
    ImportArgs, ImportError, Report,
    old_task::{OldTask, PAGE_TASKS},
};

const COLUMNS: SeparatedColumns = SeparatedColumns {
    names: &[
        "id",
        "user_id",
        "title",
        "description",
        "completed",
        "created_at",
        "updated_at",
        "email",
    ],
    needed: &["id", "user_id", "title"],
    has_lines: true,
};

pub(super) struct Tasks {
    file: SeparatedFile,
}

impl Tasks {
    pub(super) fn open(args: &ImportArgs, report: &mut Report) -> Result<Self, ImportError> {
        let path = source::file(args.source.expose_secret())?;
        let file = SeparatedFile::open(&path, &COLUMNS, Some(&args.names))?;
        report.remarks(file.unread_remark());
        Ok(Self { file })
    }

    pub(super) fn size(&self) -> u64 {
        self.file.size()
    }

    pub(super) fn position(&self) -> u64 {
        self.file.position()
    }

    pub(super) fn next_page(
        &mut self,
        report: &mut Report,
    ) -> Result<Option<Vec<OldTask>>, ImportError> {
        let mut page = Vec::new();
        while page.len() < PAGE_TASKS {
            match self.file.next(task)? {
                Some((_, Ok(task))) => page.push(task),
                Some((place, Err(reason))) => {
                    report.skip(&OldTask { place, ..OldTask::default() }, &reason)?;
                }
                None => return Ok((!page.is_empty()).then_some(page)),
            }
        }
        Ok(Some(page))
    }
}

fn task(place: &str, record: &Record<'_>) -> OldTask {
    let place = match record.field("id") {
        Some(id) => format!("task {id} ({place})"),
        None => place.to_owned(),
    };
    OldTask {
        place,
        id: record.field("id"),
        owner: record.field("user_id"),
        email: record.field("email"),
        title: record.text("title"),
        description: record.text("description"),
        completed: record.field("completed"),
        created_at: record.field("created_at"),
        updated_at: record.field("updated_at"),
    }
}
