//! Destination of an export: standard output, or a file that appears once it is complete.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use super::TransferError;

/// Destination of rows.
#[derive(Debug)]
pub enum Output {
    Stdout,
    /// A file that only its owner can read.
    File {
        draft: NamedTempFile,
        path: PathBuf,
    },
}

impl Output {
    /// Opens a file, or standard output for `-` or no path.
    pub(super) fn open(path: Option<&Path>) -> Result<Self, TransferError> {
        match path.filter(|path| *path != Path::new("-")) {
            Some(path) => Self::file(path),
            None => Ok(Self::Stdout),
        }
    }

    /// Creates a temporary file, which replaces any existing file at `path` when the output is
    /// finished.
    pub fn file(path: &Path) -> Result<Self, TransferError> {
        // Renaming would replace a device or a pipe with a regular file.
        if path.exists() && !path.is_file() {
            return Err(TransferError::NotAFile(path.to_owned()));
        }
        let name = path.file_name().unwrap_or_default();
        let draft =
            tempfile::Builder::new().prefix(name).suffix(".part").tempfile_in(folder(path))?;
        Ok(Self::File { draft, path: path.to_owned() })
    }

    pub fn writer(&self) -> io::Result<Box<dyn Write + Send>> {
        Ok(match self {
            Self::Stdout => Box::new(BufWriter::new(io::stdout())),
            Self::File { draft, .. } => Box::new(BufWriter::new(draft.as_file().try_clone()?)),
        })
    }

    /// Syncs a file to disk and moves it to its path. Does nothing for standard output.
    pub fn finish(self) -> io::Result<()> {
        if let Self::File { draft, path } = self {
            draft.as_file().sync_all()?;
            draft.persist(&path)?;
            File::open(folder(&path))?.sync_all()?;
        }
        Ok(())
    }
}

fn folder(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
