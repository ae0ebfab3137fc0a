//! Whether files are there, or can be made, found out without making any.

use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};
use url::Url;

pub(super) enum Place {
    Free,
    /// A database, and how to open it for reading only.
    Taken(String),
}

/// Where a SQLite database is, or can be made; or why not.
pub(super) fn place(path: &Path) -> Result<Place, String> {
    let folder = path.parent().unwrap_or(Path::new("."));
    may_hold_files(folder)?;
    if !path.exists() {
        return Ok(Place::Free);
    }
    if !path.is_file() || access(path, Access::READ_OK | Access::WRITE_OK).is_err() {
        return Err(format!("{} is no file that this user may write", path.display()));
    }
    let absolute = std::path::absolute(path).ok();
    let url = absolute.and_then(|path| Url::from_file_path(path).ok());
    let url = url.ok_or_else(|| format!("{} is no path of a file", path.display()))?;
    // Without a log there is nothing that a reader would have to wait for, and looking for one
    // would make one.
    let log = PathBuf::from(format!("{}-wal", path.display()));
    let mode = if log.exists() { "mode=ro" } else { "mode=ro&immutable=1" };
    Ok(Place::Taken(format!("{url}?{mode}")))
}

/// Whether this user may make files in `folder`, which itself may have to be made; or why not.
pub fn may_hold_files(folder: &Path) -> Result<(), String> {
    let here = |path: &Path| if path.as_os_str().is_empty() { ".".into() } else { path.to_owned() };
    let existing = folder.ancestors().map(here).find(|path| path.exists());
    let existing = existing.unwrap_or_else(|| "/".into());
    if !existing.is_dir() {
        return Err(format!("{} is no folder", existing.display()));
    }
    access(&existing, Access::WRITE_OK | Access::EXEC_OK)
        .map_err(|error| format!("files cannot be made in {}: {error}", existing.display()))
}
