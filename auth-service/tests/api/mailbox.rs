//! The mails a service has sent into its folder, as their reader sees them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use mail_parser::MessageParser;
use service_kit::testing::TestDatabase;
use tokio::time::{Duration, Instant, sleep};

use crate::app::{PATIENCE, TestApp, count};

/// How often is looked whether something has happened meanwhile.
const GLANCE: Duration = Duration::from_millis(10);

/// A mail, taken out of the folder.
#[derive(Debug)]
pub(crate) struct Mail {
    pub(crate) kind: String,
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
    /// As it was sent.
    pub(crate) source: String,
}

impl Mail {
    /// The one link of the text part.
    #[track_caller]
    pub(crate) fn link(&self) -> &str {
        let lines: Vec<_> = self.text.lines().filter(|line| line.contains("/api/auth/")).collect();
        let [link] = lines[..] else { panic!("no link, or several: {self:?}") };
        link
    }

    /// What the link carries as `token`, in its query or as the last part of its path.
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

/// The token of a link.
#[track_caller]
pub(crate) fn token_of(link: &str) -> &str {
    let (path, query) = link.split_once('?').unwrap();
    let in_query = query.split('&').find_map(|pair| pair.strip_prefix("token="));
    in_query.unwrap_or_else(|| path.rsplit_once('/').unwrap().1)
}

/// The mails in a folder, in the order they were asked for.
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
        // A UUID and a dash come first.
        let mail = Mail::read(&name[37..], &fs::read(&file).unwrap());
        is_it(&mail).then(|| {
            fs::remove_file(&file).unwrap();
            mail
        })
    })
}

/// Waits for the mail and takes it.
pub(crate) async fn mail_in(folder: &Path, to: &str, kind: &str) -> Mail {
    eventually(&format!("a mail about {kind} to {to}"), async || {
        take_mail(folder, |mail| mail.to == to && mail.kind == kind)
    })
    .await
}

impl TestApp {
    /// Waits for the mail and takes it.
    pub(crate) async fn mail_to(&self, to: &str, kind: &str) -> Mail {
        mail_in(self.mail_dir.path(), to, kind).await
    }

    /// Takes what is there when nothing waits any more: kinds and recipients.
    pub(crate) async fn other_mails(&self, db: &TestDatabase) -> Vec<String> {
        eventually("an empty outbox", async || (count(db, "mails").await == 0).then_some(())).await;
        let all = std::iter::from_fn(|| take_mail(self.mail_dir.path(), |_| true));
        all.map(|mail| format!("{} to {}", mail.kind, mail.to)).collect()
    }
}

/// Looks again and again until it is there.
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
