//! Imports of users from the exports or databases of Auth0, Firebase, Keycloak, Django and
//! Supabase.

use database::{
    on_both_engines,
    testing::{Engine, TestDatabase},
};
use serde_json::json;

use super::{OTHERS, better_auth, file, imported, incomplete, refused};
use crate::app::{Answering as _, TestApp, count, values};

on_both_engines!(auth_service::MIGRATIONS;
    users_of_auth0_sign_in,
    hashes_of_auth0_complete_its_users,
    users_of_firebase_sign_in,
    passwords_of_firebase_need_its_parameters,
    users_of_keycloak_sign_in,
    users_of_a_django_database_sign_in,
    users_of_a_django_dump_sign_in,
    users_of_supabase_sign_in,
    files_of_something_else_are_refused,
);

/// Hash of [`crate::app::PASSWORD`], created by Django 5.2.
const DJANGO: &str =
    "pbkdf2_sha256$1000$saltsaltsaltsaltsalt12$h6VdNgjwO71NIkdpPidG0suRllaYbsEdmQ+s0pNVZsM=";

async fn imported_file(db: &TestDatabase, from: &str, content: &str, options: &[&str]) -> String {
    let file = file(content);
    let path = file.path().to_str().unwrap();
    imported(db, &[&["--from", from, path], options].concat()).await
}

#[track_caller]
fn has_lines(report: &str, lines: &[&str]) {
    for line in lines {
        assert!(report.contains(line), "no {line:?} in\n{report}");
    }
}

async fn users_of_auth0_sign_in(db: TestDatabase) {
    let hash = OTHERS[0];
    let lines = [
        json!({
            "_id": { "$oid": "5dea9f9c82dd7c0e76e4ec93" }, "email_verified": true,
            "email": "Ada@example.com", "passwordHash": hash, "tenant": "a-tenant",
            "connection": "Username-Password-Authentication", "_tmp_is_unique": true,
            "password_set_date": { "$date": "2019-12-06T18:36:12.412Z" }
        }),
        json!({
            "user_id": "auth0|bob", "name": "Bob", "picture": "https://example.com/bob.png",
            "created_at": "2020-01-02T03:04:05.678Z", "updated_at": "2021-01-02T03:04:05.678Z",
            "identifiers": [{ "type": "email", "value": "bob@example.com", "verified": false }],
            "identities": [
                { "provider": "auth0", "user_id": "bob", "isSocial": false },
                { "provider": "google-oauth2", "user_id": "bob at google", "isSocial": true }
            ],
            "multifactor": ["guardian"], "user_metadata": { "plan": "free" }
        }),
        json!({ "user_id": "auth0|eve", "email": "eve@example.com", "blocked": true }),
    ];
    let content = lines.map(|line| line.to_string()).join("\n");

    let report = imported_file(&db, "auth0", &content, &[]).await;

    has_lines(
        &report,
        &[
            "3 users imported; 1 passwords, 1 other accounts",
            "user auth0|bob: second factor lost",
            "user auth0|eve: imported as disabled: is blocked",
            "user fields that are not imported: user_metadata",
        ],
    );
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_in("ada@example.com").await.user;
    assert_eq!(ada["id"], "auth0|5dea9f9c82dd7c0e76e4ec93");
    assert_eq!(ada["emailVerified"], true);
    let accounts = "SELECT provider_id || ' ' || account_id AS value FROM accounts \
                    WHERE user_id = 'auth0|bob'";
    assert_eq!(values(&db, accounts).await, ["google bob at google"]);
}

