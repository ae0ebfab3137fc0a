//! Protection against password guessing: back-offs per account, whether the account exists or not.
//!
//! A client that guesses the password of an account has to wait longer and longer. The attempts of
//! all clients in a network are also counted together, with a higher limit, so that a subscriber
//! with many addresses does not get the free attempts of many clients. Clients from many networks
//! that guess at the same account share a back-off. Clients in networks from which the user has
//! signed in before are exempt from the back-offs shared with other clients. Existing sessions are
//! not affected: passwords checked inside a session are counted separately.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
    time::Duration,
};

use database::{Database, Unavailable, sql_types::DbTime};
use service_kit::Clock;

use crate::{
    domain::{
        passwords::{PasswordError, Passwords},
        throttle::{Attempts, Key, Rule, ThrottleError},
    },
    store::{PasswordHash, SignInNetwork, StoreError, User},
};

const fn back_off(free: u32, first_seconds: u64, longest: Duration) -> Rule {
    Rule::BackOff { free, first: Duration::from_secs(first_seconds), longest }
}

/// Limit for one client on one account.
const BY_CLIENT: Rule = back_off(BY_CLIENT_FREE, 10, Duration::from_hours(1));
const BY_CLIENT_FREE: u32 = 5;
/// Prefix lengths of the networks around a client, each with its number of free attempts. For IPv6,
/// /48 is the network of one subscriber, and /32 that of a provider.
const GROUPS_V4: [(u32, u32); 1] = [(24, 10)];
const GROUPS_V6: [(u32, u32); 2] = [(48, 10), (32, 20)];
/// Limit for all clients on one account. While this limit has free attempts left, it counts only
/// attempts that the limits of the client and of the networks around the client allow without a
/// wait. Therefore, only clients from several networks together can reach it.
const BY_ALL: Rule = back_off(BY_ALL_FREE, 1, Duration::from_mins(5));
const BY_ALL_FREE: u32 = 50;
/// Time for which a network counts as known after the last sign-in from it.
pub(crate) const NETWORK_MEMORY: Duration = Duration::from_hours(24 * 90);
/// Limit for all sessions of one account.
const IN_SESSIONS: Rule =
    Rule::BackOff { free: 5, first: Duration::from_secs(10), longest: Duration::from_mins(15) };

type Result<T, E = ThrottleError> = std::result::Result<T, E>;

