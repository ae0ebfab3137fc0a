//! What a mail looks like, and how it gets out of the house: at once, later, once.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use mail_parser::{Address, HeaderValue, MessageParser, MimeHeaders as _};
use serde_json::json;
use service_kit::{on_both_engines, telemetry::Chain, testing::TestDatabase};

use crate::{
    app::{BASE_URL, PASSWORD, SIGN_UP, START_SHOWN, Send as _, TestApp, config, values},
    mailbox::{Mail, eventually, mail_files},
};

on_both_engines!(auth_service::MIGRATIONS;
    a_mail_has_a_text_part_and_an_html_part_that_say_the_same,
    a_mail_repeats_nothing_that_its_sender_could_choose,
    every_address_that_may_sign_up_can_be_written_to,
    links_lead_to_the_configured_address_whatever_a_request_says,
    a_mail_is_a_file_that_only_its_owner_reads,
    templates_can_be_replaced_one_by_one,
    a_name_cannot_write_html_nor_headers,
    a_broken_template_keeps_the_service_from_starting,
    the_outbox_holds_nothing_that_opens_anything,
    a_mail_that_cannot_be_written_waits_a_minute,
    a_mail_that_had_to_wait_carries_a_fresh_link,
    a_mail_survives_a_restart,
    a_mail_that_cannot_be_written_for_days_is_given_up,
    a_mail_is_for_the_user_who_asked_and_no_successor,
    replicas_send_each_mail_once,
    one_reader_gets_ten_mails_and_then_a_few,
);

const RESET: &str = "/api/auth/request-password-reset";
const SEND: &str = "/api/auth/send-verification-email";

async fn ask_for_reset(app: &TestApp, email: &str) {
    let answer = app.post(RESET).json(&json!({ "email": email })).answer().await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

async fn reset_mail(app: &TestApp, email: &str) -> Mail {
    ask_for_reset(app, email).await;
    app.mail_to(email, "reset-password").await
}

/// Whether the token of a reset link is good.
async fn is_good(app: &TestApp, mail: &Mail) -> bool {
    let path = format!("/api/auth/reset-password/{}?callbackURL=%2F", mail.token());
    let answer = app.get(&path).answer().await;
    !answer.header("location").unwrap().contains("error=")
}

/// One mail of each kind: the kind and how long its link is good.
async fn one_of_each_kind(app: &TestApp) -> Vec<(Mail, &'static str)> {
    let ada = app.sign_up("ada@example.com").await;
    let verify = json!({ "email": "ada@example.com" });
    app.post(SEND).json(&verify).answer().await.is_done();
    let verification = app.mail_to("ada@example.com", "verify-email").await;
    app.open(verification.link()).answer().await.leads_to("/");
    let change = json!({ "newEmail": "new@example.com" });
    app.post_as(&ada, "/api/auth/change-email", &change).await.is_done();
    let confirmation = app.mail_to("ada@example.com", "confirm-change-email").await;
    app.open(confirmation.link()).answer().await.leads_to("/");
    app.post_as(&ada, "/api/auth/delete-user", &json!({})).await.json();
    vec![
        (verification, "1 hour"),
        (confirmation, "1 hour"),
        (app.mail_to("new@example.com", "change-email").await, "1 hour"),
        (reset_mail(app, "ada@example.com").await, "1 hour"),
        (app.mail_to("ada@example.com", "delete-user").await, "24 hours"),
    ]
}

fn all_confirmations(config: &mut auth_service::config::Config) {
    config.features.confirm_change_email = true;
    config.features.confirm_delete_user = true;
}

/// Where the link of the HTML part leads.
fn html_link(mail: &Mail) -> String {
    let (_, link) = mail.html.split_once("<a href=\"").expect("a link");
    let (link, _) = link.split_once('"').unwrap();
    unescaped(link)
}

fn unescaped(html: &str) -> String {
    html.replace("&#x2f;", "/").replace("&amp;", "&")
}

async fn a_mail_has_a_text_part_and_an_html_part_that_say_the_same(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| {
        all_confirmations(config);
        config.mail.mail_from = "The Tasks <no-reply@auth.example.com>".parse().unwrap();
    })
    .await;

    let mut ids = Vec::new();
    for (mail, valid_for) in one_of_each_kind(&app).await {
        let message = MessageParser::default().parse(mail.source.as_bytes()).unwrap();
        let from = message.from().and_then(Address::first).unwrap();
        assert_eq!(from.name(), Some("The Tasks"));
        assert_eq!(from.address(), Some("no-reply@auth.example.com"));
        assert_eq!(message.to().map(|to| to.iter().count()), Some(1));
        assert!((message.cc().is_none(), message.bcc().is_none()) == (true, true));
        let date = message.date().unwrap().to_timestamp();
        let start: chrono::DateTime<chrono::Utc> = START_SHOWN.parse().unwrap();
        assert_eq!(date, start.timestamp());
        let id = message.message_id().unwrap().to_owned();
        assert!(id.ends_with("@auth.example.com") && !ids.contains(&id), "{id} {ids:?}");
        ids.push(id);
        assert!(!mail.subject.is_empty() && mail.subject.len() < 70, "{mail:?}");
        assert!(message.is_content_type("multipart", "alternative"));
        assert_eq!((message.text_body_count(), message.html_body_count()), (1, 1));

        let link = mail.link();
        assert_eq!(html_link(&mail), link);
        for part in [&mail.text, &unescaped(&mail.html)] {
            assert!(part.contains("ada@example.com"), "{mail:?}");
            assert!(part.contains(&format!("good for {valid_for}.")), "{mail:?}");
            assert!(part.contains(BASE_URL), "{mail:?}");
            assert!(!part.contains("{{") && !part.contains("Subject:"), "{mail:?}");
        }
        let names_both = mail.text.contains("new@example.com");
        assert_eq!(names_both, mail.kind.contains("change-email"), "{mail:?}");
        assert!(mail.html.starts_with("<!doctype html>"), "{mail:?}");
        let lines = mail.source.split("\r\n");
        assert!(lines.clone().all(|line| line.len() < 998 && line.is_ascii()), "{}", mail.source);
        assert!(lines.count() > 10, "{}", mail.source);
    }
}