/// Auth0 exports users and hashes in separate files.
async fn hashes_of_auth0_complete_its_users(db: TestDatabase) {
    let users = r#"[{"user_id":"auth0|euclid","email":"ada@example.com","email_verified":true}]"#;
    imported_file(&db, "auth0", users, &[]).await;
    let hashes = json!({
        "_id": { "$oid": "5dea9f9c82dd7c0e76e4ec93" }, "alt_id": "euclid", "email_verified": true,
        "email": "ada@example.com", "passwordHash": OTHERS[0]
    });

    let report = imported_file(&db, "auth0", &hashes.to_string(), &["--update"]).await;

    has_lines(&report, &["0 users imported; 1 passwords", "(1 updated)"]);
    let ada = TestApp::spawn(&db).await.sign_in("ada@example.com").await.user;
    assert_eq!(ada["id"], "auth0|euclid");
}

/// Returns a Firebase export with the example hash that Firebase has published.
fn firebase() -> String {
    json!({ "users": [
        {
            "localId": "kYi4EvWQlQTKSfnJ3dRSP6IH3ed2", "email": "user1@example.com",
            "emailVerified": true, "displayName": "Test User 1", "createdAt": "1508893925000",
            "lastSignedInAt": "1508893925000", "salt": "42xEC+ixf3L2lw==",
            "passwordHash": "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==",
            "customAttributes": "{\"admin\":true}",
            "providerUserInfo": [
                { "providerId": "password", "rawId": "user1@example.com" },
                { "providerId": "google.com", "rawId": "1234" }
            ]
        },
        { "localId": "2", "email": "off@example.com", "disabled": true },
        { "localId": "3", "phoneNumber": "+15555550100" },
        { "localId": "4", "email": "two@example.com", "mfaInfo": [{ "mfaEnrollmentId": "x" }] }
    ] })
    .to_string()
}

const HASH_CONFIG: &str = "hash_config {
  algorithm: SCRYPT,
  base64_signer_key: jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==,
  base64_salt_separator: Bw==,
  rounds: 8,
  mem_cost: 14,
}
";

async fn users_of_firebase_sign_in(db: TestDatabase) {
    let (users, config) = (file(firebase()), file(HASH_CONFIG));
    let (users, config) = (users.path().to_str().unwrap(), config.path().to_str().unwrap());

    let arguments = ["--from", "firebase", users, "--firebase-config", config];
    let report = incomplete(&db, &arguments).await;

    has_lines(
        &report,
        &[
            "3 users imported; 1 passwords, 1 other accounts",
            "user 2: imported as disabled: is disabled",
            "skipped user 3: the user has no e-mail address",
            "user 4: second factor lost",
            "user fields that are not imported: customAttributes, phoneNumber",
        ],
    );
    let app = TestApp::spawn(&db).await;
    let wrong = app.sign_in_request("user1@example.com", "user2password").answer().await;
    assert_eq!(wrong.status, 401);
    let right = app.sign_in_request("user1@example.com", "user1password").answer().await;
    let user = right.signed_in().user;
    assert_eq!(user["id"], "kYi4EvWQlQTKSfnJ3dRSP6IH3ed2");
    assert_eq!(user["createdAt"], "2017-10-25T01:12:05.000Z");
    assert_eq!((&user["name"], &user["emailVerified"]), (&json!("Test User 1"), &json!(true)));
}

async fn passwords_of_firebase_need_its_parameters(db: TestDatabase) {
    let users = file(firebase());
    let users = users.path().to_str().unwrap();
    let error = refused(&db, &["--from", "firebase", users]).await;
    assert!(error.contains("--firebase-config FILE"), "{error}");
    for (config, said) in [
        ("", "has no algorithm"),
        ("algorithm: SCRYPT,\nrounds: 8,\n", "has no base64_signer_key"),
        ("algorithm: BCRYPT,\n", "is not SCRYPT"),
    ] {
        let config = file(config);
        let config = config.path().to_str().unwrap();
        let arguments = ["--from", "firebase", users, "--firebase-config", config];
        let error = refused(&db, &arguments).await;
        assert!(error.contains(said), "{error}");
    }
    assert_eq!(count(&db, "users").await, 0);
}

