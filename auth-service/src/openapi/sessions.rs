//! Operations on sessions and access tokens.

use utoipa::openapi::Array;

use super::{
    operation::Operation,
    responses::or_null,
    schemas::{named, optional, required, string},
};
use crate::{http::error::Error, routes::SET_AUTH_JWT};

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
    Operation::get(PATH, "getSession", "Get the current session")
        .about("Extends the session if its last extension is old enough (`SESSION_UPDATE_AGE`).")
        .maybe_in_session()
        .query(optional("disableCookieCache", string()))
        .query(optional(
            "disableRefresh",
            string().description(Some("Any non-empty value prevents the extension of the session")),
        ))
        .gives(
            "The session and its user, or null without a valid session",
            or_null("SessionResponse"),
        )
        .with(200, &["Cache-Control", "Pragma", SET_AUTH_JWT])
}

fn get_session_by_post() -> Operation {
    Operation::post(PATH, "getSessionByPost", "Reject POST")
        .about("Use GET. POST returns the same error as in Better Auth.")
        .refuses([Error::MissingOrNullOrigin, Error::InvalidOrigin, Error::GetSessionByPost])
}

fn list_sessions() -> Operation {
    Operation::get("/api/auth/list-sessions", "listUserSessions", "List the user's sessions")
        .about("The response contains session tokens, so the current session must have been started recently.")
        .in_session()
        .gives("All active sessions of the user", Array::new(named("Session")))
        .refuses([Error::SessionNotFresh])
}

fn revoke_session() -> Operation {
    Operation::post("/api/auth/revoke-session", "revokeSession", "End a session of the user")
        .about("A token that is unknown or belongs to another user gives the same response and has no effect.")
        .in_session()
        .takes("RevokeSession", [required("token", string())])
        .gives("Session ended", named("StatusResponse"))
}

fn revoke_sessions() -> Operation {
    Operation::post("/api/auth/revoke-sessions", "revokeSessions", "End all sessions of the user")
        .in_session()
        .takes_anything()
        .gives("All sessions ended, including the current one", named("StatusResponse"))
}

fn revoke_other_sessions() -> Operation {
    let path = "/api/auth/revoke-other-sessions";
    Operation::post(path, "revokeOtherSessions", "End the other sessions of the user")
        .in_session()
        .takes_anything()
        .gives("Other sessions ended", named("StatusResponse"))
}

fn token() -> Operation {
    Operation::get("/api/auth/token", "getJSONWebToken", "Issue an access token")
        .about(
            "Returns a new JWT on each call, signed with Ed25519. Its claims are the fields of the user and `sub`, `iss`, `aud`, `iat`, `exp`, `jti` and `sid`. Its key is in the JWK set.",
        )
        .in_session()
        .gives("The access token", named("TokenResponse"))
}
