//! Reads users from a CSV file.

use std::path::Path;

use chrono::{DateTime, Utc};
use operator_tools::source::{NameArgs, Record, SeparatedColumns, SeparatedFile, SourceError};

use super::{
    ban::{ban, forbidden, inactive},
    candidate::{Candidate, CandidateAccount, PAGE},
    report::Report,
};
use crate::store::PROVIDER_CREDENTIAL;

const COLUMNS: SeparatedColumns = SeparatedColumns {
    names: &[
        "id",
        "email",
        "name",
        "email_verified",
        "image",
        "password_hash",
        "created_at",
        "updated_at",
        "banned",
        "ban_reason",
        "ban_expires",
        "disabled",
        "is_active",
    ],
    needed: &["email"],
    has_lines: false,
};

pub(super) struct Source {
    file: SeparatedFile,
}

impl Source {
    pub(super) fn open(
        path: &Path,
        names: &NameArgs,
        report: &mut Report,
    ) -> Result<Self, SourceError> {
        let file = SeparatedFile::open(path, &COLUMNS, Some(names))?;
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
        now: DateTime<Utc>,
        report: &mut Report,
    ) -> Result<Option<Vec<Candidate>>, SourceError> {
        let mut page = Vec::new();
        while page.len() < PAGE {
            let read = |place: &str, record: &Record<'_>| candidate(place, record, now);
            match self.file.next(read)? {
                Some((_, Ok(candidate))) => page.push(candidate),
                Some((place, Err(reason))) => report.skip(&place, &reason),
                None => return Ok((!page.is_empty()).then_some(page)),
            }
        }
        Ok(Some(page))
    }
}

fn candidate(place: &str, record: &Record<'_>, now: DateTime<Utc>) -> Candidate {
    let field = |name: &str| record.field(name);
    let account = field("password_hash").map(|hash| CandidateAccount {
        provider_id: PROVIDER_CREDENTIAL.to_owned(),
        password_hash: Some(hash),
        created_at: field("created_at"),
        updated_at: field("updated_at"),
        ..CandidateAccount::default()
    });
    let [banned, reason, expires] = ["banned", "ban_reason", "ban_expires"].map(field);
    let ban = ban(banned.as_deref(), reason.as_deref(), expires.as_deref(), now)
        .or_else(|| forbidden(field("disabled").as_deref(), "is disabled"))
        .or_else(|| inactive(field("is_active").as_deref()));
    Candidate {
        place: place.to_owned(),
        id: field("id"),
        email: field("email").unwrap_or_default(),
        name: field("name").unwrap_or_default(),
        email_verified: field("email_verified"),
        image: field("image"),
        created_at: field("created_at"),
        updated_at: field("updated_at"),
        ban,
        accounts: account.into_iter().collect(),
        ..Candidate::default()
    }
}
