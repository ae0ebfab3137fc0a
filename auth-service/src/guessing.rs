//! Against guessing passwords: back-offs per account, whether it exists or not.
//!
//! One client that guesses at an account has to wait longer and longer, and nobody else does. Many
//! clients that guess at the same account have to wait together. Neither touches sessions that
//! exist: a password asked for inside one is counted by itself.

use std::{net::IpAddr, time::Duration};

use crate::{
    attempts::{Key, Rule},
    error::{Error, Result},
    models::PasswordHash,
    state::AppState,
};

/// One client at one account.
const BY_CLIENT: Rule = Rule::BackOff {
    free: BY_CLIENT_FREE,
    first: Duration::from_secs(10),
    longest: Duration::from_hours(1),
};
const BY_CLIENT_FREE: u32 = 5;
/// All clients at one account. Each adds what it may try freely and no more, so it takes several.
const BY_ALL: Rule =
    Rule::BackOff { free: 20, first: Duration::from_secs(1), longest: Duration::from_mins(5) };
const BY_ALL_FREE: u32 = 20;
/// Inside the sessions of one account.
const IN_SESSIONS: Rule =
    Rule::BackOff { free: 5, first: Duration::from_secs(10), longest: Duration::from_mins(15) };

/// A guess that was let through. It counts as wrong until it is known to be right, so that many
/// at once win nothing.
#[must_use]
pub(crate) struct Guess<'a> {
    state: &'a AppState,
    counted: Vec<(Key, Rule)>,
}

impl<'a> Guess<'a> {
    /// At the password of an address, by a client that is not signed in.
    pub(crate) async fn at_sign_in(
        state: &'a AppState,
        email: &str,
        client: IpAddr,
    ) -> Result<Self> {
        let mut guess = Self { state, counted: Vec::new() };
        if !state.rate_limit {
            return Ok(guess);
        }
        let by_all = Key::of(&["guess", email]);
        // Who has to wait for others has not tried.
        let tried_by_all = state.attempts.peek(by_all, BY_ALL, state.clock.now()).await?;
        let by_client = Key::of(&["guess", email, &client.to_string()]);
        let tried_by_client = guess.count(by_client, BY_CLIENT).await?;
        if tried_by_client <= BY_CLIENT_FREE || tried_by_all >= BY_ALL_FREE {
            guess.count(by_all, BY_ALL).await?;
        }
        Ok(guess)
    }

    /// At the password of somebody who is signed in.
    pub(crate) async fn in_session(state: &'a AppState, user_id: &str) -> Result<Self> {
        let mut guess = Self { state, counted: Vec::new() };
        if state.rate_limit {
            guess.count(Key::of(&["confirm", user_id]), IN_SESSIONS).await?;
        }
        Ok(guess)
    }

    async fn count(&mut self, key: Key, rule: Rule) -> Result<u32> {
        let count = self.state.attempts.count(key, rule, self.state.clock.now()).await?;
        self.counted.push((key, rule));
        Ok(count)
    }

    /// The password was right: nobody was guessing.
    pub(crate) async fn was_right(self) -> Result<()> {
        for (key, rule) in self.counted {
            self.state.attempts.forget(key, rule).await?;
        }
        Ok(())
    }
}

/// Checks the password of somebody who is signed in: the hash that it fits.
pub(crate) async fn confirm(state: &AppState, user_id: &str, password: &str) -> Result<String> {
    let hash = PasswordHash::find(&mut state.read().await?.conn(), user_id).await?.0;
    let hash = hash.ok_or(Error::CredentialAccountNotFound)?;
    let guess = Guess::in_session(state, user_id).await?;
    if !state.passwords.verify(password, Some(&hash)).await? {
        return Err(Error::InvalidPassword);
    }
    guess.was_right().await?;
    Ok(hash)
}
