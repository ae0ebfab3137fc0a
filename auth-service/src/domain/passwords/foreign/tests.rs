use super::*;

const PASSWORD: &str = "correct horse 42";
const BETTER_AUTH: &str = "000102030405060708090a0b0c0d0e0f:\
    8ed9adfc898e960d174d858ac4c12440866742e40bbdadfaf92ab0dd306633d8\
    f5b206c823ad596219b4cc0669395ea4e73b6aeb098da40879b8688fc0b1eca7";
/// Hashes of [`PASSWORD`] created by Better Auth, passlib and argon2-cffi.
const THEIRS: [&str; 9] = [
    BETTER_AUTH,
    "$2b$05$vqUhrIwkDcP5xczYxBaAteG5t5XkGQEX0cuxGPXx3TyW2dJmLyF2K",
    "$2a$05$50EVJsvIPWQdb..NFl.EXenh2j0TfckOEB91qQic8AAGyRfDcNJlS",
    "$2y$05$MCYEGWcmpjBMp8YulCdTEOkHfKUm5vxcTLgJAVd90Ni.6w7OfOQaS",
    "$argon2id$v=19$m=64,t=2,p=2$SgnBeE8pZcwZY8x5j9Fayw$\
     UjYpU2WRfjE04Ub3ycSGU7JjS06eum5H+Jc/MM40m5k",
    "$argon2i$v=19$m=64,t=2,p=1$2LtXSkmJ0dr7n5MyJuQcww$\
     Q2bbHEBPltBdxjMdWEWGh2akte9oOKsio+32xpa5hz4",
    "$argon2d$v=19$m=64,t=2,p=1$VwrhfA/hfI+xlrKWMqbUOg$\
     JazoFBIMAuJxx3AMeoOM7bm1LNmBCvnmElTgcHkXon0",
    "$argon2i$m=64,t=2,p=1$c2FsdHNhbHRzYWx0$xS4xTHZ8J9xpW6vBOX6NPp8KN+13qwws0PuS/AcrMp0",
    "$scrypt$ln=4,r=8,p=1$59zbu9cao5SSMgYgxJiz9g$EYzBnT7OE0LwjqE3pKeLFPNR9eiq25gCGullUywikMw",
];

fn fits(password: &str, stored: &str) -> bool {
    Foreign::read(stored).is_ok_and(|hash| hash.fits(password))
}

#[test]
fn hashes_of_other_programs_match_their_password_only() {
    for stored in THEIRS {
        assert!(fits(PASSWORD, stored), "{stored}");
        for other in ["", "correct horse 4", "correct horse 42 ", "\0correct horse 42"] {
            assert!(!fits(other, stored), "{other:?} fits {stored}");
        }
    }
}

#[test]
fn a_hash_of_better_auth_matches_every_unicode_form() {
    let stored = "000102030405060708090a0b0c0d0e0f:\
        75fb702ab1a09e7a3e70dc4b1ed2db37e319d6352bc9db8927d5ccfaca8b7fdd\
        4ed6a265e75b39a8a6fbb20dda18999d144da02113b81bd4ea1ff25f17f09c31";
    for same in ["\u{212b}ngström 42", "A\u{30a}ngstro\u{308}m 42"] {
        assert!(fits(same, stored), "{same}");
    }
    assert!(!fits("Angstrom 42", stored));
}

#[test]
fn a_truncated_or_modified_hash_matches_nothing() {
    for stored in THEIRS {
        let changed = format!("{}{}", &stored[..stored.len() - 8], "eeeeeeee");
        assert!(!fits(PASSWORD, &changed), "{changed} fits");
        // scrypt derives keys of any length, and a shorter key is a prefix of a longer one. A hash
        // with a truncated key therefore matches.
        let is_shorter_key = |at| stored.starts_with("$scrypt") && at > stored.len() - 25;
        for (at, _) in stored.char_indices().filter(|(at, _)| !is_shorter_key(*at)) {
            assert!(!fits(PASSWORD, &stored[..at]), "{} fits", &stored[..at]);
        }
    }
}

