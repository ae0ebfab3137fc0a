//! The requests that are measured.

/// A kind of request. Each kind is one row of the results.
pub(super) struct Operation {
    pub(super) name: &'static str,
    /// Name of the operation in `load.lua`.
    pub(super) code: &'static str,
    pub(super) service: Which,
    /// Whether every response is expected to be an error.
    pub(super) is_refused: bool,
}

/// The service under load.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    Tasks,
    Auth,
}

impl Operation {
    const fn new(name: &'static str, code: &'static str, service: Which) -> Self {
        Self { name, code, service, is_refused: false }
    }

    /// Returns whether the operation measures the upper limit of a service.
    pub(super) fn is_ceiling(&self) -> bool {
        self.code == "constant"
    }

    /// Returns whether the cost of the operation depends on the database.
    pub(super) fn uses_database(&self) -> bool {
        !matches!(self.code, "constant" | "forged" | "jwks")
    }

    /// Returns whether the operation needs the credentials of an OAuth client.
    pub(super) fn needs_client(&self) -> bool {
        self.code == "client_token"
    }
}

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::new("tasks: constant (ceiling)", "constant", Which::Tasks),
    Operation::new("tasks: list, 50 rows", "list", Which::Tasks),
    Operation::new("tasks: get", "get", Which::Tasks),
    Operation::new("tasks: update", "update", Which::Tasks),
    Operation { is_refused: true, ..Operation::new("tasks: forged token", "forged", Which::Tasks) },
    Operation::new("tasks: 40 % list, 40 % get, 10 % create, 10 % update", "mixed", Which::Tasks),
    Operation::new("tasks: create", "create", Which::Tasks),
    Operation::new("auth: constant (ceiling)", "constant", Which::Auth),
    JWKS,
    Operation::new("auth: get-session", "session", Which::Auth),
    Operation::new("auth: token", "token", Which::Auth),
    Operation::new("auth: token for a client", "client_token", Which::Auth),
];
pub(super) const JWKS: Operation = Operation::new("auth: JWKS", "jwks", Which::Auth);
pub(super) const SIGN_IN: Operation = Operation::new("auth: sign-in", "sign_in", Which::Auth);