/// Signs somebody up who calls themselves something special.
async fn named(app: &TestApp, email: &str, name: &str) {
    let body = json!({ "name": name, "email": email, "password": PASSWORD, "image": name });
    app.post(SIGN_UP).json(&body).answer().await.signed_in();
}

async fn a_mail_repeats_nothing_that_its_sender_could_choose(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, all_confirmations).await;
    // With somebody else's address.
    named(&app, "ada@example.com", "You won, see https://evil.example/prize").await;

    let mail = reset_mail(&app, "ada@example.com").await;

    for part in [&mail.subject, &mail.text, &mail.html, &mail.source] {
        assert!(!part.contains("evil.example") && !part.contains("You won"), "{mail:?}");
    }
}

async fn every_address_that_may_sign_up_can_be_written_to(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;

    for email in ["o'neil_x+tag-1.y@sub.ex-ample.co", "1@2.com", "_@a1.museum", "-a-@b-c.example"] {
        app.sign_up(email).await;
        assert_eq!(reset_mail(&app, email).await.to, email);
    }
}

async fn links_lead_to_the_configured_address_whatever_a_request_says(db: TestDatabase) {
    let hostile = [
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "https"),
        ("forwarded", "host=evil.example;proto=https"),
        ("origin", "https://evil.example"),
        ("referer", "https://evil.example/"),
    ];
    for (i, site) in [BASE_URL, "https://auth.example.com"].into_iter().enumerate() {
        let app =
            TestApp::spawn_with(&db, |config| config.better_auth_url = site.parse().unwrap()).await;
        let email = format!("ada{i}@example.com");
        app.sign_up(&email).await;

        for path in [RESET, SEND] {
            let mut request = app.post(path).json(&json!({ "email": email }));
            for (name, value) in hostile {
                request = request.header(name, value);
            }
            assert_eq!(request.answer().await.status, 200);
        }

        for kind in ["reset-password", "verify-email"] {
            let mail = app.mail_to(&email, kind).await;
            assert!(mail.link().starts_with(&format!("{site}/api/auth/")), "{mail:?}");
            assert!(!mail.source.contains("evil"), "{mail:?}");
        }
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

async fn a_mail_is_a_file_that_only_its_owner_reads(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.sign_up("ada@example.com").await;
    let folder = app.mail_dir.path();
    fs::remove_dir(folder).unwrap();

    ask_for_reset(&app, "ada@example.com").await;

    let file = eventually("a mail", async || mail_files(folder).pop()).await;
    assert_eq!((mode(&file), mode(folder)), (0o600, 0o700));
    let name = file.file_stem().unwrap().to_str().unwrap();
    let (id, kind) = name.split_at(36);
    assert_eq!(kind, "-reset-password");
    uuid::Uuid::parse_str(id).unwrap();
    let others = fs::read_dir(folder).unwrap().count();
    assert_eq!(others, 1, "no draft is left");
}

/// A folder of templates.
fn templates(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        fs::write(folder.path().join(name), content).unwrap();
    }
    folder
}

