//! E-mails in the service's mail directory, as a recipient sees them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use database::testing::TestDatabase;
use mail_parser::MessageParser;
use tokio::time::{Duration, Instant, sleep};

use crate::app::{PATIENCE, TestApp, count};

/// Interval at which the mail directory is polled.
const GLANCE: Duration = Duration::from_millis(10);

#[derive(Debug)]
pub(crate) struct Mail {
    /// The kind in the file name; empty for an e-mail received over SMTP.
    pub(crate) kind: String,
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
    /// The raw message.
    pub(crate) source: String,
}

impl Mail {
    /// Returns the only link in the text part.
    #[track_caller]
    pub(crate) fn link(&self) -> &str {
        let lines: Vec<_> = self.text.lines().filter(|line| line.contains("/api/auth/")).collect();
        let [link] = lines[..] else { panic!("no link, or several: {self:?}") };
        link
    }

    /// Returns the link's token, from the query or from the last segment of the path.
    #[track_caller]
    pub(crate) fn token(&self) -> &str {
        token_of(self.link())
    }

    pub(crate) fn read(kind: &str, source: &[u8]) -> Self {
        let message = MessageParser::default().parse(source).expect("a mail");
        let to = message.to().and_then(|to| to.first()).and_then(|to| to.address());
        Self {
            kind: kind.to_owned(),
            to: to.expect("a recipient").to_owned(),
            subject: message.subject().expect("a subject").to_owned(),
            text: message.body_text(0).expect("a text part").replace("\r\n", "\n"),
            html: message.body_html(0).expect("an HTML part").into_owned(),
            source: String::from_utf8_lossy(message.raw_message()).into_owned(),
        }
    }
}

#[track_caller]
pub(crate) fn token_of(link: &str) -> &str {
    let (path, query) = link.split_once('?').unwrap();
    let in_query = query.split('&').find_map(|pair| pair.strip_prefix("token="));
    in_query.unwrap_or_else(|| path.rsplit_once('/').unwrap().1)
}

/// Returns the paths of the e-mails in a directory, in the order in which they were requested.
pub(crate) fn mail_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "eml"))
        .collect();
    files.sort();
    files
}

fn take_mail(folder: &Path, is_it: impl Fn(&Mail) -> bool) -> Option<Mail> {
    mail_files(folder).into_iter().find_map(|file| {
        let name = file.file_stem().unwrap().to_str().unwrap();
        // The name begins with a UUID and a dash.
        let mail = Mail::read(&name[37..], &fs::read(&file).unwrap());
        is_it(&mail).then(|| {
            fs::remove_file(&file).unwrap();
            mail
        })
    })
}

/// Waits for an e-mail of this kind to this address, removes it from the directory and returns
/// it.
pub(crate) async fn mail_in(folder: &Path, to: &str, kind: &str) -> Mail {
    eventually(&format!("a mail about {kind} to {to}"), async || {
        take_mail(folder, |mail| mail.to == to && mail.kind == kind)
    })
    .await
}

impl TestApp {
    /// Like [`mail_in`], for the mail directory of this service.
    pub(crate) async fn mail_to(&self, to: &str, kind: &str) -> Mail {
        mail_in(self.mail_dir.path(), to, kind).await
    }

    /// Waits until the outbox is empty, and removes all e-mails from the directory. Returns their
    /// kinds and recipients.
    pub(crate) async fn other_mails(&self, db: &TestDatabase) -> Vec<String> {
        eventually("an empty outbox", async || (count(db, "mails").await == 0).then_some(())).await;
        let all = std::iter::from_fn(|| take_mail(self.mail_dir.path(), |_| true));
        all.map(|mail| format!("{} to {}", mail.kind, mail.to)).collect()
    }
}

/// Calls `look` until it returns a value, and returns the value. Panics after [`PATIENCE`].
pub(crate) async fn eventually<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        sleep(GLANCE).await;
    }
}
