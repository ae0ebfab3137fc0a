//! Custom e-mail templates.

use std::fs;

use database::{on_both_engines, testing::TestDatabase};
use mail_parser::{HeaderValue, MessageParser};
use serde_json::json;
use telemetry::Chain;

use super::{SEND, is_good, named, reset_mail};
use crate::app::{Answering as _, TestApp, config};

on_both_engines!(auth_service::MIGRATIONS;
    templates_can_be_replaced_one_by_one,
    a_name_cannot_write_html_nor_headers,
    an_invalid_template_prevents_startup,
);

/// Returns a directory with template files, given as pairs of a name and a content.
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
            [
                "Auto-Submitted",
                "Content-Type",
                "Date",
                "From",
                "MIME-Version",
                "Message-ID",
                "Subject",
                "To",
                "X-Auto-Response-Suppress",
            ]
        );
        assert!(matches!(message.header("Subject"), Some(HeaderValue::Text(_))));
        assert!(message.to().unwrap().iter().count() == 1 && mail.to == email);
        let one_line = name.replace(['\r', '\n'], " ");
        assert_eq!(mail.subject, format!("For {one_line}"));
    }
}

async fn an_invalid_template_prevents_startup(db: TestDatabase) {
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