/// Reasons why the password of a signed-in user could not be confirmed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfirmError {
    #[error("user has no password")]
    NoPassword,
    #[error("wrong password")]
    WrongPassword,
    #[error(transparent)]
    Password(#[from] PasswordError),
    #[error(transparent)]
    Throttle(#[from] ThrottleError),
    #[error("database unavailable")]
    Unavailable(#[from] Unavailable),
    #[error("database query failed")]
    Sql(#[from] StoreError),
}

pub(crate) struct LoginThrottle {
    is_enabled: bool,
    attempts: Arc<Attempts>,
    database: Database,
    clock: Clock,
}

/// A permitted attempt. It counts as wrong until [`Guess::was_right`] is called, so that concurrent
/// attempts cannot exceed the limits.
#[must_use]
pub(crate) struct Guess<'a> {
    attempts: &'a Attempts,
    counted: Vec<(Key, Rule)>,
}

impl LoginThrottle {
    pub(crate) fn new(
        is_enabled: bool,
        attempts: &Arc<Attempts>,
        database: &Database,
        clock: &Clock,
    ) -> Self {
        let (attempts, database) = (attempts.clone(), database.clone());
        Self { is_enabled, attempts, database, clock: clock.clone() }
    }

    /// Counts an attempt to sign in with this e-mail address. Returns an error if the client has to
    /// wait.
    pub(crate) async fn at_sign_in(&self, email: &str, client: IpAddr) -> Result<Guess<'_>> {
        let mut guess = self.guess();
        if !self.is_enabled {
            return Ok(guess);
        }
        let by_all = Key::of(&["guess", email]);
        let (by_client, groups) = (client_key(email, client), groups_of(email, client));
        // All limits are checked before anything is counted, because refused attempts are not
        // counted. The client's own limit is the strictest, so it is checked first.
        self.attempts.peek(by_client, BY_CLIENT).await?;
        let tried_by_all = match self.peek(by_all, &groups).await {
            Err(ThrottleError::TooManyAttempts { .. }) if self.is_known(email, client).await? => {
                None
            }
            peeked => Some(peeked?),
        };
        let tried_by_client = guess.count(by_client, BY_CLIENT).await?;
        let Some(tried_by_all) = tried_by_all else { return Ok(guess) };
        let mut is_free = tried_by_client <= BY_CLIENT_FREE;
        for (key, free) in groups {
            is_free &= guess.count(key, by_group(free)).await? <= free;
        }
        if is_free || tried_by_all >= BY_ALL_FREE {
            guess.count(by_all, BY_ALL).await?;
        }
        Ok(guess)
    }

    /// Counts a password check of a signed-in user. Returns an error if the user has to wait.
    async fn in_session(&self, user_id: &str) -> Result<Guess<'_>> {
        let mut guess = self.guess();
        if self.is_enabled {
            guess.count(Key::of(&["confirm", user_id]), IN_SESSIONS).await?;
        }
        Ok(guess)
    }

    fn guess(&self) -> Guess<'_> {
        Guess { attempts: &self.attempts, counted: Vec::new() }
    }

    /// Returns the number of attempts in the count for all clients. Returns an error if clients that
    /// are not known have to wait because of this count or the count of a network in `groups`.
    async fn peek(&self, by_all: Key, groups: &[(Key, u32)]) -> Result<u32> {
        for (key, free) in groups {
            self.attempts.peek(*key, by_group(*free)).await?;
        }
        self.attempts.peek(by_all, BY_ALL).await
    }

    /// Returns whether the user with this e-mail address has signed in from the client's network
    /// within the last [`NETWORK_MEMORY`].
    async fn is_known(&self, email: &str, client: IpAddr) -> Result<bool> {
        let conn = &mut self.database.read().await?;
        let Some(user) = User::find_by_email(conn, email).await? else { return Ok(false) };
        let network = network_key(&user.id, client);
        let since = DbTime(self.clock.now() - NETWORK_MEMORY);
        Ok(SignInNetwork::exists(conn, &network.0, since).await?)
    }

    /// Resets the client's count of attempts on this account after a password reset, which proves
    /// that the user controls the e-mail address.
    pub(crate) async fn forgive(&self, email: &str, client: IpAddr) -> Result<()> {
        self.attempts.forget(client_key(email, client), BY_CLIENT).await
    }

    /// Checks the password of a signed-in user. Returns the hash that it matches.
    pub(crate) async fn confirm(
        &self,
        passwords: &Passwords,
        user_id: &str,
        password: &str,
    ) -> Result<String, ConfirmError> {
        let hash = PasswordHash::find(&mut self.database.read().await?, user_id).await?.0;
        let hash = hash.ok_or(ConfirmError::NoPassword)?;
        let guess = self.in_session(user_id).await?;
        if !passwords.verify(password, Some(&hash)).await? {
            return Err(ConfirmError::WrongPassword);
        }
        guess.was_right().await?;
        Ok(hash)
    }
}

impl Guess<'_> {
    async fn count(&mut self, key: Key, rule: Rule) -> Result<u32> {
        let count = self.attempts.count(key, rule).await?;
        self.counted.push((key, rule));
        Ok(count)
    }

    /// Resets the counts, because the password was correct.
    pub(crate) async fn was_right(self) -> Result<()> {
        for (key, rule) in self.counted {
            self.attempts.forget(key, rule).await?;
        }
        Ok(())
    }
}

fn client_key(email: &str, client: IpAddr) -> Key {
    Key::of(&["guess", email, &client.to_string()])
}

fn by_group(free: u32) -> Rule {
    back_off(free, 10, Duration::from_hours(1))
}

/// Returns the keys of the networks that contain a client, each with its number of free attempts.
fn groups_of(email: &str, client: IpAddr) -> Vec<(Key, u32)> {
    let lengths: &[_] = match client {
        IpAddr::V4(_) => &GROUPS_V4,
        IpAddr::V6(_) => &GROUPS_V6,
    };
    lengths
        .iter()
        .map(|(length, free)| {
            let network = format!("{}/{length}", truncate(client, *length));
            (Key::of(&["guess", email, &network]), *free)
        })
        .collect()
}

fn truncate(address: IpAddr, length: u32) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32 - length).unwrap_or_default();
            Ipv4Addr::from_bits(address.to_bits() & mask).into()
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - length).unwrap_or_default();
            Ipv6Addr::from_bits(address.to_bits() & mask).into()
        }
    }
}

fn network_key(user_id: &str, client: IpAddr) -> Key {
    Key::of(&["network", user_id, &client.to_string()])
}

/// Returns the row that records the network of a sign-in.
pub(crate) fn sign_in_network(user_id: &str, client: IpAddr, now: DbTime) -> SignInNetwork {
    SignInNetwork {
        network: network_key(user_id, client).0.to_vec(),
        user_id: user_id.to_owned(),
        seen_at: now,
    }
}
