//! Checks of new passwords, conversion of imported hashes, and hashing and verification on blocking
//! threads, with limited concurrency. `bcrypt_sha256` implements the hashes that this service
//! creates, `foreign` those of other programs.

mod bcrypt_encoding;
mod bcrypt_sha256;
mod compromised;
mod firebase;
mod foreign;
mod lenient_base64;
mod normalization;
mod pbkdf2;
mod phc;
mod spelling;
mod unusable_hash;

use std::time::{Duration, Instant};

use telemetry::metrics::{Counter, Histogram, Sheet};
use tokio::{
    sync::Semaphore,
    task::{JoinError, spawn_blocking},
    time::timeout,
};

pub(crate) use self::compromised::BlocklistError;
use self::{
    bcrypt_sha256::BcryptSha256, compromised::Blocklist, foreign::Foreign,
    unusable_hash::UnusableHash,
};
use crate::config::Config;

/// Minimum length of a password in UTF-16 code units, the unit of JavaScript's `length`.
pub(crate) const MIN_UNITS: usize = 8;
/// Maximum length of a password in UTF-16 code units.
pub(crate) const MAX_UNITS: usize = 128;

/// Maximum number of queued passwords. Further requests are rejected.
const MAX_WAITING: usize = 256;
/// Maximum time in the queue; shorter than the usual timeout of proxies.
const MAX_WAIT: Duration = Duration::from_secs(30);

/// Reasons why a password was rejected, or could not be hashed or verified.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PasswordError {
    #[error("password too short")]
    TooShort,
    #[error("password too long")]
    TooLong,
    #[error("the password is on a list of compromised passwords")]
    Compromised,
    #[error("password hashing queue is full")]
    QueueFull,
    #[error("background task panicked")]
    Panicked(#[from] JoinError),
}

/// Rejects a password that exceeds the maximum length, so that it is never hashed.
pub(crate) fn check_max_length(password: &str) -> Result<(), PasswordError> {
    if password.encode_utf16().nth(MAX_UNITS).is_some() {
        return Err(PasswordError::TooLong);
    }
    Ok(())
}

/// Rejects a new password that is too short or too long.
fn check_length(password: &str) -> Result<(), PasswordError> {
    if password.encode_utf16().nth(MIN_UNITS - 1).is_none() {
        return Err(PasswordError::TooShort);
    }
    check_max_length(password)
}

/// Converts an imported hash into its stored form. If no password can be verified with the hash,
/// returns the reason as an error message.
pub(crate) fn import_hash(hash: &str) -> Result<String, String> {
    let reason = |error: UnusableHash| match error {
        UnusableHash::Unknown => {
            format!("its password hash is not accepted: {}", spelling::kind(hash))
        }
        error => error.to_string(),
    };
    let stored = spelling::canonical(hash).map_err(reason)?;
    Stored::read(&stored).map_err(reason)?;
    Ok(stored)
}

/// Description of the hashes that [`import_hash`] accepts, for messages.
pub(crate) use spelling::ACCEPTED as ACCEPTED_HASHES;

/// Hasher and verifier of passwords, which runs at most one hash per core at a time.
pub(crate) struct Passwords {
    cost: u32,
    blocklist: Blocklist,
    cores: usize,
    running: Semaphore,
    places: Semaphore,
    max_wait: Duration,
    waits: Histogram,
    durations: Histogram,
    refusals: Counter,
    /// A hash that no password matches. It is verified if there is no stored hash, so that sign-in
    /// with an unknown address takes as long as with a wrong password.
    dummy: String,
}

impl Passwords {
    pub(crate) fn configured(config: &Config) -> Result<Self, BlocklistError> {
        let file = config.compromised_passwords_file.as_deref();
        let blocklist = Blocklist::load(config.refuse_common_passwords, file)?;
        Ok(Self::new(config.bcrypt_cost, blocklist))
    }

