//! The database tables. Their names and columns are the same on PostgreSQL and SQLite.

diesel::table! {
    use diesel::sql_types::{Bool, Nullable, Text};
    use database::sql_types::TimestampUtc;

    users (id) {
        id -> Text,
        name -> Text,
        email -> Text,
        email_verified -> Bool,
        image -> Nullable<Text>,
        created_at -> TimestampUtc,
        updated_at -> TimestampUtc,
        is_active -> Bool,
        ban_reason -> Nullable<Text>,
        ban_expires -> Nullable<TimestampUtc>,
    }
}

diesel::table! {
    use diesel::sql_types::{Nullable, Text};
    use database::sql_types::TimestampUtc;

    accounts (id) {
        id -> Text,
        user_id -> Text,
        provider_id -> Text,
        account_id -> Text,
        password_hash -> Nullable<Text>,
        created_at -> TimestampUtc,
        updated_at -> TimestampUtc,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Text};
    use database::sql_types::TimestampUtc;

    sessions (id) {
        id -> Text,
        token_hash -> Binary,
        sealed_token -> Binary,
        user_id -> Text,
        expires_at -> TimestampUtc,
        created_at -> TimestampUtc,
        updated_at -> TimestampUtc,
        ip_address -> Text,
        user_agent -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Integer, Nullable, Text};
    use database::sql_types::TimestampUtc;

    signing_keys (generation) {
        generation -> Integer,
        id -> Text,
        public_key -> Binary,
        sealed_private_key -> Binary,
        created_at -> TimestampUtc,
        expires_at -> Nullable<TimestampUtc>,
        activates_at -> Nullable<TimestampUtc>,
        revoked_at -> Nullable<TimestampUtc>,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Nullable, Text};
    use database::sql_types::TimestampUtc;

    verification_tokens (token_hash) {
        token_hash -> Binary,
        purpose -> Text,
        user_id -> Text,
        session_id -> Nullable<Text>,
        expires_at -> TimestampUtc,
        created_at -> TimestampUtc,
    }
}

diesel::table! {
    use diesel::sql_types::{Integer, Nullable, Text};
    use database::sql_types::TimestampUtc;

    mails (id) {
        id -> Text,
        kind -> Text,
        user_id -> Nullable<Text>,
        session_id -> Nullable<Text>,
        email -> Text,
        new_email -> Nullable<Text>,
        callback_url -> Text,
        attempts -> Integer,
        due_at -> TimestampUtc,
        created_at -> TimestampUtc,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Integer};
    use database::sql_types::TimestampUtc;

    attempts (key) {
        key -> Binary,
        count -> Integer,
        last_at -> TimestampUtc,
        forget_at -> TimestampUtc,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Text};
    use database::sql_types::TimestampUtc;

    sign_in_networks (network) {
        network -> Binary,
        user_id -> Text,
        seen_at -> TimestampUtc,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Text};

    event_streams (name) {
        name -> Text,
        id -> Text,
        last_place -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use database::sql_types::TimestampUtc;

    security_events (place) {
        place -> BigInt,
        kind -> Text,
        user_id -> Nullable<Text>,
        session_id -> Nullable<Text>,
        created_at -> TimestampUtc,
        tokens_expire_by -> TimestampUtc,
        token_id -> Nullable<Text>,
        key_id -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::{Integer, Nullable, Text};
    use database::sql_types::TimestampUtc;

    audit_entries (id) {
        id -> Text,
        action -> Text,
        outcome -> Text,
        actor -> Text,
        user_id -> Nullable<Text>,
        session_id -> Nullable<Text>,
        ip_address -> Nullable<Text>,
        user_agent -> Nullable<Text>,
        detail -> Nullable<Text>,
        count -> Integer,
        created_at -> TimestampUtc,
        last_at -> TimestampUtc,
    }
}

diesel::table! {
    use diesel::sql_types::Text;
    use database::sql_types::TimestampUtc;

    email_changes (id) {
        id -> Text,
        user_id -> Text,
        old_email -> Text,
        created_at -> TimestampUtc,
    }
}

diesel::table! {
    use diesel::sql_types::{Bool, Nullable, Text};
    use database::sql_types::TimestampUtc;

    oauth_clients (id) {
        id -> Text,
        name -> Text,
        scopes -> Text,
        audiences -> Text,
        credential -> Text,
        old_credential -> Nullable<Text>,
        old_credential_expires_at -> Nullable<TimestampUtc>,
        is_active -> Bool,
        created_at -> TimestampUtc,
        last_used_at -> Nullable<TimestampUtc>,
        tokens_valid_from -> Nullable<TimestampUtc>,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Text};
    use database::sql_types::TimestampUtc;

    client_assertions (client_id, jti_hash) {
        client_id -> Text,
        jti_hash -> Binary,
        expires_at -> TimestampUtc,
    }
}

diesel::joinable!(accounts -> users (user_id));
diesel::joinable!(sessions -> users (user_id));
diesel::allow_tables_to_appear_in_same_query!(accounts, sessions, users);
diesel::allow_tables_to_appear_in_same_query!(sessions, verification_tokens);
diesel::allow_tables_to_appear_in_same_query!(oauth_clients, security_events);
diesel::allow_tables_to_appear_in_same_query!(security_events, sessions);
diesel::allow_tables_to_appear_in_same_query!(security_events, users);
