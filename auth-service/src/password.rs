//! Password hashing: off the async threads, bounded, and of equal cost for everybody. Ours is one
//! room, what others hashed before they came here is another.

mod bcrypt_sha256;
mod foreign;

use std::{
    hint::black_box,
    ops::RangeInclusive,
    time::{Duration, Instant},
};

use actix_web::web;
use base64::{
    alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use rustix::time::{ClockId, clock_gettime};
use service_kit::metrics::{Counter, Histogram, Sheet};
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization as _;

use self::{bcrypt_sha256::BcryptSha256, foreign::Foreign};
use crate::error::{Error, Result};

/// In UTF-16 code units, as JavaScript counts.
const MIN_UNITS: usize = 8;
const MAX_UNITS: usize = 128;

/// How many passwords may wait to be hashed before clients are sent away.
const MAX_WAITING: usize = 256;

/// From the least bcrypt knows to what takes seconds.
const BCRYPT_COSTS: RangeInclusive<u32> = 4..=16;
/// Of bcrypt's 24 bytes only 23 are kept, by tradition.
const BCRYPT_DIGEST_BYTES: usize = 23;
const BCRYPT_BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::BCRYPT,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// Refuses what is longer than any password, before anything is hashed.
pub(crate) fn check_max_length(password: &str) -> Result<()> {
    if password.encode_utf16().nth(MAX_UNITS).is_some() {
        return Err(Error::PasswordTooLong);
    }
    Ok(())
}

/// Refuses what cannot become a password.
pub(crate) fn check_length(password: &str) -> Result<()> {
    if password.encode_utf16().nth(MIN_UNITS - 1).is_none() {
        return Err(Error::PasswordTooShort);
    }
    check_max_length(password)
}

/// The one form of a password that keyboards write in several ways; the original's too.
fn nfkc(password: &str) -> String {
    password.nfkc().collect()
}

/// Why a stored hash fits no password at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UnusableHash {
    #[error("its password hash is of an unknown kind")]
    Unknown,
    #[error("its password hash is malformed")]
    Malformed,
    #[error("its password hash would take too much memory or time to verify")]
    TooCostly,
}

/// Whether any password could fit a stored hash.
pub(crate) fn check_usable(stored: &str) -> std::result::Result<(), UnusableHash> {
    Stored::read(stored).map(drop)
}

/// Hashes and verifies, at most one password per core at a time.
pub(crate) struct Passwords {
    cost: u32,
    cores: usize,
    running: Semaphore,
    places: Semaphore,
    waits: Histogram,
    durations: Histogram,
    refusals: Counter,
    /// A hash of no password at all, verified when there is no user: an unknown address must
    /// cost as much as a wrong password.
    dummy: String,
}

impl Passwords {
    pub(crate) fn new(cost: u32) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            cost,
            cores,
            running: Semaphore::new(cores),
            places: Semaphore::new(cores + MAX_WAITING),
            waits: Histogram::default(),
            durations: Histogram::default(),
            refusals: Counter::default(),
            dummy: bcrypt_sha256::unmatchable(cost),
        }
    }

    pub(crate) async fn hash(&self, password: String) -> Result<String> {
        let cost = self.cost;
        self.queue(move || bcrypt_sha256::hash(&password, cost)).await
    }

    /// Whether the password fits the stored hash. Without one it never does, at the same cost.
    pub(crate) async fn verify(&self, password: &str, stored: Option<&str>) -> Result<bool> {
        let is_known = stored.is_some();
        let stored = stored.unwrap_or(&self.dummy).to_owned();
        let (password, cost) = (password.to_owned(), self.cost);
        let fits = self.queue(move || verify(&password, &stored, cost));
        Ok(fits.await? && is_known)
    }

    /// Whether a hash should be made anew once the password is at hand.
    pub(crate) fn is_outdated(&self, stored: &str) -> bool {
        match Stored::read(stored) {
            Ok(Stored::Ours(hash)) => hash.cost < self.cost,
            Ok(Stored::Foreign(_)) | Err(_) => true,
        }
    }

    async fn queue<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let full = |_error| {
            self.refusals.count();
            Error::TooManyPasswords
        };
        let _place = self.places.try_acquire().map_err(full)?;
        let came = Instant::now();
        let _turn = self.running.acquire().await.map_err(|_error| Error::TooManyPasswords)?;
        let began = Instant::now();
        self.waits.observe(began - came);
        let done = web::block(work).await?;
        self.durations.observe(began.elapsed());
        Ok(done)
    }

    pub(crate) fn show(&self, sheet: &mut Sheet) {
        let running = self.cores.saturating_sub(self.running.available_permits());
        let taken = (self.cores + MAX_WAITING).saturating_sub(self.places.available_permits());
        sheet.gauge("password_hashes_running", "Passwords that are being hashed", running);
        sheet.gauge(
            "password_hashes_waiting",
            "Passwords that wait to be hashed",
            taken.saturating_sub(running),
        );
        for (name, help, durations) in [
            ("password_hash_wait_seconds", "How long passwords waited to be hashed", &self.waits),
            ("password_hash_seconds", "How long hashing a password took", &self.durations),
        ] {
            sheet.histogram(name, help, durations.totals());
        }
        sheet.counter(
            "password_hash_refusals",
            "Passwords that were sent away because too many waited",
            self.refusals.total(),
        );
    }
}

