//! Checks access to files and directories. The errors explain how to correct the ownership, which
//! is often wrong in containers with bind mounts.

use std::{
    fmt, fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{Access, access},
    process::{getegid, geteuid},
};

/// An I/O error at a path. If permissions are missing, the message includes a command that adds
/// them.
#[derive(Debug)]
pub struct PathError {
    path: PathBuf,
    error: io::Error,
}

impl PathError {
    pub fn new(path: impl Into<PathBuf>, error: io::Error) -> Self {
        Self { path: path.into(), error }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn kind(&self) -> io::ErrorKind {
        self.error.kind()
    }

    /// Returns the path itself if it exists, or else its nearest existing ancestor.
    fn existing(&self) -> &Path {
        let here = Path::new(".");
        let or_here = |path| if path == Path::new("") { here } else { path };
        self.path.ancestors().map(or_here).find(|path| path.exists()).unwrap_or(here)
    }
}

impl std::error::Error for PathError {}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.error)?;
        if self.error.kind() != io::ErrorKind::PermissionDenied {
            return Ok(());
        }
        let existing = self.existing();
        let Ok(metadata) = fs::metadata(existing) else { return Ok(()) };
        let (user, group) = (geteuid().as_raw(), getegid().as_raw());
        let (owner, place) = (metadata.uid(), existing.display());
        if owner == user {
            write!(
                f,
                "; its owner, user {user}, lacks the permission: run `chmod -R u+rwX {place}`"
            )
        } else {
            write!(
                f,
                "; {place} belongs to user {owner}, and this process runs as user {user}: run \
                 `chown -R {user}:{group} {place}` (for a mount, on the host)"
            )
        }
    }
}

/// Checks that this process may read and write the file.
pub fn check_file(path: &Path) -> Result<(), PathError> {
    check(path, Access::READ_OK | Access::WRITE_OK)
}

/// Checks that this process may create files in `folder`, or may create the folder if it does not
/// exist.
pub fn check_folder(folder: &Path) -> Result<(), PathError> {
    let probe = PathError::new(folder, io::ErrorKind::PermissionDenied.into());
    let existing = probe.existing();
    if !existing.is_dir() {
        return Err(PathError::new(existing, io::ErrorKind::NotADirectory.into()));
    }
    check(existing, Access::WRITE_OK | Access::EXEC_OK)
}

fn check(path: &Path, wanted: Access) -> Result<(), PathError> {
    access(path, wanted).map_err(|error| PathError::new(path, error.into()))
}
