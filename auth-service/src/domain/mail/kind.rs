//! The kinds of e-mails.

use std::time::Duration;

use crate::domain::throttle::Rule;

/// The kind of an e-mail, which determines its recipient, template and rate limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Sent to an address that is not verified yet.
    VerifyEmail,
    /// Sent to a user who forgot the password.
    ResetPassword,
    /// Sent to the new address to confirm a change of address.
    ChangeEmail,
    /// Sent to the old address, whose owner must confirm before [`Self::ChangeEmail`] is sent.
    ConfirmChangeEmail,
    /// Sent to a user who has asked to delete the account.
    DeleteUser,
    /// Sent to the old address as a notice when [`Self::ChangeEmail`] is sent without an earlier
    /// [`Self::ConfirmChangeEmail`].
    ChangeEmailNotice,
    /// Sent to the old address after the change. It has a link only if the change can be undone.
    EmailChanged,
    /// Sent after the password was changed or reset, or set by an operator.
    PasswordChanged,
    /// Sent after a sign-in from a network that the user had not used before.
    NewSignIn,
}

impl Kind {
    pub(crate) const ALL: [Self; 9] = [
        Self::VerifyEmail,
        Self::ResetPassword,
        Self::ChangeEmail,
        Self::ConfirmChangeEmail,
        Self::DeleteUser,
        Self::ChangeEmailNotice,
        Self::EmailChanged,
        Self::PasswordChanged,
        Self::NewSignIn,
    ];

    /// Returns the name that the database and the template files use.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify-email",
            Self::ResetPassword => "reset-password",
            Self::ChangeEmail => "change-email",
            Self::ConfirmChangeEmail => "confirm-change-email",
            Self::DeleteUser => "delete-user",
            Self::ChangeEmailNotice => "change-email-notice",
            Self::EmailChanged => "email-changed",
            Self::PasswordChanged => "password-changed",
            Self::NewSignIn => "new-sign-in",
        }
    }

    /// Returns whether the purpose of the e-mail is to deliver a link.
    pub(super) fn has_link(self) -> bool {
        !matches!(
            self,
            Self::ChangeEmailNotice | Self::EmailChanged | Self::PasswordChanged | Self::NewSignIn
        )
    }

    /// Returns the limit for e-mails of this kind to one address; all clients share this limit.
    /// Anybody can request e-mails of some kinds, and must not use up the limit for kinds that only
    /// the owner can request. Therefore, each kind has a limit of its own. Excess e-mails are
    /// delayed; of several delayed e-mails of a kind, only the newest is sent.
    pub(super) fn allowance(self) -> Rule {
        let longest = match self {
            // Shorter than the lifetime of a reset link, so that the previous link is still valid
            // while the next e-mail is delayed.
            Self::ResetPassword => Duration::from_mins(10),
            _ => Duration::from_hours(1),
        };
        Rule::BackOff { free: 10, first: Duration::from_mins(1), longest }
    }

    pub(super) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}