enum Stored<'a> {
    Ours(BcryptSha256<'a>),
    Foreign(Foreign),
}

impl<'a> Stored<'a> {
    fn read(stored: &'a str) -> std::result::Result<Self, UnusableHash> {
        match BcryptSha256::read(stored) {
            Some(ours) => ours.map(Self::Ours),
            None => Foreign::read(stored).map(Self::Foreign),
        }
    }
}

/// Whether a password fits a stored hash, in the time that a hash of `cost` takes. A hash that
/// cannot be read fits nothing.
fn verify(password: &str, stored: &str, cost: u32) -> bool {
    let started = time_worked();
    let fits = match Stored::read(stored) {
        Ok(Stored::Ours(hash)) => {
            let fits = hash.fits(password);
            if hash.cost >= cost {
                return fits;
            }
            fits
        }
        Ok(Stored::Foreign(hash)) => hash.fits(password),
        Err(_) => false,
    };
    make_up_for(started, cost);
    fits
}

/// Goes on working until this thread has worked for as long as one of our hashes takes: one of
/// another kind, or from before the cost was raised, verifies in another time than the dummy,
/// which would tell known addresses from unknown ones. What takes longer than ours cannot be
/// hidden, except by raising the cost.
fn make_up_for(started: Duration, cost: u32) {
    // Each step of the cost doubles the work. A small one says how long the others take on this
    // machine at this moment, and each one that is worked off says it more exactly.
    let (mut rounds, mut worked) = (0, Duration::ZERO);
    let mut work = |step: u32| {
        let began = time_worked();
        black_box(bcrypt::bcrypt(step, [0; 16], &[0]));
        rounds += 1 << step;
        worked += time_worked().saturating_sub(began);
        worked / rounds
    };
    let smallest = *BCRYPT_COSTS.start();
    let mut round = work(cost.saturating_sub(5).max(smallest));
    for step in (smallest..cost).rev() {
        let spent = time_worked().saturating_sub(started);
        if spent + round * (1 << step) <= round * (1 << cost) {
            round = work(step);
        }
    }
}

/// How long this thread has worked, waiting for its turn on a busy machine not included.
fn time_worked() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_of_every_kind_are_verified_and_all_but_ours_are_outdated() {
        let passwords = Passwords::new(5);
        let ours = bcrypt_sha256::hash("correct horse 42", 5);
        let earlier = bcrypt_sha256::hash("correct horse 42", 4);
        let bcrypt = "$2b$05$vqUhrIwkDcP5xczYxBaAteG5t5XkGQEX0cuxGPXx3TyW2dJmLyF2K";
        for (stored, is_outdated) in [(&*ours, false), (&*earlier, true), (bcrypt, true)] {
            assert!(verify("correct horse 42", stored, 5), "{stored}");
            assert!(!verify("battery staple 7", stored, 5), "{stored}");
            assert_eq!(passwords.is_outdated(stored), is_outdated, "{stored}");
        }
        assert!(!verify("", "", 5));
        assert!(passwords.is_outdated(""));
    }

    #[test]
    fn lengths_are_counted_in_utf16_units() {
        assert!(matches!(check_length("1234567"), Err(Error::PasswordTooShort)));
        assert!(check_length("🔑🔑🔑🔑").is_ok());
        assert!(check_length(&"🔑".repeat(64)).is_ok());
        assert!(matches!(check_length(&("🔑".repeat(64) + "1")), Err(Error::PasswordTooLong)));
    }
}
