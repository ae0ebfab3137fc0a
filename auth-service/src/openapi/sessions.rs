//! Who is signed in, where, and the tokens of it.

use utoipa::openapi::Array;

use super::{
    answers::or_null,
    operation::Operation,
    schemas::{named, optional, required, string},
};
use crate::{error::Error, routes::SET_AUTH_JWT};

const PATH: &str = "/api/auth/get-session";

pub(super) fn operations() -> Vec<Operation> {
    vec![
        get_session(),
        get_session_by_post(),
        list_sessions(),
        revoke_session(),
        revoke_sessions(),
        revoke_other_sessions(),
        token(),
    ]
}

fn get_session() -> Operation {
    Operation::get(PATH, "getSession", "Who is signed in")
        .about("Extends a session that was last extended a while ago.")
        .maybe_in_session()
        .query(optional("disableCookieCache", string()))
        .query(optional("disableRefresh", string().description(Some("Anything: do not extend"))))
        .gives("The session and its user, or null", or_null("CurrentSession"))
        .with(200, &["Cache-Control", "Pragma", SET_AUTH_JWT])
}

fn get_session_by_post() -> Operation {
    Operation::post(PATH, "getSessionByPost", "Always refused")
        .about("The one wrong method that Better Auth has an answer for. Use GET.")
        .refuses([Error::MissingOrNullOrigin, Error::InvalidOrigin, Error::GetSessionByPost])
}

fn list_sessions() -> Operation {
    Operation::get("/api/auth/list-sessions", "listUserSessions", "List one's sessions")
        .about("With their tokens, so the caller's own must have been started a short while ago.")
        .in_session()
        .gives("All that live, the caller's own among them", Array::new(named("Session")))
        .refuses([Error::SessionNotFresh])
}

fn revoke_session() -> Operation {
    Operation::post("/api/auth/revoke-session", "revokeSession", "End one of one's sessions")
        .about("An unknown token, or somebody else's, is answered alike, and nothing happens.")
        .in_session()
        .takes("RevokeSession", [required("token", string())])
        .gives("It is ended", named("Done"))
}

fn revoke_sessions() -> Operation {
    Operation::post("/api/auth/revoke-sessions", "revokeSessions", "End all of one's sessions")
        .in_session()
        .takes_anything()
        .gives("They are ended, the caller's own among them", named("Done"))
}

fn revoke_other_sessions() -> Operation {
    let path = "/api/auth/revoke-other-sessions";
    Operation::post(path, "revokeOtherSessions", "End all of one's other sessions")
        .in_session()
        .takes_anything()
        .gives("They are ended", named("Done"))
}

fn token() -> Operation {
    Operation::get("/api/auth/token", "getJSONWebToken", "A JWT for other services")
        .about(
            "A new one on each call, signed with EdDSA. Its claims are the user's members and `sub`, \
             `iss`, `aud`, `iat`, `exp`, `jti` and `sid`; its key is in the key set.",
        )
        .in_session()
        .gives("A JWT", named("Token"))
}
