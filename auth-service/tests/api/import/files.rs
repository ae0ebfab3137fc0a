//! CSV files as written by spreadsheets and by hand.

use database::{on_both_engines, testing::TestDatabase};

use super::{file, imported, imported_csv, incomplete_csv, refused};
use crate::app::{Answering as _, PASSWORD, TestApp, count, values};

on_both_engines!(auth_service::MIGRATIONS;
    common_time_formats_are_accepted,
    common_delimiters_and_headers_are_accepted,
    lines_are_counted_as_an_editor_counts_them,
    invalid_flags_are_reported,
    a_damaged_line_is_skipped_and_the_others_are_not,
    an_unclosed_quote_is_reported,
    disabled_users_are_imported_as_such,
    column_names_can_be_mapped,
    a_file_that_cannot_be_read_is_refused,
    a_report_does_not_control_the_terminal,
);

async fn users(db: &TestDatabase, column: &str) -> Vec<String> {
    values(db, &format!("SELECT {column} AS value FROM users ORDER BY email")).await
}

async fn common_time_formats_are_accepted(db: TestDatabase) {
    let report = incomplete_csv(
        &db,
        "email,created_at\n\
         a@example.com,1767323045\n\
         b@example.com,2026-01-02\n\
         c@example.com,1767323045678\n\
         d@example.com,01/02/2026\n\
         e@example.com,20260102\n\
         f@example.com,\n",
    )
    .await;

    assert!(
        report.contains("skipped line 5: created_at \"01/02/2026\" cannot be read"),
        "{report}"
    );
    assert!(report.contains("skipped line 6: created_at \"20260102\" cannot be read"), "{report}");
    let seconds = match db.engine {
        database::testing::Engine::Postgres => {
            "CAST(extract(epoch FROM created_at) AS bigint)::text"
        }
        database::testing::Engine::Sqlite => "strftime('%s', created_at)",
    };
    let seconds = users(&db, seconds).await;
    assert!(["1767323045", "1767323046"].contains(&seconds[0].as_str()), "{seconds:?}");
    assert_eq!(seconds[1], "1767312000");
    assert_eq!(seconds.len(), 4);
}

async fn common_delimiters_and_headers_are_accepted(db: TestDatabase) {
    for csv in [
        "email;name\nada@example.com;Ada, Countess\n",
        "Email,Name\nada@example.com,\"Ada, Countess\"\n",
        "E-Mail ; NAME \n Ada@Example.com ;  Ada, Countess \n",
        "\u{feff}email\tname\r\nada@example.com\tAda, Countess\r\n\r\n",
        "sep=;\r\nemail;name\r\nada@example.com;Ada, Countess\r\n;\r\n",
        "name|email|image\nAda, Countess|ada@example.com",
        "email,name\n\"ada@example.com\",\"Ada, Countess\",,,\n",
        "email,name,id,created_at,password_hash\nada@example.com,\"Ada, Countess\",NULL,NaT,\\N\n",
    ] {
        let report = imported_csv(&db, csv).await;
        assert!(report.contains("1 users imported"), "{csv:?}: {report}");
        assert_eq!(
            users(&db, "email || ' ' || name").await,
            ["ada@example.com Ada, Countess"],
            "{csv:?}"
        );
        db.change("DELETE FROM users").await;
    }
}

async fn lines_are_counted_as_an_editor_counts_them(db: TestDatabase) {
    for csv in [
        "email,name\n\nnobody,Ada\n",
        "email,name\r\n\r\nnobody,Ada\r\n",
        "sep=,\r\nemail,name\r\nnobody,Ada\r\n",
        "sep=,\nemail,name\nnobody,Ada",
    ] {
        let report = incomplete_csv(&db, csv).await;
        assert!(report.contains("skipped line 3: the address is malformed"), "{csv:?} {report}");
    }
}

async fn invalid_flags_are_reported(db: TestDatabase) {
    let report = imported_csv(
        &db,
        "email,Email_Verified\n\
         a@example.com,VERIFIED\n\
         b@example.com,yes\n\
         c@example.com,2026-01-02 03:04:05+00\n\
         d@example.com,0\n\
         e@example.com,\n\
         f@example.com,perhaps\n",
    )
    .await;

    let what = "line 7: imported as unverified: the flag \"perhaps\" is neither true nor false";
    assert!(report.contains(what), "{report}");
    let verified = "SELECT email AS value FROM users WHERE email_verified ORDER BY email";
    assert_eq!(values(&db, verified).await, ["a@example.com", "b@example.com", "c@example.com"]);
    assert_eq!(count(&db, "users").await, 6);
}

async fn a_damaged_line_is_skipped_and_the_others_are_not(db: TestDatabase) {
    let csv = file(
        b"email,name\na@example.com,Good\nb@example.com,M\xfcller\nc@example.com,a,b\nd@example.com,Good\n",
    );
    let report = super::incomplete(&db, &["--from", "csv", csv.path().to_str().unwrap()]).await;

    assert!(report.contains("skipped line 3: the line is not UTF-8"), "{report}");
    assert!(
        report.contains("skipped line 4: the line has more values than the header"),
        "{report}"
    );
    assert_eq!(users(&db, "email").await, ["a@example.com", "d@example.com"]);
}

