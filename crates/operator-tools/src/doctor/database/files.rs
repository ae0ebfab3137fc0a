//! Checks that files exist or can be created, without creating any.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

use settings::ownership::{check_file, check_folder};
use url::Url;

pub(super) enum Place {
    Free,
    /// An existing database, as a URI that opens it read-only.
    Taken(String),
}

/// Returns whether a usable SQLite file exists at `path` or can be created there, or the reason why
/// neither is the case.
pub(super) fn place(path: &Path) -> Result<Place, String> {
    let folder = path.parent().unwrap_or(Path::new("."));
    may_hold_files(folder)?;
    if !path.exists() {
        return Ok(Place::Free);
    }
    if !path.is_file() {
        return Err(format!("{} is not a regular file", path.display()));
    }
    check_file(path).map_err(|error| error.to_string())?;
    let absolute = std::path::absolute(path).ok();
    let url = absolute.and_then(|path| Url::from_file_path(path).ok());
    let url = url.ok_or_else(|| format!("{} is not a valid file path", path.display()))?;
    // Without a write-ahead log, no writer is active, so the file can be opened as `immutable`.
    // Opening it without `immutable` would create a log.
    let log = PathBuf::from(format!("{}-wal", path.display()));
    let mode = if log.exists() { "mode=ro" } else { "mode=ro&immutable=1" };
    Ok(Place::Taken(format!("{url}?{mode}")))
}

/// Checks that this user can create files in `folder`, which may itself have to be created.
pub fn may_hold_files(folder: &Path) -> Result<(), String> {
    check_folder(folder).map_err(|error| match error.kind() {
        ErrorKind::NotADirectory => format!("{} is not a folder", error.path().display()),
        _ => format!("cannot create files in {error}"),
    })
}
