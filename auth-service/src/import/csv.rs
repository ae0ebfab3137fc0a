//! Users in a file of comma-separated values (RFC 4180), with a header.

use std::{fs::File, path::Path};

use csv::{Reader, ReaderBuilder, StringRecord, Trim};

use super::{Candidate, CandidateAccount, ImportError, PAGE, report::Report};
use crate::models::PROVIDER_CREDENTIAL;

const COLUMNS: [&str; 8] =
    ["id", "email", "name", "email_verified", "image", "password_hash", "created_at", "updated_at"];

pub(super) struct Source {
    reader: Reader<File>,
    header: StringRecord,
    size: u64,
}

impl Source {
    pub(super) fn open(path: &Path, report: &mut Report) -> Result<Self, ImportError> {
        let file = File::open(path).map_err(csv::Error::from)?;
        let size = file.metadata().map_err(csv::Error::from)?.len();
        let mut reader = ReaderBuilder::new().trim(Trim::Headers).flexible(true).from_reader(file);
        let header = reader.headers()?.clone();
        if !header.iter().any(|column| column == "email") {
            return Err(ImportError::NoEmailColumn);
        }
        for column in header.iter().filter(|column| !COLUMNS.contains(column)) {
            report.note("the header", &format!("the column `{column}` has no meaning here"));
        }
        Ok(Self { reader, header, size })
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    pub(super) fn position(&self) -> u64 {
        self.reader.position().byte()
    }

    pub(super) fn next_page(&mut self) -> Result<Option<Vec<Candidate>>, ImportError> {
        let mut page = Vec::new();
        let mut record = StringRecord::new();
        while page.len() < PAGE && self.reader.read_record(&mut record)? {
            page.push(self.candidate(&record));
        }
        Ok((!page.is_empty()).then_some(page))
    }

    fn candidate(&self, record: &StringRecord) -> Candidate {
        let field = |name: &str| {
            let column = self.header.iter().position(|column| column == name)?;
            record.get(column).filter(|value| !value.is_empty()).map(str::to_owned)
        };
        let line = record.position().map_or(0, csv::Position::line);
        let account = field("password_hash").map(|hash| CandidateAccount {
            id: None,
            provider_id: PROVIDER_CREDENTIAL.to_owned(),
            account_id: None,
            password_hash: Some(hash),
            created_at: field("created_at"),
            updated_at: field("updated_at"),
        });
        Candidate {
            place: format!("line {line}"),
            id: field("id"),
            email: field("email").unwrap_or_default(),
            name: field("name").unwrap_or_default(),
            email_verified: field("email_verified").is_some_and(|text| super::is_true(&text)),
            image: field("image"),
            created_at: field("created_at"),
            updated_at: field("updated_at"),
            accounts: account.into_iter().collect(),
            sessions: Vec::new(),
        }
    }
}
