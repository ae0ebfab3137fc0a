//! Where an export goes: to standard output, or into a file that is there when all of it is.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use super::TransferError;

pub(super) enum Output {
    Stdout,
    /// Only its owner may read it.
    File {
        draft: NamedTempFile,
        path: PathBuf,
    },
}

impl Output {
    pub(super) fn open(path: Option<&Path>) -> Result<Self, TransferError> {
        let Some(path) = path.filter(|path| *path != Path::new("-")) else {
            return Ok(Self::Stdout);
        };
        // A device or a pipe would be replaced by a file.
        if path.exists() && !path.is_file() {
            return Err(TransferError::NotAFile(path.to_owned()));
        }
        let name = path.file_name().unwrap_or_default();
        let draft =
            tempfile::Builder::new().prefix(name).suffix(".part").tempfile_in(folder(path))?;
        Ok(Self::File { draft, path: path.to_owned() })
    }

    pub(super) fn writer(&self) -> io::Result<Box<dyn Write + Send>> {
        Ok(match self {
            Self::Stdout => Box::new(BufWriter::new(io::stdout())),
            Self::File { draft, .. } => Box::new(BufWriter::new(draft.as_file().try_clone()?)),
        })
    }

    /// From now on it survives a power cut.
    pub(super) fn finish(self) -> io::Result<()> {
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
