//! PostgreSQL roles with missing privileges.

use database::testing::{Engine, TestDatabase};
use task_service::MIGRATIONS;

use super::doctor;

#[actix_web::test]
async fn missing_rights_are_named_with_role_and_schema() {
    let Some(db) = TestDatabase::create(Engine::Postgres, MIGRATIONS).await else { return };
    let role = db.create_role().await;
    let name = &role.name;
    db.change("REVOKE ALL ON SCHEMA public FROM PUBLIC").await;

    let settings = [("DATABASE_URL", role.url.as_str())];
    let without_schema = doctor(&settings).await;
    let elsewhere = [settings[0], ("DATABASE_SCHEMA", "elsewhere")];
    let without_any = doctor(&elsewhere).await;
    db.change("CREATE SCHEMA elsewhere").await;
    let without_other = doctor(&elsewhere).await;
    db.change(&format!("GRANT USAGE ON SCHEMA public TO {name}")).await;
    let without_tables = doctor(&settings).await;
    db.change(&format!("GRANT ALL ON ALL TABLES IN SCHEMA public TO {name}")).await;
    let with_all = doctor(&settings).await;

    db.drop_role(&role).await;
    for (report, text) in [
        (without_schema, "may not use the schema public: GRANT USAGE, CREATE ON SCHEMA public TO"),
        (
            without_any,
            "may not create a schema, as the migrations require: GRANT CREATE ON DATABASE",
        ),
        (
            without_other,
            "may not use the schema elsewhere: GRANT USAGE, CREATE ON SCHEMA elsewhere TO",
        ),
        (
            without_tables,
            "may not read and write all tables of the schema public: GRANT SELECT, INSERT, UPDATE, \
             DELETE ON public.erasures, public.event_cursors, public.idempotency_keys, \
             public.task_service_migrations, public.tasks TO",
        ),
    ] {
        report.finds("fault", "DATABASE_URL", &format!("its role {name} {text}"));
    }
    with_all.finds("ok", "schema", "is up to date");
}