async fn users_of_keycloak_sign_in(db: TestDatabase) {
    let salt = "AQL+/wEC/v8BAv7/AQL+/w==";
    let credential = |algorithm: &str, value: &str| {
        let data = match algorithm {
            "argon2" => json!({
                "hashIterations": 5, "algorithm": "argon2", "additionalParameters": {
                    "hashLength": ["32"], "memory": ["64"], "type": ["id"], "version": ["1.3"],
                    "parallelism": ["1"]
                }
            }),
            _ => {
                json!({ "hashIterations": 1000, "algorithm": algorithm, "additionalParameters": {} })
            }
        };
        let secret = json!({ "value": value, "salt": salt, "additionalParameters": {} });
        json!({
            "type": "password", "createdDate": 1_767_323_045_678_u64,
            "secretData": secret.to_string(), "credentialData": data.to_string()
        })
    };
    let hashes = [
        ("pbkdf2-sha256", "VwAT3BCC1onZGZwTHT3EglE/6YyvmzdG0EXftwefz8I="),
        (
            "pbkdf2-sha512",
            "AfkWjLVRUiTZ3WHRWhBatvHqAmZuGqYZmAyMvWSM8cbSD/Sty4pJ3dvsC2IHVHKodKJ9EyjGZsm8/GaLx/hmLw==",
        ),
        (
            "pbkdf2",
            "o29ccV60nzw9XTeA7QXVoUyiheu1xhOYhpu0VYnDyVG61bzIHguY3O2GiwtVb0EpQB2cI2sIMShweqA+nxVwnQ==",
        ),
        ("argon2", "CewZ7wKt5ohLS/5BqSvCyJtN/9XXL/F83+Ynu9opOjg="),
    ];
    let user = |number: usize, credentials: Vec<serde_json::Value>| {
        json!({
            "id": format!("k{number}"), "username": format!("u{number}"), "firstName": "Ada",
            "lastName": "Lovelace", "email": format!("u{number}@example.com"),
            "emailVerified": true, "enabled": true, "createdTimestamp": 1_767_323_045_678_u64,
            "totp": false, "credentials": credentials, "realmRoles": ["admin"]
        })
    };
    let mut users: Vec<_> = hashes
        .iter()
        .enumerate()
        .map(|(number, (algorithm, value))| user(number, vec![credential(algorithm, value)]))
        .collect();
    let old = json!({
        "type": "password", "hashedSaltedValue": hashes[0].1, "salt": salt,
        "hashIterations": 1000, "algorithm": "pbkdf2-sha256"
    });
    users.push(user(4, vec![old, json!({ "type": "otp", "secretData": "{}" })]));
    users.push(user(5, vec![credential("md5-salted", "x")]));
    let mut disabled = user(6, vec![]);
    disabled["enabled"] = json!(false);
    users.push(disabled);
    users
        .push(json!({ "id": "s", "username": "service-account-x", "serviceAccountClientId": "x" }));
    let realm = json!({ "realm": "test", "enabled": true, "users": users }).to_string();

    let report = imported_file(&db, "keycloak", &realm, &[]).await;

    has_lines(
        &report,
        &[
            "7 users imported; 5 passwords",
            "user k4: second factor lost",
            "user k5: imported without a password: its password hash is not accepted: $md5-salted$",
            "user k6: imported as disabled: is not active",
            "not imported, user s: is the service account of x",
            "user fields that are not imported: realmRoles, username",
        ],
    );
    let app = TestApp::spawn(&db).await;
    for number in 0..5 {
        let email = format!("u{number}@example.com");
        let wrong = app.sign_in_request(&email, "correct horse 43").answer().await;
        assert_eq!(wrong.status, 401);
        let user = app.sign_in(&email).await.user;
        assert_eq!(user["id"], format!("k{number}"));
        assert_eq!(user["name"], "Ada Lovelace");
        assert_eq!(user["createdAt"], "2026-01-02T03:04:05.678Z");
    }
}

