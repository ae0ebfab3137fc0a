//! The database tables. The same definitions serve PostgreSQL and SQLite.

diesel::table! {
    use diesel::sql_types::{BigInt, Bool, Nullable, Text};
    use database::sql_types::{TimestampUtc, Uuid};

    tasks (user_id, id) {
        id -> Uuid,
        user_id -> Text,
        title -> Text,
        description -> Nullable<Text>,
        completed -> Bool,
        created_at -> TimestampUtc,
        updated_at -> TimestampUtc,
        version -> BigInt,
        title_folded -> Text,
        description_folded -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Text};
    use database::sql_types::{TimestampUtc, Uuid};

    idempotency_keys (user_id, key) {
        user_id -> Text,
        key -> Text,
        request_hash -> Binary,
        task_id -> Uuid,
        answer -> Text,
        created_at -> TimestampUtc,
    }
}

diesel::table! {
    use diesel::sql_types::Text;

    event_cursors (issuer) {
        issuer -> Text,
        cursor -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::Text;
    use database::sql_types::TimestampUtc;

    erasures (user_id) {
        user_id -> Text,
        erase_at -> TimestampUtc,
        tokens_expire_by -> TimestampUtc,
    }
}