    fn new(cost: u32, blocklist: Blocklist) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            cost,
            blocklist,
            cores,
            running: Semaphore::new(cores),
            places: Semaphore::new(cores + MAX_WAITING),
            max_wait: MAX_WAIT,
            waits: Histogram::default(),
            durations: Histogram::default(),
            refusals: Counter::default(),
            dummy: bcrypt_sha256::unmatchable(cost),
        }
    }

    /// Rejects a new password that has an invalid length or is known to be compromised.
    pub(crate) fn check_new(&self, password: &str) -> Result<(), PasswordError> {
        check_length(password)?;
        if self.blocklist.contains(password) {
            return Err(PasswordError::Compromised);
        }
        Ok(())
    }

    pub(crate) async fn hash(&self, password: String) -> Result<String, PasswordError> {
        let cost = self.cost;
        self.queue(move || bcrypt_sha256::hash(&password, cost)).await
    }

    /// Returns whether the password matches the stored hash. Without a hash, returns false after as
    /// much time as it takes to verify a hash that this service creates.
    pub(crate) async fn verify(
        &self,
        password: &str,
        stored: Option<&str>,
    ) -> Result<bool, PasswordError> {
        let is_known = stored.is_some();
        let stored = stored.unwrap_or(&self.dummy).to_owned();
        let password = password.to_owned();
        let fits = self.queue(move || verify(&password, &stored));
        Ok(fits.await? && is_known)
    }

    /// Returns whether a hash should be replaced, because it has a lower cost than configured or
    /// was not created by this service.
    pub(crate) fn is_outdated(&self, stored: &str) -> bool {
        match Stored::read(stored) {
            Ok(Stored::Ours(hash)) => hash.cost < self.cost,
            Ok(Stored::Foreign(_)) | Err(_) => true,
        }
    }

    async fn queue<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        let refused = || {
            self.refusals.count();
            PasswordError::QueueFull
        };
        let _place = self.places.try_acquire().map_err(|_full| refused())?;
        let came = Instant::now();
        let turn = timeout(self.max_wait, self.running.acquire()).await;
        let _turn = turn.ok().and_then(Result::ok).ok_or_else(refused)?;
        let began = Instant::now();
        self.waits.observe(began - came);
        let done = spawn_blocking(work).await?;
        self.durations.observe(began.elapsed());
        Ok(done)
    }

    pub(crate) fn show(&self, sheet: &mut Sheet) {
        let running = self.cores.saturating_sub(self.running.available_permits());
        let taken = (self.cores + MAX_WAITING).saturating_sub(self.places.available_permits());
        sheet.gauge("password_hashes_running", "Number of passwords being hashed", running);
        sheet.gauge(
            "password_hashes_waiting",
            "Number of passwords waiting to be hashed",
            taken.saturating_sub(running),
        );
        for (name, help, durations) in [
            ("password_hash_wait_seconds", "Time that passwords waited to be hashed", &self.waits),
            ("password_hash_seconds", "Time to hash or verify a password", &self.durations),
        ] {
            sheet.histogram(name, help, durations.totals());
        }
        sheet.counter(
            "password_hash_refusals",
            "Passwords rejected because the hashing queue was full or too slow",
            self.refusals.total(),
        );
    }
}

enum Stored<'a> {
    Ours(BcryptSha256<'a>),
    Foreign(Foreign),
}

impl<'a> Stored<'a> {
    fn read(stored: &'a str) -> Result<Self, UnusableHash> {
        match BcryptSha256::read(stored) {
            Some(ours) => ours.map(Self::Ours),
            None => Foreign::read(stored).map(Self::Foreign),
        }
    }
}

/// Returns whether a password matches a stored hash. An invalid hash matches nothing.
fn verify(password: &str, stored: &str) -> bool {
    match Stored::read(stored) {
        Ok(Stored::Ours(hash)) => hash.fits(password),
        Ok(Stored::Foreign(hash)) => hash.fits(password),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_of_every_kind_are_verified_and_all_but_ours_are_outdated() {
        let passwords = Passwords::new(5, Blocklist::default());
        let ours = bcrypt_sha256::hash("correct horse 42", 5);
        let earlier = bcrypt_sha256::hash("correct horse 42", 4);
        let bcrypt = "$2b$05$vqUhrIwkDcP5xczYxBaAteG5t5XkGQEX0cuxGPXx3TyW2dJmLyF2K";
        for (stored, is_outdated) in [(&*ours, false), (&*earlier, true), (bcrypt, true)] {
            assert!(verify("correct horse 42", stored), "{stored}");
            assert!(!verify("battery staple 7", stored), "{stored}");
            assert_eq!(passwords.is_outdated(stored), is_outdated, "{stored}");
        }
        assert!(!verify("", ""));
        assert!(passwords.is_outdated(""));
    }

    #[tokio::test]
    async fn a_password_does_not_wait_beyond_the_limit() {
        let mut passwords = Passwords::new(4, Blocklist::default());
        passwords.max_wait = Duration::ZERO;
        let running = passwords.running.acquire_many(passwords.cores.try_into().unwrap()).await;
        let waited = passwords.hash("correct horse 42".to_owned()).await;
        assert!(matches!(waited, Err(PasswordError::QueueFull)), "{waited:?}");
        drop(running);
        assert!(passwords.hash("correct horse 42".to_owned()).await.is_ok());
    }

    #[test]
    fn lengths_are_counted_in_utf16_units() {
        assert!(matches!(check_length("1234567"), Err(PasswordError::TooShort)));
        assert!(check_length("🔑🔑🔑🔑").is_ok());
        assert!(check_length(&"🔑".repeat(64)).is_ok());
        assert!(matches!(check_length(&("🔑".repeat(64) + "1")), Err(PasswordError::TooLong)));
    }
}
