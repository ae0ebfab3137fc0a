//! Tables and columns of other services' databases.

use operator_tools::source::{Field, TableLayout};

use crate::cli::import::candidate::SECOND_FACTOR_LOST;

/// The tables from which a service's users are imported.
pub(super) struct Layout {
    pub(super) users: TableLayout,
    pub(super) accounts: Option<TableLayout>,
    /// Providers whose accounts are not imported, because they stand for the sign-in methods of the
    /// service itself, such as the password in the users table.
    pub(super) own_providers: &'static [&'static str],
    pub(super) sessions: Option<TableLayout>,
    /// Tables with users' second factors. They belong to optional extensions and may be missing.
    pub(super) factors: &'static [Factor],
    /// Table of keys that the service encrypts with its secret. The keys show whether the secret
    /// that is configured here is the same.
    pub(super) keys: Option<TableLayout>,
}

impl Layout {
    /// Returns all tables that may be read.
    pub(super) fn tables(&self) -> Vec<&TableLayout> {
        let tables = [Some(&self.users), self.accounts.as_ref(), self.sessions.as_ref()];
        let extra = self.factors.iter().map(|factor| &factor.table).chain(&self.keys);
        tables.into_iter().flatten().chain(extra).collect()
    }
}

pub(super) struct Factor {
    pub(super) table: TableLayout,
    pub(super) loss: &'static str,
}

const PASSKEYS_LOST: &str = "passkeys lost";

pub(super) const BETTER_AUTH: Layout = Layout {
    users: TableLayout {
        name: "user",
        fields: &[
            Field::always("id", "id"),
            Field::always("email", "email"),
            Field::usually("name", "name"),
            Field::usually("image", "image"),
            Field::usually("emailVerified", "email_verified"),
            Field::usually("createdAt", "created_at"),
            Field::usually("updatedAt", "updated_at"),
            Field::sometimes("banned", "banned"),
            Field::sometimes("banReason", "ban_reason"),
            Field::sometimes("banExpires", "ban_expires"),
            Field::sometimes("twoFactorEnabled", "second_factor"),
        ],
    },
    accounts: Some(TableLayout {
        name: "account",
        fields: &[
            Field::always("id", "id"),
            Field::always("userId", "user_id"),
            Field::always("providerId", "provider_id"),
            Field::always("accountId", "account_id"),
            Field::usually("password", "password"),
            Field::usually("createdAt", "created_at"),
            Field::usually("updatedAt", "updated_at"),
        ],
    }),
    own_providers: &[],
    sessions: Some(TableLayout {
        name: "session",
        fields: &[
            Field::always("id", "id"),
            Field::always("userId", "user_id"),
            Field::always("token", "token"),
            Field::always("expiresAt", "expires_at"),
            Field::usually("createdAt", "created_at"),
            Field::usually("updatedAt", "updated_at"),
            Field::usually("ipAddress", "ip_address"),
            Field::usually("userAgent", "user_agent"),
        ],
    }),
    factors: &[Factor {
        table: TableLayout { name: "passkey", fields: &[Field::always("userId", "user_id")] },
        loss: PASSKEYS_LOST,
    }],
    keys: Some(TableLayout { name: "jwks", fields: &[Field::always("privateKey", "private_key")] }),
};

/// Supabase: the `auth` schema of a project.
pub(super) const SUPABASE: Layout = Layout {
    users: TableLayout {
        name: "auth.users",
        fields: &[
            Field::always("id", "id"),
            Field::always("email", "email"),
            Field::always("encrypted_password", "password"),
            Field::usually("email_confirmed_at", "email_verified"),
            Field::usually("raw_user_meta_data", "metadata"),
            Field::usually("created_at", "created_at"),
            Field::usually("updated_at", "updated_at"),
            Field::sometimes("banned_until", "banned_until"),
            Field::sometimes("deleted_at", "deleted_at"),
            Field::sometimes("is_anonymous", "is_anonymous"),
        ],
    },
    accounts: Some(TableLayout {
        name: "auth.identities",
        fields: &[
            Field::always("id", "id"),
            Field::always("user_id", "user_id"),
            Field::always("provider", "provider_id"),
            Field::always("provider_id", "account_id"),
            Field::usually("created_at", "created_at"),
            Field::usually("updated_at", "updated_at"),
        ],
    }),
    own_providers: &["email", "phone"],
    sessions: None,
    factors: &[Factor {
        table: TableLayout {
            name: "auth.mfa_factors",
            fields: &[Field::always("user_id", "user_id")],
        },
        loss: SECOND_FACTOR_LOST,
    }],
    keys: None,
};

/// Django: `django.contrib.auth`.
pub(super) const DJANGO: Layout = Layout {
    users: TableLayout {
        name: "auth_user",
        fields: &[
            Field::always("id", "id"),
            Field::always("email", "email"),
            Field::always("password", "password"),
            Field::usually("first_name", "name"),
            Field::usually("last_name", "last_name"),
            Field::usually("is_active", "is_active"),
            Field::usually("date_joined", "created_at"),
            Field::sometimes("email_verified", "email_verified"),
        ],
    },
    accounts: None,
    own_providers: &[],
    sessions: None,
    factors: &[Factor {
        table: TableLayout {
            name: "otp_totp_totpdevice",
            fields: &[Field::always("user_id", "user_id")],
        },
        loss: SECOND_FACTOR_LOST,
    }],
    keys: None,
};