async fn templates_can_be_replaced_one_by_one(db: TestDatabase) {
    let text = "Subject: {{ name }}, your password on {{ site }}\n\n\
                {{ name }}|{{ email }}|{{ valid_for }}|{{ new_email }}\n{{ link }}\n";
    let folder = templates(&[
        ("reset-password.txt", text),
        ("verify-email.html", "<p>Ours, {{ name }}: {{ link }}</p>"),
        ("unknown.txt", "{{ this is not looked at"),
    ]);
    let app = TestApp::spawn_with(&db, |config| {
        config.mail.mail_templates = Some(folder.path().to_owned());
    })
    .await;
    named(&app, "ada@example.com", "Łucja 東京 🔑").await;

    let reset = reset_mail(&app, "ada@example.com").await;
    assert_eq!(reset.subject, "Łucja 東京 🔑, your password on http://localhost:3000");
    assert!(reset.text.starts_with("Łucja 東京 🔑|ada@example.com|1 hour|\nhttp://"), "{reset:?}");
    assert!(reset.html.contains("Choose a new password"), "{reset:?}");
    assert!(is_good(&app, &reset).await);

    let verify = json!({ "email": "ada@example.com" });
    app.post(SEND).json(&verify).answer().await.is_done();
    let verification = app.mail_to("ada@example.com", "verify-email").await;
    assert_eq!(verification.subject, "Verify your e-mail address");
    let html = &verification.html;
    assert!(html.starts_with("<p>Ours, Łucja 東京 🔑: "), "{html}");
    assert!(html.ends_with("callbackURL=%2F</p>"), "{html}");
}

async fn a_name_cannot_write_html_nor_headers(db: TestDatabase) {
    let folder = templates(&[
        ("reset-password.txt", "Subject: For {{ name }}\n\nFor {{ name }}\n{{ link }}\n"),
        ("reset-password.html", "<p title=\"{{ name }}\">{{ name }}</p>"),
    ]);
    let app = TestApp::spawn_with(&db, |config| {
        config.mail.mail_templates = Some(folder.path().to_owned());
    })
    .await;
    for (i, name) in [
        "<script>alert(1)</script>",
        "\"><img src=x onerror='alert(1)'>",
        "Ada\r\nBcc: eve@example.com\r\n\r\nInjected",
        "Ada\nBcc: eve@example.com",
        "Ada\rBcc: eve@example.com",
        "{{ link }}{% raw %}",
    ]
    .into_iter()
    .enumerate()
    {
        let email = format!("ada{i}@example.com");
        named(&app, &email, name).await;
        let mail = reset_mail(&app, &email).await;

        for raw in ["<script", "<img", "title=\"\""] {
            assert!(!mail.html.contains(raw), "{mail:?}");
        }
        assert_eq!(mail.html.matches("<p").count(), 1, "{mail:?}");
        let message = MessageParser::default().parse(mail.source.as_bytes()).unwrap();
        let mut names: Vec<_> = message.headers().iter().map(mail_parser::Header::name).collect();
        names.sort_unstable();
        assert_eq!(
            names,
            ["Content-Type", "Date", "From", "MIME-Version", "Message-ID", "Subject", "To"]
        );
        assert!(matches!(message.header("Subject"), Some(HeaderValue::Text(_))));
        assert!(message.to().unwrap().iter().count() == 1 && mail.to == email);
        let one_line = name.replace(['\r', '\n'], " ");
        assert_eq!(mail.subject, format!("For {one_line}"));
    }
}

