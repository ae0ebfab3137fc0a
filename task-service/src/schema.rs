//! The tables, as both engines have them.

diesel::table! {
    use diesel::sql_types::{BigInt, Bool, Nullable, Text};
    use service_kit::sql_types::{TimestampUtc, Uuid};

    tasks (id) {
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
    use service_kit::sql_types::{TimestampUtc, Uuid};

    idempotency_keys (user_id, key) {
        user_id -> Text,
        key -> Text,
        request_hash -> Binary,
        task_id -> Uuid,
        answer -> Text,
        created_at -> TimestampUtc,
    }
}
