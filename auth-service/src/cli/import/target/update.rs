//! Adds missing data to existing users (`--update`).

use super::{Draft, Target, accounts::usable_hash, judge::email_verified};
use crate::{
    cli::import::{candidate::Candidate, report::Report},
    domain::passwords::import_hash,
    store::{ImportUpdate, KnownRows, PROVIDER_CREDENTIAL, UserRow},
};

impl Target {
    /// Adds missing data, except data that the user may have removed on purpose.
    pub(super) fn add_update(
        &self,
        candidate: &Candidate,
        user: &UserRow,
        known: &KnownRows,
        draft: &mut Draft,
        report: &mut Report,
    ) {
        let mut credentials = known.accounts.iter().filter(|account| {
            account.user_id == user.id && account.provider_id == PROVIDER_CREDENTIAL
        });
        let account = credentials.next();
        let password = account.and_then(|account| account.password_hash.as_deref());
        let theirs = candidate.accounts.iter().find(|account| account.password_hash.is_some());
        let their_hash = theirs.and_then(|account| account.password_hash.as_deref());
        let is_same_password = their_hash
            .and_then(|hash| import_hash(hash).ok())
            .is_some_and(|hash| Some(hash.as_str()) == password);
        let mut update = ImportUpdate {
            user_id: user.id.clone(),
            updated_at: user.updated_at,
            name: None,
            image: None,
            email_verified: None,
            password_hash: None,
        };
        // Name and image are added only if the user's row has not changed here since sign-up or
        // import: otherwise, the user may have cleared them.
        let imported_at = candidate.updated_at.as_deref().and_then(|at| self.time_or_now(Some(at)));
        if user.updated_at == user.created_at || imported_at == Some(user.updated_at) {
            let name = candidate.name.trim();
            update.name = (user.name.is_empty() && !name.is_empty()).then(|| name.to_owned());
            update.image = candidate.image.clone().filter(|_| user.image.is_none());
        }
        if !user.email_verified && email_verified(candidate, report) {
            // A stranger may have signed up here with this address, so the user must have the id
            // or the password of the candidate, or no password. A candidate with an id gets here
            // only if the user has the same id.
            if candidate.id.is_some() || password.is_none() || is_same_password {
                update.email_verified = Some(true);
            } else {
                let what = "stays unverified: the user has a password that is not from this source";
                report.note(&candidate.place, what);
            }
        }
        if let (Some(_), None, Some(theirs)) = (account, password, theirs) {
            update.password_hash = usable_hash(candidate, theirs, report);
            draft.counts.passwords += u64::from(update.password_hash.is_some());
        }
        let before = draft.page.accounts.len();
        self.add_accounts(candidate, &user.id, known, draft, report);
        if !update.is_empty() || draft.page.accounts.len() > before {
            draft.counts.updated += 1;
        }
        if !update.is_empty() {
            draft.page.updates.push(update);
        }
    }
}
