//! The tables, as both engines have them.

diesel::table! {
    use diesel::sql_types::{Bool, Nullable, Text};
    use service_kit::sql_types::TimestampUtc;

    users (id) {
        id -> Text,
        name -> Text,
        email -> Text,
        email_verified -> Bool,
        image -> Nullable<Text>,
        created_at -> TimestampUtc,
        updated_at -> TimestampUtc,
    }
}

diesel::table! {
    use diesel::sql_types::{Nullable, Text};
    use service_kit::sql_types::TimestampUtc;

    accounts (id) {
        id -> Text,
        user_id -> Text,
        provider_id -> Text,
        password_hash -> Nullable<Text>,
        created_at -> TimestampUtc,
        updated_at -> TimestampUtc,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Text};
    use service_kit::sql_types::TimestampUtc;

    sessions (id) {
        id -> Text,
        token_hash -> Binary,
        user_id -> Text,
        expires_at -> TimestampUtc,
        created_at -> TimestampUtc,
        updated_at -> TimestampUtc,
        ip_address -> Text,
        user_agent -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Integer, Text};
    use service_kit::sql_types::TimestampUtc;

    signing_keys (generation) {
        generation -> Integer,
        id -> Text,
        public_key -> Binary,
        sealed_private_key -> Binary,
        created_at -> TimestampUtc,
    }
}

diesel::joinable!(accounts -> users (user_id));
diesel::joinable!(sessions -> users (user_id));
diesel::allow_tables_to_appear_in_same_query!(accounts, sessions, users);
