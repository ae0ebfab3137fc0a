//! Accounts (ways to sign in) of an imported user.

use std::collections::HashSet;

use database::sql_types::DbTime;
use uuid::Uuid;

use super::{Draft, Target};
use crate::{
    cli::import::{
        candidate::{Candidate, CandidateAccount},
        report::Report,
    },
    domain::passwords,
    store::{AccountRow, KnownRows, PROVIDER_CREDENTIAL},
};

impl Target {
    /// Adds the accounts that the user does not have yet.
    pub(super) fn add_accounts(
        &self,
        candidate: &Candidate,
        user_id: &str,
        known: &KnownRows,
        draft: &mut Draft,
        report: &mut Report,
    ) {
        let of_user = known.accounts.iter().filter(|account| account.user_id == user_id);
        let mut seen: HashSet<_> =
            of_user.map(|row| (row.provider_id.clone(), row.account_id.clone())).collect();
        let has_password = seen.iter().any(|(provider, _)| provider == PROVIDER_CREDENTIAL);
        let mut password: Option<String> = None;
        for account in &candidate.accounts {
            let is_credential = account.provider_id == PROVIDER_CREDENTIAL;
            if is_credential {
                if has_password {
                    continue;
                }
                let Some(hash) = usable_hash(candidate, account, report) else { continue };
                if let Some(first) = &password {
                    if *first != hash {
                        report.note(&candidate.place, "has several passwords: the first is used");
                    }
                    continue;
                }
                password = Some(hash);
            }
            let ids = [Some(&account.provider_id), account.account_id.as_ref()];
            if ids.into_iter().flatten().any(|id| id.contains('\0')) {
                report.note(&candidate.place, "an account is not imported: its id contains NUL");
                continue;
            }
            let account_id = match &account.account_id {
                Some(id) if !is_credential => id.clone(),
                _ => user_id.to_owned(),
            };
            if !seen.insert((account.provider_id.clone(), account_id.clone())) {
                continue;
            }
            if is_credential {
                draft.counts.passwords += 1;
            } else {
                draft.counts.other_accounts += 1;
            }
            let hash = password.clone().filter(|_| is_credential);
            let row = self.account_row(account, (user_id, account_id), hash, known, draft);
            draft.page.accounts.push(row);
        }
    }

    fn account_row(
        &self,
        account: &CandidateAccount,
        (user_id, account_id): (&str, String),
        password_hash: Option<String>,
        known: &KnownRows,
        draft: &mut Draft,
    ) -> AccountRow {
        let now = self.time_or_now(None);
        let time = |text: Option<&str>| self.time_or_now(text).or(now).unwrap_or(DbTime(self.now));
        // Two sources may use the same serial id for different accounts.
        let is_free = |id: &String| !known.account_ids.contains(id) && !id.contains('\0');
        let id =
            account.id.clone().filter(is_free).filter(|id| draft.account_ids.insert(id.clone()));
        AccountRow {
            id: id.unwrap_or_else(|| Uuid::now_v7().to_string()),
            user_id: user_id.to_owned(),
            provider_id: account.provider_id.clone(),
            account_id,
            password_hash,
            created_at: time(account.created_at.as_deref()),
            updated_at: time(account.updated_at.as_deref()),
        }
    }
}

/// Returns an account's password hash in its stored form. Returns `None` if the account has no
/// hash, or if passwords cannot be verified with it, which is also reported.
pub(super) fn usable_hash(
    candidate: &Candidate,
    account: &CandidateAccount,
    report: &mut Report,
) -> Option<String> {
    let hash = account.password_hash.as_deref().unwrap_or_default().trim();
    if hash.is_empty() {
        return None;
    }
    match passwords::import_hash(hash) {
        Ok(stored) => Some(stored),
        Err(reason) => {
            report.refuse_hash(&candidate.place, &format!("imported without a password: {reason}"));
            None
        }
    }
}
