//! A task read from another service, before any check.

/// Maximum number of tasks per page.
pub(super) const PAGE_TASKS: usize = 5000;

/// A task to import. Values are strings as in the source.
#[derive(Default)]
pub(super) struct OldTask {
    /// Position in the source, for the report.
    pub(super) place: String,
    pub(super) id: Option<String>,
    pub(super) owner: Option<String>,
    /// E-mail address of the owner.
    pub(super) email: Option<String>,
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) completed: Option<String>,
    pub(super) created_at: Option<String>,
    pub(super) updated_at: Option<String>,
}
