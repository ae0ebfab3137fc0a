//! The tables, as both engines have them.

diesel::table! {
    use diesel::sql_types::{Bool, Nullable, Text};
    use service_kit::sql_types::{TimestampUtc, Uuid};

    tasks (id) {
        id -> Uuid,
        user_id -> Text,
        title -> Text,
        description -> Nullable<Text>,
        completed -> Bool,
        created_at -> TimestampUtc,
        updated_at -> TimestampUtc,
    }
}
