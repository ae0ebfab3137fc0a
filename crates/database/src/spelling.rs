//! Database URLs in the syntax of other tools: accepted where unambiguous, otherwise rejected with
//! the correct spelling.

use std::path::{Component, Path, PathBuf};

/// Returns the part of a SQLite URL after `sqlite://` or a scheme with a Python driver, such as
/// `sqlite+aiosqlite://`; `None` for other URLs.
pub(super) fn after_sqlite_scheme(url: &str) -> Option<&str> {
    let (scheme, path) = url.split_once("://")?;
    (scheme == "sqlite" || scheme.starts_with("sqlite+")).then_some(path)
}

/// Returns the file path in a SQLite URL. `text` is the part after `://`. The path is relative to
/// the working directory unless it begins with a slash. `SQLAlchemy` writes one more slash before
/// relative and absolute paths; such a path is accepted or, if it is ambiguous, rejected with
/// advice.
pub(super) fn sqlite_path(text: &str) -> Result<PathBuf, String> {
    if text.is_empty() || text == "/" || text.contains(":memory:") {
        return Err("expected sqlite://path: the database is a file".into());
    }
    if text.contains('?') {
        return Err("expected sqlite://path, a file without parameters".into());
    }
    let path = Path::new(text);
    if text.starts_with("//") {
        return Ok(Path::new("/").join(text.trim_start_matches('/')));
    }
    if let Some(relative) = text.strip_prefix('/')
        && (relative.starts_with("./") || relative.starts_with("../"))
    {
        return Ok(relative.into());
    }
    if let Some(relative) = text.strip_prefix('/')
        && !is_plausible(path)
    {
        return Err(format!(
            "sqlite:///{relative} is the absolute path /{relative}: write sqlite://{relative} for a \
             file in the working folder, or sqlite:////{relative} if that is meant"
        ));
    }
    Ok(path.into())
}

/// Returns whether a path is probably meant to be absolute: it is not directly in the root
/// directory, and its first directory exists.
fn is_plausible(path: &Path) -> bool {
    let mut folders = path.parent().into_iter().flat_map(Path::components);
    let first = folders.find_map(|component| match component {
        Component::Normal(name) => Some(Path::new("/").join(name)),
        _ => None,
    });
    first.is_some_and(|folder| folder.is_dir())
}

/// Returns advice for a URL with another tool's scheme for SQLite, or with the scheme of an
/// unsupported database.
pub(super) fn advice(url: &str) -> Option<&'static str> {
    match url.split(':').next().unwrap_or_default() {
        "sqlite" | "sqlite3" | "file" => Some("write sqlite://path for a SQLite file"),
        "mysql" | "mariadb" | "mssql" | "mongodb" => {
            Some("only PostgreSQL (postgres://) and SQLite (sqlite://path) are supported")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::DatabaseUrl;

    fn sqlite(url: &str) -> Result<String, String> {
        match url.parse()? {
            DatabaseUrl::Sqlite(path) => Ok(path.display().to_string()),
            DatabaseUrl::Postgres(_) => Err("PostgreSQL".into()),
        }
    }

    #[test]
    fn sqlite_urls_are_read_as_other_tools_mean_them() {
        for (url, path) in [
            ("sqlite://data/app.db", "data/app.db"),
            ("sqlite://./app.db", "./app.db"),
            ("sqlite:///./app.db", "./app.db"),
            ("sqlite:///../app.db", "../app.db"),
            ("sqlite+aiosqlite:///./app.db", "./app.db"),
            ("sqlite:///tmp/app.db", "/tmp/app.db"),
            ("sqlite:////tmp/app.db", "/tmp/app.db"),
            ("sqlite:////no-such-folder/app.db", "/no-such-folder/app.db"),
        ] {
            assert_eq!(sqlite(url).as_deref(), Ok(path), "{url}");
        }
    }

    #[test]
    fn other_spellings_are_refused_with_the_right_one() {
        for (url, advice) in [
            ("sqlite:///app.db", "write sqlite://app.db for a file in the working folder"),
            ("sqlite:///no-such-folder/app.db", "write sqlite://no-such-folder/app.db"),
            ("sqlite:app.db", "write sqlite://path"),
            ("file:./dev.db", "write sqlite://path"),
            ("sqlite://:memory:", "the database is a file"),
            ("sqlite://", "the database is a file"),
            ("sqlite://app.db?mode=rwc", "without parameters"),
            ("mysql://root@localhost/app", "only PostgreSQL (postgres://)"),
        ] {
            let refused = sqlite(url).unwrap_err();
            assert!(refused.contains(advice), "{url}: {refused}");
        }
    }
}