async fn a_broken_template_keeps_the_service_from_starting(db: TestDatabase) {
    let good = "Subject: x\n\n{{ link }}\n";
    for (name, content) in [
        ("reset-password.txt", "Subject: x\n\n{{ link"),
        ("reset-password.txt", "Subject: {{ name\n\n{{ link }}"),
        ("reset-password.txt", "{{ link }}"),
        ("reset-password.txt", ""),
        ("delete-user.html", "{% if %}"),
        ("change-email.html", "{{ link | no_such_filter }}"),
    ] {
        let folder = templates(&[("verify-email.txt", good), (name, content)]);
        let mut config = config(&db.url);
        config.mail.mail_templates = Some(folder.path().to_owned());
        let refused = TestApp::start(config).await.err().unwrap_or_else(|| panic!("{content:?}"));
        let message = Chain(&refused).to_string();
        let stem = name.split('.').next().unwrap();
        assert!(message.contains("MAIL_TEMPLATES") && message.contains(stem), "{message}");
    }

    let folder = templates(&[]);
    fs::create_dir(folder.path().join("verify-email.html")).unwrap();
    let mut unreadable = config(&db.url);
    unreadable.mail.mail_templates = Some(folder.path().to_owned());
    let refused = TestApp::start(unreadable).await.err().expect("it does not start");
    assert!(Chain(&refused).to_string().contains("verify-email.html"), "{refused}");
}

/// A folder that takes no mail until it is mended.
fn break_folder(app: &TestApp) {
    fs::remove_dir_all(app.mail_dir.path()).unwrap();
    fs::write(app.mail_dir.path(), "in the way").unwrap();
}

fn mend_folder(app: &TestApp) {
    fs::remove_file(app.mail_dir.path()).unwrap();
}

/// How often each waiting mail was tried, by address.
async fn tries(db: &TestDatabase) -> Vec<String> {
    let statement = "SELECT email || ': ' || CAST(attempts AS text) AS value FROM mails ORDER BY 1";
    values(db, statement).await
}

/// Waits until the last mail to this address has been tried once.
async fn is_tried(db: &TestDatabase, email: &str) {
    let tried = format!("{email}: 1");
    eventually(&tried, async || tries(db).await.contains(&tried).then_some(())).await;
}

/// Asks for a mail in vain: it has been tried, and failed.
pub(crate) async fn ask_in_vain(app: &TestApp, db: &TestDatabase, email: &str) {
    ask_for_reset(app, email).await;
    is_tried(db, email).await;
    // The next one is looked at when the first is done with.
    ask_for_reset(app, "next@example.com").await;
    is_tried(db, "next@example.com").await;
}

async fn waiting(db: &TestDatabase) -> TestApp {
    let app = TestApp::spawn(db).await;
    for email in ["ada@example.com", "next@example.com", "other@example.com"] {
        app.sign_up(email).await;
    }
    break_folder(&app);
    ask_in_vain(&app, db, "ada@example.com").await;
    app
}

async fn the_outbox_holds_nothing_that_opens_anything(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, all_confirmations).await;
    let ada = app.sign_up("ada@example.com").await;
    app.sign_up("next@example.com").await;
    break_folder(&app);
    app.post_as(&ada, "/api/auth/delete-user", &json!({})).await.json();
    let change = json!({ "newEmail": "new@example.com", "callbackURL": "/moved" });
    app.post_as(&ada, "/api/auth/change-email", &change).await.is_done();
    ask_in_vain(&app, &db, "next@example.com").await;

    let rows = values(
        &db,
        "SELECT id || '|' || kind || '|' || coalesce(user_id, '') || '|' || email || '|' || \
         coalesce(new_email, '') || '|' || callback_url AS value FROM mails ORDER BY id",
    )
    .await;

    mend_folder(&app);
    let columns = db.columns("mails").await;
    let names: Vec<_> = columns.iter().map(|column| column.split(' ').next().unwrap()).collect();
    let all = "attempts callback_url created_at due_at email id kind new_email user_id";
    assert_eq!(names.join(" "), all, "a new column needs a look at what it holds");
    let id = ada.user["id"].as_str().unwrap();
    for (row, content) in rows.iter().zip([
        format!("delete-user|{id}|ada@example.com||"),
        format!("change-email|{id}|ada@example.com|new@example.com|/moved"),
        "reset-password||next@example.com||".to_owned(),
    ]) {
        assert_eq!(row.split_once('|').map(|(_, content)| content), Some(content.as_str()));
    }
    assert!(rows.len() >= 3, "{rows:?}");
}

