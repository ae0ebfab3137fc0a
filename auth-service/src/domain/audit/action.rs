//! The audited actions.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    SignUp,
    SignIn,
    SignOut,
    RevokeSessions,
    ChangePassword,
    ResetPassword,
    ChangeEmail,
    UndoChangeEmail,
    CreateUser,
    DisableUser,
    EnableUser,
    DeleteUser,
    Import,
    Export,
    RotateKey,
    RevokeKey,
    CreateClient,
    RotateClient,
    DisableClient,
    EnableClient,
    DeleteClient,
}

impl Action {
    pub(crate) const ALL: [Self; 21] = [
        Self::SignUp,
        Self::SignIn,
        Self::SignOut,
        Self::RevokeSessions,
        Self::ChangePassword,
        Self::ResetPassword,
        Self::ChangeEmail,
        Self::UndoChangeEmail,
        Self::CreateUser,
        Self::DisableUser,
        Self::EnableUser,
        Self::DeleteUser,
        Self::Import,
        Self::Export,
        Self::RotateKey,
        Self::RevokeKey,
        Self::CreateClient,
        Self::RotateClient,
        Self::DisableClient,
        Self::EnableClient,
        Self::DeleteClient,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::SignUp => "sign-up",
            Self::SignIn => "sign-in",
            Self::SignOut => "sign-out",
            Self::RevokeSessions => "revoke-sessions",
            Self::ChangePassword => "change-password",
            Self::ResetPassword => "reset-password",
            Self::ChangeEmail => "change-email",
            Self::UndoChangeEmail => "undo-change-email",
            Self::CreateUser => "create-user",
            Self::DisableUser => "disable-user",
            Self::EnableUser => "enable-user",
            Self::DeleteUser => "delete-user",
            Self::Import => "import",
            Self::Export => "export",
            Self::RotateKey => "rotate-key",
            Self::RevokeKey => "revoke-key",
            Self::CreateClient => "create-client",
            Self::RotateClient => "rotate-client",
            Self::DisableClient => "disable-client",
            Self::EnableClient => "enable-client",
            Self::DeleteClient => "delete-client",
        }
    }
}
