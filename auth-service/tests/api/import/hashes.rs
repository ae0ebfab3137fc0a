//! Password hashes in the formats of other programs.

use database::{on_both_engines, testing::TestDatabase};

use super::{file, imported, imported_csv, is_upgraded};
use crate::app::{Answering as _, TestApp, count, values};

on_both_engines!(auth_service::MIGRATIONS;
    hashes_of_other_programs_are_verified_and_upgraded,
    a_hash_of_firebase_is_verified,
    refused_hashes_are_reported_with_the_accepted_kinds,
);

/// Hashes of [`crate::app::PASSWORD`], created by Django 5.2, passlib, Werkzeug and Python's
/// `hashlib`.
const HASHES: [&str; 14] = [
    "pbkdf2_sha256$1000$saltsaltsaltsaltsalt12$h6VdNgjwO71NIkdpPidG0suRllaYbsEdmQ+s0pNVZsM=",
    "pbkdf2_sha1$1000$saltsaltsaltsaltsalt12$KbNDFY2mkY+gsSp2Co816/HoeIk=",
    "argon2$argon2id$v=19$m=64,t=2,p=2$c2FsdHNhbHRzYWx0c2FsdHNhbHQxMg$oU/t8gxd+F4cdEJbSee6e60E0u8Rqe0bE96SVAr9S00",
    "bcrypt_sha256$$2b$05$0zuaffDEcxPQfnH60mQPFe1oLelqQPaVubjz31E2509YxVb7cjM9S",
    "bcrypt$$2b$05$/6sECrLNBs.2SmY.ongwouR8LBpziAED.kkpOP3COEe2xkEifFkzC",
    "scrypt$16$saltsaltsaltsaltsalt12$8$5$lVuYqyUB6r2BygWut0h/SWFjoOzc32hMvKRbyDDl3y0K88vzugb8tDsUkCvjSE+hA55h4OEC4kNgAaFaXqth0Q==",
    "$pbkdf2-sha256$1000$s7bW.p.z9r639p4zZkwppQ$vCpp3YoHoq6HOl9qirXfBU87/M2HqHi3KB8vuYDAhZ0",
    "$pbkdf2-sha512$1000$xngPgTDGuLdWCmGsVerdWw$HJ4OYgho2M5FDw7pVUui6vAL/YuRFgiSgLhADYwfOkPN0gBVvwySWAxVTXrQUKKYW79RNLa0I9qu3s1sEgurTw",
    "$pbkdf2$1000$jpESwth7T2nNmXPOeS/lvA$a2RqbCUank0evdbF1GkKw/PkDo8",
    "pbkdf2:sha256:1000$vM0RXDcaVmzuscqh$53bf780f0bf842b0c99c32bee6dd54571cc7740d425cba7b263c664464382efe",
    "scrypt:128:8:1$WEERkF0aoSzLZ3WX$d2dbe87a3f5e10886967d5fbc857216473b7b6b1d853aae4aa1d8fe852e4d914e12dcaedf3ddfa35669a2a8735f5f9c12468bb6d1659a13d1c95444acc179e07",
    "{scrypt}$40801$AQL+/wEC/v8BAv7/AQL+/w==$DRAEgXm9WrTV57tkMdAYb4PWieXamozal8vrx8uWQiM=",
    "{bcrypt}$2a$05$50EVJsvIPWQdb..NFl.EXenh2j0TfckOEB91qQic8AAGyRfDcNJlS",
    "{argon2@SpringSecurity_v5_8}$argon2id$v=19$m=64,t=2,p=2$SgnBeE8pZcwZY8x5j9Fayw$UjYpU2WRfjE04Ub3ycSGU7JjS06eum5H+Jc/MM40m5k",
];
/// Firebase's published example hash, in Supabase's format.
const FIREBASE: &str = "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZ\
    JzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+V\
    HjoZilo78198JAdRuid5lQ==";