async fn a_mail_that_cannot_be_written_waits_a_minute(db: TestDatabase) {
    let app = waiting(&db).await;
    mend_folder(&app);

    // Others go out meanwhile, and the worker has looked for what is due.
    app.advance(59);
    reset_mail(&app, "other@example.com").await;
    reset_mail(&app, "other@example.com").await;
    assert_eq!(tries(&db).await[0], "ada@example.com: 1");

    app.advance(1);
    let mail = app.mail_to("ada@example.com", "reset-password").await;
    assert!(is_good(&app, &mail).await);
    assert_eq!(app.other_mails(&db).await, ["reset-password to next@example.com"]);
}

async fn a_mail_that_had_to_wait_carries_a_fresh_link(db: TestDatabase) {
    let app = waiting(&db).await;
    app.advance(7200);
    mend_folder(&app);

    let mail = app.mail_to("ada@example.com", "reset-password").await;

    app.advance(3599);
    assert!(is_good(&app, &mail).await);
}

async fn a_mail_survives_a_restart(db: TestDatabase) {
    let before = waiting(&db).await;
    mend_folder(&before);
    drop(before);

    let after = TestApp::spawn(&db).await;
    after.advance(60);

    let mail = after.mail_to("ada@example.com", "reset-password").await;
    assert!(is_good(&after, &mail).await);
}

async fn a_mail_that_cannot_be_written_for_days_is_given_up(db: TestDatabase) {
    let app = waiting(&db).await;
    mend_folder(&app);

    app.advance(3 * 24 * 60 * 60 + 1);

    let mailed = app.other_mails(&db).await;
    assert!(!mailed.contains(&"reset-password to ada@example.com".to_owned()), "{mailed:?}");
}

async fn a_mail_is_for_the_user_who_asked_and_no_successor(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, all_confirmations).await;
    let ada = app.sign_up("ada@example.com").await;
    app.sign_up("next@example.com").await;
    break_folder(&app);
    app.post_as(&ada, "/api/auth/delete-user", &json!({})).await.json();
    let change = json!({ "newEmail": "new@example.com" });
    app.post_as(&ada, "/api/auth/change-email", &change).await.is_done();
    ask_in_vain(&app, &db, "next@example.com").await;
    let id = ada.user["id"].as_str().unwrap();
    db.change(&format!("DELETE FROM users WHERE id = '{id}'")).await;
    app.sign_up("ada@example.com").await;
    mend_folder(&app);

    app.advance(60);

    let mut mailed = app.other_mails(&db).await;
    mailed.dedup();
    assert_eq!(mailed, ["reset-password to next@example.com"]);
}

async fn replicas_send_each_mail_once(db: TestDatabase) {
    let mut replicas = Vec::new();
    for _ in 0..3 {
        replicas.push(TestApp::spawn(&db).await);
    }
    replicas[0].sign_up("ada@example.com").await;

    for i in 0..24 {
        ask_for_reset(&replicas[i % 3], "ada@example.com").await;
    }

    let mut mailed = Vec::new();
    for app in &replicas {
        mailed.extend(app.other_mails(&db).await);
    }
    assert_eq!(mailed, ["reset-password to ada@example.com"; 24]);
}

async fn one_reader_gets_ten_mails_and_then_a_few(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| {
        config.rate_limit = true;
        config.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    })
    .await;
    for (i, email) in ["ada@example.com", "other@example.com"].into_iter().enumerate() {
        let sign_up = app.sign_up_request(email).header("x-forwarded-for", format!("10.0.0.{i}"));
        sign_up.answer().await.signed_in();
    }
    let ask = async |client: i32, email: &str| {
        let request = app.post(RESET).header("x-forwarded-for", format!("192.0.2.{client}"));
        request.json(&json!({ "email": email })).answer().await
    };

    // Each from another client, so that none of them asks too often.
    let first = ask(0, "nobody@example.com").await;
    for client in 1..15 {
        let answer = ask(client, "ada@example.com").await;
        assert_eq!((answer.status, &answer.body), (200, &first.body), "nobody is told");
        assert_eq!(answer.stable_headers(), first.stable_headers());
    }
    let to_ada = "reset-password to ada@example.com";
    assert_eq!(app.other_mails(&db).await, [to_ada; 10]);

    ask(15, "other@example.com").await;
    app.advance(59);
    ask(16, "ada@example.com").await;
    assert_eq!(app.other_mails(&db).await, ["reset-password to other@example.com"]);
    app.advance(1);
    for client in 17..20 {
        ask(client, "ADA@example.com").await;
    }
    assert_eq!(app.other_mails(&db).await, [to_ada]);
}
