//! The options and the output of `auth-service audit`.

use database::{on_both_engines, testing::TestDatabase};
use serde_json::Value;

use super::{ADA, WRONG, audit, audit_text, id};
use crate::{
    app::{Answering as _, DAY, TestApp, members},
    secrets::process,
};

on_both_engines!(auth_service::MIGRATIONS;
    entries_are_selected_by_user_time_and_action,
    entries_are_shown_as_a_table,
);

fn actions(entries: &[Value]) -> Vec<&str> {
    entries.iter().map(|entry| entry["action"].as_str().unwrap()).collect()
}

async fn entries_are_selected_by_user_time_and_action(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up(ADA).await;
    app.sign_up("bob@example.com").await;
    app.advance(DAY);
    app.sign_in(ADA).await;
    app.use_real_time();
    app.sign_in_request(ADA, WRONG).answer().await;

    let all = audit(&db, &[]).await;
    assert_eq!(actions(&all), ["sign-up", "sign-up", "sign-in", "sign-in"]);
    let fields = [
        "action",
        "actor",
        "count",
        "createdAt",
        "detail",
        "id",
        "ipAddress",
        "lastAt",
        "outcome",
        "sessionId",
        "userAgent",
        "userId",
    ];
    assert_eq!(members(&all[0]), fields);
    let of_ada = [all[0].clone(), all[2].clone(), all[3].clone()];
    for user in [id(&ada.user), ADA, "ADA@example.com"] {
        assert_eq!(audit(&db, &["--user", user]).await, of_ada, "{user}");
    }
    for since in ["2026-01-03", "2026-01-03T03:00:00Z", "2026-01-03 01:30:00"] {
        assert_eq!(audit(&db, &["--since", since]).await, all[2..], "{since}");
    }
    assert_eq!(audit(&db, &["--since", "1h"]).await, all[3..]);
    assert_eq!(audit(&db, &["--action", "sign-up"]).await, all[..2]);
    assert_eq!(audit(&db, &["--action", "sign-up,sign-in"]).await, all);
    assert_eq!(audit(&db, &["--limit", "2"]).await, all[2..], "the newest");
    assert!(audit(&db, &["--action", "import"]).await.is_empty());

    for (options, error) in [
        (["--user", "eve@example.com"], "no user has the e-mail address"),
        (["--since", "yesterday"], "expected a date such as 2026-01-31"),
        (["--action", "sign"], "possible values: sign-up, sign-in"),
        (["--limit", "0"], "0"),
    ] {
        let output = process(&db.url(), &[]).arg("audit").args(options).output().await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(error), "{options:?}: {said}");
        assert!(output.stdout.is_empty(), "{output:?}");
    }
}

async fn entries_are_shown_as_a_table(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up(ADA).await;
    for _ in 0..2 {
        app.sign_in_request(ADA, WRONG).answer().await;
    }

    let text = audit_text(&db, &[]).await;
    let lines: Vec<_> = text.lines().collect();
    let id = id(&ada.user);
    assert!(lines[0].starts_with("TIME "), "{text}");
    let failure = format!(
        "2026-01-02 03:00:00 UTC  sign-in  failure  user   127.0.0.1  {id}  wrong password, 2 times"
    );
    assert_eq!(lines[1], failure);
    assert!(lines[2].contains(&format!("sign-up  success  user   127.0.0.1  {id}  session ")));
    assert_eq!(lines.len(), 3);
    let text = audit_text(&db, &["--limit", "1"]).await;
    let more = "there are more entries: use --limit or --since";
    assert!(text.ends_with(&format!("wrong password, 2 times\n{more}\n")), "{text}");
}
