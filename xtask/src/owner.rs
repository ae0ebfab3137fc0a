//! An unprivileged user for servers that refuse to run as root.

use std::{
    fs, io,
    os::unix::{fs::chown, process::CommandExt as _},
    path::Path,
    process::Command,
};

use rustix::process::geteuid;

/// Names of unprivileged users, in order of preference.
const UNPRIVILEGED: [&str; 2] = ["postgres", "nobody"];

/// The user who owns servers and their files: `None` for the user of this process, or an
/// unprivileged user if this process runs as root.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner(Option<User>);

#[derive(Clone, Copy, Debug)]
struct User {
    id: u32,
    group: u32,
}

impl Owner {
    pub(crate) fn of_servers() -> io::Result<Self> {
        Ok(Self(if geteuid().is_root() { Some(unprivileged()?) } else { None }))
    }

    /// Makes this user the owner of a file or folder.
    pub(crate) fn own(self, path: &Path) -> io::Result<()> {
        self.0.map_or(Ok(()), |User { id, group }| chown(path, Some(id), Some(group)))
    }

    /// Makes a command run as this user.
    pub(crate) fn run(self, command: &mut Command) {
        if let Some(User { id, group }) = self.0 {
            command.uid(id).gid(group);
        }
    }
}

fn unprivileged() -> io::Result<User> {
    let users = fs::read_to_string("/etc/passwd")?;
    UNPRIVILEGED
        .iter()
        .find_map(|name| users.lines().find_map(|line| user(line, name)))
        .ok_or_else(|| io::Error::other("no unprivileged user can run PostgreSQL"))
}

/// Parses a line of `/etc/passwd`: name, password, user id, group id, and more. Returns `None` if
/// the line is invalid or describes a user other than `wanted`.
fn user(line: &str, wanted: &str) -> Option<User> {
    let mut fields = line.split(':');
    let name = fields.next()?;
    let mut ids = fields.skip(1).map_while(|id| id.parse().ok());
    (name == wanted).then_some(User { id: ids.next()?, group: ids.next()? })
}