async fn hashes_of_other_programs_are_verified_and_upgraded(db: TestDatabase) {
    let users = HASHES.iter().enumerate();
    let users = users.map(|(number, hash)| format!("u{number}@example.com,\"{hash}\"\n"));
    let csv = format!("email,password_hash\n{}", users.collect::<String>());

    let report = imported_csv(&db, &csv).await;

    let all = HASHES.len();
    let line = format!("{all} users imported; {all} passwords");
    assert!(report.contains(&line), "{report}");
    let app = TestApp::spawn(&db).await;
    for (number, hash) in HASHES.iter().enumerate() {
        let email = format!("u{number}@example.com");
        let wrong = app.sign_in_request(&email, "correct horse 43").answer().await;
        assert_eq!(wrong.status, 401, "{hash}");
        app.sign_in(&email).await;
    }
    assert!(is_upgraded(&db).await);
    app.sign_in("u0@example.com").await;
}

async fn a_hash_of_firebase_is_verified(db: TestDatabase) {
    imported_csv(&db, &format!("email,password_hash\nada@example.com,\"{FIREBASE}\"\n")).await;

    // The signer key of the Firebase project is secret, so it must not be stored in plain text.
    let stored = values(&db, "SELECT password_hash AS value FROM accounts").await;
    assert!(!stored[0].contains("jxspr8Ki0RYycVU8"), "{stored:?}");
    let app = TestApp::spawn(&db).await;
    let wrong = app.sign_in_request("ada@example.com", "user2password").answer().await;
    assert_eq!(wrong.status, 401);
    app.sign_in_request("ada@example.com", "user1password").answer().await.signed_in();
    assert!(is_upgraded(&db).await);
}

async fn refused_hashes_are_reported_with_the_accepted_kinds(db: TestDatabase) {
    let key = "h6VdNgjwO71NIkdpPidG0suRllaYbsEdmQ+s0pNVZsM=";
    let costly = format!("pbkdf2_sha256$100000000$salt${key}");
    let none = format!("pbkdf2_sha256$0$salt${key}");
    let refused = [
        ("md5$saltsalt$1cceb2e3a5de4b97a8e34c1596b3136c", "not accepted: md5$"),
        ("$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/", "not accepted: MD5 crypt ($1$)"),
        ("$P$B984TLr0pNGtoXZ7BtRsWyXbBYL9nM.", "phpass"),
        ("{noop}hunter22", "{noop}, a password in plain text"),
        ("{MD5}1cceb2e3a5de4b97a8e34c1596b3136c", "{MD5}"),
        ("{pbkdf2}5d923b44a6d129f3ddf3e3c8d29412723dcbde72445e8ef6bf3b508fbf17fa4e", "{pbkdf2}"),
        ("1cceb2e3a5de4b97a8e34c1596b3136c", "32 hexadecimal digits, like an MD5 hash"),
        ("hunter22", "is it a password in plain text?"),
        ("hunter$22", "is it a password in plain text?"),
        ("!unusable0123456789012345678901234567890", "is it a password in plain text?"),
        (costly.as_str(), "too much memory or time"),
        (none.as_str(), "malformed"),
        ("pbkdf2_sha256$1000$salt$h6VdNgjw", "malformed"),
        ("scrypt$15$salt$8$1$h6VdNgjwO71NIkdpPidG0suRllaYbsEdmQ+s0pNVZsM=", "malformed"),
        ("scrypt:1073741824:8:1$salt$00112233445566778899aabbccddeeff", "too much memory or time"),
        ("$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==$42xEC+ixf3L2lw==$lSrfV15cpx95", "malformed"),
    ];
    let users = refused.iter().enumerate();
    let users = users.map(|(number, (hash, _))| format!("u{number}@example.com,\"{hash}\"\n"));
    let csv = file(format!("email,password_hash\n{}", users.collect::<String>()));

    let report = imported(&db, &["--from", "csv", csv.path().to_str().unwrap()]).await;

    for (number, (_, reason)) in refused.iter().enumerate() {
        let line = format!("line {}: imported without a password: ", number + 2);
        let line = report.lines().find(|said| said.starts_with(&line)).expect(&line);
        assert!(line.contains(reason), "{line}");
    }
    assert!(report.contains("accepted password hashes: bcrypt, argon2, scrypt"), "{report}");
    assert!(!report.contains("hunter") && !report.contains("1cceb2"), "{report}");
    assert_eq!(count(&db, "accounts").await, 0);
}
