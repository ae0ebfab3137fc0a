//! Distinguishes the files of the built web app from its client-side routes.

use std::{
    io,
    path::{Path, PathBuf},
};

use actix_files::PathBufWrap;
use percent_encoding::percent_decode_str;

/// Path prefix of the files whose names contain a hash of their content.
pub(super) const ASSETS: &str = "/assets/";
/// File that is served for a directory and for client-side routes.
pub(super) const INDEX: &str = "index.html";
/// Suffixes of a file itself and of the compressed copies that a build creates beside it.
const COPIES: [&str; 4] = ["", ".br", ".gz", ".zst"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A file, or a directory with an index file.
    File,
    /// A client-side route: `index.html` is served.
    Route,
    /// A file outside the root, or neither a file nor a client-side route.
    Missing,
}

impl Target {
    /// Classifies a path. Accesses the file system.
    pub(super) fn of(root: &Path, path: &str) -> Self {
        // No file and no route has a path that starts with two slashes.
        if path.starts_with("//") || has_dot_segments(path) {
            return Self::Missing;
        }
        let Ok(relative) = path.parse::<PathBufWrap>() else { return Self::Missing };
        let file = root.join(relative);
        if leads_out(root, &file) {
            Self::Missing
        } else if file.is_file() || file.join(INDEX).is_file() {
            Self::File
        } else if is_route(path) {
            Self::Route
        } else {
            Self::Missing
        }
    }
}

/// Returns whether the path can be a client-side route. A path whose last segment contains a dot
/// names a file, such as `/favicon.ico`.
fn is_route(path: &str) -> bool {
    let is_api = path == "/api" || path.starts_with("/api/");
    let name = path.rsplit('/').next().unwrap_or_default();
    !is_api && !path.starts_with(ASSETS) && !name.contains('.')
}

/// Returns whether the path has a segment `.` or `..` (RFC 3986 §3.3), percent-encoded or not.
///
/// `/assets/../index.html` would otherwise be cached permanently as an asset.
fn has_dot_segments(path: &str) -> bool {
    path.split('/').any(|segment| {
        let decoded = percent_decode_str(segment);
        matches!(decoded.decode_utf8_lossy().as_ref(), "." | "..")
    })
}

/// Returns whether a file, its index file or a compressed copy of either is outside `root`, because
/// a symbolic link can point to any file on the machine. A path that exists but cannot be resolved
/// counts as outside. The root itself may be a symbolic link.
fn leads_out(root: &Path, path: &Path) -> bool {
    let Ok(root) = root.canonicalize() else { return false };
    let is_outside = |path: PathBuf| match path.canonicalize() {
        Ok(path) => !path.starts_with(&root),
        Err(error) => !is_missing(&error),
    };
    [path.to_owned(), path.join(INDEX)].iter().any(|path| {
        COPIES.iter().any(|ending| {
            let mut copy = path.clone().into_os_string();
            copy.push(ending);
            is_outside(copy.into())
        })
    })
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
