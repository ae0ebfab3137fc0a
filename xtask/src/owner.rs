//! An unprivileged user for servers that refuse to run as root.

use std::{fs, io};

use rustix::process::geteuid;

/// Names of unprivileged users, in order of preference.
const UNPRIVILEGED: [&str; 2] = ["postgres", "nobody"];

#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner {
    pub(crate) user: u32,
    pub(crate) group: u32,
}

/// Returns the user that servers run as, or `None` if this process does not run as root.
pub(crate) fn owner_of_servers() -> io::Result<Option<Owner>> {
    if geteuid().is_root() { unprivileged().map(Some) } else { Ok(None) }
}

fn unprivileged() -> io::Result<Owner> {
    let users = fs::read_to_string("/etc/passwd")?;
    UNPRIVILEGED
        .iter()
        .find_map(|name| users.lines().find_map(|line| owner(line, name)))
        .ok_or_else(|| io::Error::other("no unprivileged user can run PostgreSQL"))
}

/// Parses a line of `/etc/passwd`: name, password, user id, group id, and more. Returns `None` for
/// users other than `wanted`.
fn owner(line: &str, wanted: &str) -> Option<Owner> {
    let mut fields = line.split(':');
    let name = fields.next()?;
    let mut ids = fields.skip(1).map_while(|id| id.parse().ok());
    (name == wanted).then_some(Owner { user: ids.next()?, group: ids.next()? })
}