async fn users_of_a_django_database_sign_in(db: TestDatabase) {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let Some(source) = better_auth(engine).await else { continue };
        let (flag, time, yes, no) = match engine {
            Engine::Postgres => ("boolean", "timestamptz", "true", "false"),
            Engine::Sqlite => ("bool", "datetime", "1", "0"),
        };
        source
            .change(&format!(
                "CREATE TABLE auth_user (id integer PRIMARY KEY, password text, last_login {time}, \
                 is_superuser {flag}, username text, last_name text, email text, is_staff {flag}, \
                 is_active {flag}, date_joined {time}, first_name text)"
            ))
            .await;
        for (id, password, email, active) in [
            (1, DJANGO, "ada@example.com", yes),
            (2, "!unusable0123456789", "bob@example.com", yes),
            (3, DJANGO, "eve@example.com", no),
            (4, DJANGO, "", yes),
            (10, DJANGO, "ten@example.com", yes),
        ] {
            source
                .change(&format!(
                    "INSERT INTO auth_user VALUES ({id}, '{password}', NULL, {no}, 'u{id}', \
                     'Lovelace', '{email}', {no}, {active}, '2026-01-02 03:04:05.678901', 'Ada')"
                ))
                .await;
        }

        let report = incomplete(&db, &["--from", "django", &source.url()]).await;

        has_lines(
            &report,
            &[
                "4 users imported; 3 passwords",
                "user 3: imported as disabled: is not active",
                "skipped user 4: the user has no e-mail address",
                "that are not imported: last_login, is_superuser, username, is_staff",
                "all are imported as unverified",
            ],
        );
        let app = TestApp::spawn(&db).await;
        let ada = app.sign_in("ada@example.com").await.user;
        assert_eq!((&ada["id"], &ada["name"]), (&json!("1"), &json!("Ada Lovelace")));
        assert_eq!(ada["createdAt"], "2026-01-02T03:04:05.678Z");
        assert_eq!(app.sign_in("ten@example.com").await.user["id"], "10");
        db.change("DELETE FROM users").await;
    }
}

async fn users_of_a_django_dump_sign_in(db: TestDatabase) {
    let user = |pk: u64, email: &str, active: bool| {
        json!({ "model": "auth.user", "pk": pk, "fields": {
            "password": DJANGO, "last_login": null, "is_superuser": true, "username": "ada",
            "first_name": "Ada", "last_name": "", "email": email, "is_staff": true,
            "is_active": active, "date_joined": "2026-01-02T03:04:05.678Z", "groups": []
        } })
    };
    let address = json!({ "model": "account.emailaddress", "pk": 1, "fields": {
        "user": 1, "email": "Ada@example.com", "verified": true, "primary": true
    } });
    let device = json!({ "model": "otp_totp.totpdevice", "pk": 1, "fields": { "user": 2 } });
    let site = json!({ "model": "sites.site", "pk": 1, "fields": { "domain": "example.com" } });
    let dump = json!([
        site,
        user(1, "ada@example.com", true),
        user(2, "bob@example.com", true),
        user(3, "eve@example.com", false),
        address,
        device
    ]);

    let report = imported_file(&db, "django", &dump.to_string(), &[]).await;

    has_lines(
        &report,
        &[
            "3 users imported; 3 passwords",
            "user 2: second factor lost",
            "user 3: imported as disabled: is not active",
            "user fields that are not imported: groups, is_staff, is_superuser, username",
            "models that are not imported: otp_totp.totpdevice, sites.site",
        ],
    );
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_in("ada@example.com").await.user;
    assert_eq!((&ada["id"], &ada["emailVerified"]), (&json!("1"), &json!(true)));
    assert_eq!(app.sign_in("bob@example.com").await.user["emailVerified"], false);
}

