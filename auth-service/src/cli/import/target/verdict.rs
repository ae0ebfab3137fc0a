//! Decisions on candidates.

use crate::store::UserRow;

pub(super) enum Verdict<'a> {
    New(UserRow),
    AlreadyHere(&'a UserRow),
    /// Left out on purpose, with the reason.
    LeftOut(String),
}