#[test]
fn rejects_an_invalid_hash_with_a_reason() {
    use UnusableHash::{Malformed, TooCostly, Unknown};
    let salt = "59zbu9cao5SSMgYgxJiz9g";
    let key = "EYzBnT7OE0LwjqE3pKeLFPNR9eiq25gCGullUywikMw";
    let upper = BETTER_AUTH.to_uppercase();
    for (stored, reason) in [
        (String::new(), Unknown),
        ("secret".into(), Unknown),
        ("a:b".into(), Unknown),
        ("$".into(), Unknown),
        ("$1$salt$hash".into(), Unknown),
        ("$2x$05$vqUhrIwkDcP5xczYxBaAteG5t5XkGQEX0cuxGPXx3TyW2dJmLyF2K".into(), Unknown),
        (upper, Malformed),
        (THEIRS[1].replace("$05$", "$03$"), Malformed),
        (THEIRS[1].replace("$05$", "$17$"), TooCostly),
        (THEIRS[1].replace("$05$", "$-5$"), Malformed),
        (THEIRS[1].replace('v', "ä"), Malformed),
        (format!("$scrypt$ln=0,r=8,p=1${salt}${key}"), Malformed),
        (format!("$scrypt$ln=4,r=0,p=1${salt}${key}"), Malformed),
        (format!("$scrypt$ln=4,r=8${salt}${key}"), Malformed),
        (format!("$scrypt$ln=4,r=8,p=1,x=1${salt}${key}"), Malformed),
        (format!("$scrypt$ln=4,r=8,p=1${salt}$EYzB"), Malformed),
        (format!("$scrypt$ln=18,r=8,p=1${salt}${key}"), TooCostly),
        (format!("$scrypt$ln=64,r=8,p=1${salt}${key}"), TooCostly),
        (format!("$scrypt$ln=300,r=8,p=1${salt}${key}"), TooCostly),
        (format!("$scrypt$ln=4,r=4294967295,p=4294967295${salt}${key}"), TooCostly),
        (format!("$scrypt$ln=16,r=8,p=17${salt}${key}"), TooCostly),
        (format!("$argon2id$v=18$m=64,t=2,p=1${salt}${key}"), Malformed),
        (format!("$argon2id$v=19$m=64,t=0,p=1${salt}${key}"), Malformed),
        (format!("$argon2id$v=19$m=7,t=2,p=1${salt}${key}"), Malformed),
        (format!("$argon2id$v=19$m=64,t=2,p=9${salt}${key}"), Malformed),
        (format!("$argon2id$v=19$m=64,t=2,p=1$c2FsdA${key}"), Malformed),
        (format!("$argon2id$v=19$m=64,t=2,p=1,keyid=YQ${salt}${key}"), Malformed),
        (format!("$argon2id$v=19$m=262145,t=1,p=1${salt}${key}"), TooCostly),
        (format!("$argon2id$v=19$m=262144,t=5,p=1${salt}${key}"), TooCostly),
        (format!("$argon2id$v=19$m=4294967295,t=4294967295,p=1${salt}${key}"), TooCostly),
    ] {
        assert_eq!(Foreign::read(&stored).err(), Some(reason), "{stored}");
    }
}

#[test]
fn accepts_common_configurations() {
    let salt = "59zbu9cao5SSMgYgxJiz9g";
    let key = "EYzBnT7OE0LwjqE3pKeLFPNR9eiq25gCGullUywikMw";
    for cost in [
        "$scrypt$ln=17,r=8,p=1",
        "$scrypt$ln=13,r=8,p=10",
        "$argon2id$v=19$m=65536,t=3,p=4",
        "$argon2id$v=19$m=102400,t=2,p=8",
        "$argon2id$v=19$m=262144,t=3,p=1",
    ] {
        assert!(Foreign::read(&format!("{cost}${salt}${key}")).is_ok(), "{cost}");
    }
}