async fn an_unclosed_quote_is_reported(db: TestDatabase) {
    let report = incomplete_csv(
        &db,
        "email,name\na@example.com,\"Ada\nb@example.com,Bob\nc@example.com,Eve\n",
    )
    .await;

    assert!(report.contains("skipped line 2: a value spans several lines"), "{report}");
    assert!(report.contains("it continues to line 4: a closing quote may be missing"), "{report}");
    assert_eq!(count(&db, "users").await, 0);
}

async fn disabled_users_are_imported_as_such(db: TestDatabase) {
    for (column, value) in [
        ("is_active", "false"),
        ("Is Active", "0"),
        ("disabled", "true"),
        ("banned", "yes"),
        ("banned", "perhaps"),
        ("is_active", "who knows"),
    ] {
        let csv = format!("email,{column}\nada@example.com,{value}\n");
        let report = imported_csv(&db, &csv).await;
        assert!(report.contains("line 2: imported as disabled: "), "{csv}: {report}");
        let disabled = values(&db, "SELECT email AS value FROM users WHERE NOT is_active").await;
        assert_eq!(disabled, ["ada@example.com"], "{csv}");
        db.change("DELETE FROM users").await;
    }
    let csv = "email,banned,Ban Reason,ban_expires\nada@example.com,1,spam,2099-01-01\n";
    imported_csv(&db, csv).await;
    assert_eq!(users(&db, "ban_reason").await, ["spam"]);
    db.change("DELETE FROM users").await;
    for (column, value) in
        [("is_active", "t"), ("disabled", "0"), ("banned", ""), ("is_active", "")]
    {
        let csv = format!("email,{column}\nada@example.com,{value}\n");
        let report = imported_csv(&db, &csv).await;
        assert!(report.contains("1 users imported"), "{csv}: {report}");
        let active = values(&db, "SELECT email AS value FROM users WHERE is_active").await;
        assert_eq!(active, ["ada@example.com"], "{csv}");
        db.change("DELETE FROM users").await;
    }
}

async fn column_names_can_be_mapped(db: TestDatabase) {
    let csv = file("Mail;password;id\nada@example.com;x;7\n");
    let csv = csv.path().to_str().unwrap();
    let error = refused(&db, &["--from", "csv", csv]).await;
    assert!(
        error.contains("no column email") && error.contains("has Mail, password, id"),
        "{error}"
    );
    for column in ["email=mail", "mail=Mail", "password_hash=hash"] {
        let error = refused(&db, &["--from", "csv", csv, "--column", column]).await;
        assert!(error.contains("--column"), "{column}: {error}");
    }

    let mapped =
        ["--from", "csv", csv, "--column", "email=Mail", "--column", "password_hash=password"];
    let report = imported(&db, &[&mapped[..], &["--column", "id="]].concat()).await;

    assert!(report.contains("1 users imported"), "{report}");
    assert!(report.contains("its password hash is not accepted"), "{report}");
    assert!(report.contains("columns that are not imported: id"), "{report}");
    assert_ne!(users(&db, "id").await, ["7"]);
}

async fn a_file_that_cannot_be_read_is_refused(db: TestDatabase) {
    let utf_16: Vec<u8> = "\u{feff}email,name\nada@example.com,Ada\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for (content, said) in [
        (&b""[..], "no column email"),
        (b"\n\n", "no column email"),
        (b"name,mail\nAda,ada@example.com\n", "no column email"),
        (b"email,name,Email\nada@example.com,Ada,\n", "more than one column email"),
        (b"email,email_verified,emailVerified\n", "more than one column email_verified"),
        (&utf_16, "UTF-16"),
        (b"\x1f\x8b\x08\0\0\0\0\0", "is it compressed"),
    ] {
        let csv = file(content);
        let error = refused(&db, &["--from", "csv", csv.path().to_str().unwrap()]).await;
        assert!(error.contains(said), "{error}");
    }
    assert_eq!(count(&db, "users").await, 0);

    // The CSV files of Firebase have no header: the first line contains a password hash.
    let csv = file("id1,ada@example.com,false,lSrfV15cpx95/sZS2W9c9Kp6i==,42xEC+ixf3L2lw==,Ada\n");
    let error = refused(&db, &["--from", "csv", csv.path().to_str().unwrap()]).await;
    assert!(error.contains("no column email"), "{error}");
    assert!(!error.contains("lSrfV") && !error.contains("ada@"), "{error}");
    let folder = tempfile::tempdir().unwrap();
    let error = refused(&db, &["--from", "csv", folder.path().to_str().unwrap()]).await;
    assert!(error.contains("is not a regular file"), "{error}");
}

async fn a_report_does_not_control_the_terminal(db: TestDatabase) {
    let csv =
        "email,created_at,\u{1b}[2J\na@example.com,\u{1b}[31mred\n\u{1b}]0;x\u{7}@example.com,\n";
    let report = incomplete_csv(&db, csv).await;

    assert!(!report.contains(['\u{1b}', '\u{7}']), "{report:?}");
    let app = TestApp::spawn(&db).await;
    let none = app.sign_in_request("a@example.com", PASSWORD).answer().await;
    assert_eq!(none.status, 401);
}
