//! Sessions of an imported user.

use uuid::Uuid;

use super::{Draft, Target};
use crate::{
    cli::import::{
        ImportError,
        candidate::{Candidate, CandidateSession},
        report::Report,
    },
    domain::{secret_box::Seal, sessions::USER_AGENT_MAX_CHARS, token_hash::token_hash},
    store::{KnownRows, SessionRow, UserRow},
};

impl Target {
    /// Adds the unexpired sessions that do not exist yet. A disabled user gets none.
    pub(super) fn add_sessions(
        &self,
        candidate: &Candidate,
        user: &UserRow,
        known: &KnownRows,
        draft: &mut Draft,
        report: &mut Report,
    ) -> Result<(), ImportError> {
        let Some(seal) = self.seal.as_ref().filter(|_| user.is_active && candidate.ban.is_none())
        else {
            return Ok(());
        };
        let user_id = user.id.as_str();
        for session in &candidate.sessions {
            let hash = token_hash(&session.token);
            match known.sessions.iter().find(|known| known.token_hash == hash) {
                Some(here) if here.user_id == user_id => continue,
                Some(_) => {
                    report.note(
                        &candidate.place,
                        "a session is not imported: another user here already has its token",
                    );
                    continue;
                }
                None => {}
            }
            if !draft.token_hashes.insert(hash) {
                report.note(&candidate.place, "the source has two sessions with the same token");
                continue;
            }
            match self.session(session, user_id, seal, known, draft)? {
                Some(session) => {
                    draft.counts.sessions += 1;
                    draft.page.sessions.push(session);
                }
                None => report.note(&candidate.place, "a session has expired or cannot be read"),
            }
        }
        Ok(())
    }

    fn session(
        &self,
        session: &CandidateSession,
        user_id: &str,
        seal: &Seal,
        known: &KnownRows,
        draft: &mut Draft,
    ) -> Result<Option<SessionRow>, ImportError> {
        let time = |text: &Option<String>| self.time_or_now(text.as_deref());
        let expires_at = session.expires_at.as_ref().and_then(|_| time(&session.expires_at));
        let Some(expires_at) = expires_at else { return Ok(None) };
        let (Some(created_at), Some(updated_at)) =
            (time(&session.created_at), time(&session.updated_at))
        else {
            return Ok(None);
        };
        if expires_at.0 <= self.now || session.token.is_empty() {
            return Ok(None);
        }
        let shown = |text: &Option<String>| {
            let text = text.as_deref().unwrap_or_default();
            text.chars().filter(|c| *c != '\0').take(USER_AGENT_MAX_CHARS).collect()
        };
        // Two sources may use the same serial id for different sessions.
        let is_free = !session.id.contains('\0')
            && !known.sessions.iter().any(|known| known.id == session.id)
            && draft.session_ids.insert(session.id.clone());
        let id = if is_free { session.id.clone() } else { Uuid::now_v7().to_string() };
        Ok(Some(SessionRow {
            token_hash: token_hash(&session.token),
            sealed_token: seal.close(&id, session.token.as_bytes())?,
            id,
            user_id: user_id.to_owned(),
            expires_at,
            created_at,
            updated_at,
            ip_address: shown(&session.ip_address),
            user_agent: shown(&session.user_agent),
        }))
    }
}