/// The source is always PostgreSQL, as in Supabase.
async fn users_of_supabase_sign_in(db: TestDatabase) {
    let Some(source) = better_auth(Engine::Postgres).await else { return };
    for statement in [
        "CREATE SCHEMA auth",
        "CREATE TABLE auth.users (instance_id uuid, id uuid PRIMARY KEY, aud varchar(255), \
         email varchar(255), encrypted_password varchar(255), email_confirmed_at timestamptz, \
         raw_user_meta_data jsonb, created_at timestamptz, updated_at timestamptz, phone text, \
         banned_until timestamptz, deleted_at timestamptz, is_anonymous boolean NOT NULL DEFAULT false)",
        "CREATE TABLE auth.identities (provider_id text, user_id uuid, identity_data jsonb, \
         provider text, created_at timestamptz, updated_at timestamptz, \
         id uuid PRIMARY KEY DEFAULT gen_random_uuid())",
        "CREATE TABLE auth.mfa_factors (id uuid, user_id uuid, status text)",
    ] {
        source.change(statement).await;
    }
    let id = |number: u32| format!("11111111-2222-4333-8444-00000000000{number}");
    for (number, email, confirmed, banned, deleted, anonymous) in [
        (1, "'ada@example.com'", "now()", "NULL", "NULL", false),
        (2, "'bob@example.com'", "NULL", "'2020-01-01'", "NULL", false),
        (3, "'eve@example.com'", "now()", "'2099-01-01'", "NULL", false),
        (4, "'gone@example.com'", "now()", "NULL", "now()", false),
        (5, "NULL", "NULL", "NULL", "NULL", true),
    ] {
        source
            .change(&format!(
                "INSERT INTO auth.users VALUES (NULL, '{}', 'authenticated', {email}, '{}', \
                 {confirmed}, '{{\"full_name\": \"Ada\", \"avatar_url\": \"https://example.com/a.png\"}}', \
                 '2026-01-02 03:04:05.678+00', now(), NULL, {banned}, {deleted}, {anonymous})",
                id(number),
                OTHERS[0]
            ))
            .await;
    }
    for (provider, account) in [("email", "ada"), ("google", "ada at google")] {
        source
            .change(&format!(
                "INSERT INTO auth.identities (provider_id, user_id, provider) \
                 VALUES ('{account}', '{}', '{provider}')",
                id(1)
            ))
            .await;
    }
    source
        .change(&format!("INSERT INTO auth.mfa_factors VALUES (NULL, '{}', 'verified')", id(2)))
        .await;

    let report = imported(&db, &["--from", "supabase", &source.url()]).await;

    has_lines(
        &report,
        &[
            "3 users imported; 3 passwords, 1 other accounts",
            &format!("user {}: second factor lost", id(2)),
            &format!("user {}: imported as disabled: is banned until 2099-01-01", id(3)),
            &format!("not imported, user {}: was deleted", id(4)),
            &format!("not imported, user {}: is anonymous", id(5)),
            "that are not imported: instance_id, aud, phone",
        ],
    );
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_in("ada@example.com").await.user;
    assert_eq!((&ada["id"], &ada["name"]), (&json!(id(1)), &json!("Ada")));
    assert_eq!(ada["image"], "https://example.com/a.png");
    assert_eq!(ada["emailVerified"], true);
    assert_eq!(app.sign_in("bob@example.com").await.user["emailVerified"], false);
}

async fn files_of_something_else_are_refused(db: TestDatabase) {
    for from in ["auth0", "firebase", "keycloak", "django"] {
        for content in
            ["email,name\nada@example.com,Ada\n", "[1]", "\"users\"", "{\"users\": 1}", "[{]"]
        {
            let file = file(content);
            let path = file.path().to_str().unwrap();
            let error = refused(&db, &["--from", from, path]).await;
            assert!(error.contains("the file"), "{from} {content}: {error}");
        }
    }
    let file = file("{\"users\": []}");
    let path = file.path().to_str().unwrap();
    for options in [&["--column", "email=x"][..], &["--sessions"], &["--firebase-config", path]] {
        refused(&db, &[&["--from", "keycloak", path], options].concat()).await;
    }
    assert_eq!(count(&db, "users").await, 0);
}
