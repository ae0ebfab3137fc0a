//! Better Auth's operations for other providers and for custom session fields. Neither is
//! supported, so most requests fail; accounts of other providers exist only if they were imported.

use utoipa::openapi::{Response, path::ParameterIn};

use super::{
    operation::{BEARER, COOKIE, Operation, requirement},
    schemas::{boolean, named, optional, required, string, text},
};
use crate::http::error::Error;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        update_session(),
        unlink_account(),
        link_social(),
        provider_token(
            "/api/auth/get-access-token",
            "getAccessToken",
            "Get a provider's access token",
        ),
        provider_token("/api/auth/refresh-token", "refreshToken", "Refresh a provider's tokens"),
        account_info(),
        callback(),
        callback_by_post(),
    ]
}

fn update_session() -> Operation {
    Operation::post("/api/auth/update-session", "updateSession", "Update fields of the session")
        .about("Sessions have no custom fields, so every request is refused.")
        .in_session()
        .takes_anything()
        .refuses([invalid("body", "expected record, received undefined"), Error::NoFieldsToUpdate])
}

fn unlink_account() -> Operation {
    Operation::post("/api/auth/unlink-account", "unlinkAccount", "Remove a sign-in method")
        .about("Takes the `id` of an account that `/api/auth/list-accounts` returned, such as an imported account. Requires a session that was started recently. The last account cannot be removed.")
        .in_session()
        .takes("UnlinkAccount", [required("accountId", text())])
        .gives("Account unlinked", named("StatusResponse"))
        .refuses([Error::SessionNotFresh, Error::LastAccount, Error::AccountNotFound])
}

fn link_social() -> Operation {
    Operation::post("/api/auth/link-social", "linkSocialAccount", "Link a social provider")
        .about("No social provider is supported, so every request fails with `PROVIDER_NOT_FOUND`.")
        .in_session()
        .takes("LinkSocial", [required("provider", string())])
        .refuses([Error::ProviderNotFound])
}

fn provider_token(path: &'static str, id: &str, summary: &str) -> Operation {
    reads_account(Operation::post(path, id, summary))
        .about("No provider is supported, so every request is refused. Exactly one of `accountId` and `useAccountCookie: true` is needed.")
        .takes(
            "AccountSelection",
            [
                optional("accountId", string()),
                optional("useAccountCookie", boolean()),
                optional("userId", string()),
            ],
        )
        .refuses([Error::AccountNotFound, Error::ProviderNotSupported("github".to_owned())])
}

fn account_info() -> Operation {
    let path = "/api/auth/account-info";
    reads_account(Operation::get(
        path,
        "accountInfo",
        "Get the profile of an account at a provider",
    ))
    .about("No provider is supported, so every request is refused.")
    .query(optional("accountId", string()))
    .query(optional("userId", string()))
    .refuses([invalid("query", ""), Error::AccountNotFound, Error::ProviderNotConfigured])
}

/// Adds the authentication of an operation that reads a provider account. The operation's 401
/// response has no body, unlike those of other operations.
fn reads_account(operation: Operation) -> Operation {
    operation
        .secured(vec![requirement(COOKIE), requirement(BEARER)])
        .answers(401, Response::new("Not signed in"))
}

const ABOUT_CALLBACK: &str = "Sign-in with a provider is not supported, so every request is redirected to \
                              the error page.";

fn callback() -> Operation {
    let path = "/api/auth/callback/{id}";
    let operation = Operation::get(path, "oauthCallback", "Return from a social provider")
        .about(ABOUT_CALLBACK)
        .parameter(ParameterIn::Path, required("id", string()));
    let names = ["code", "error", "device_id", "error_description", "state", "user", "iss"];
    names
        .into_iter()
        .fold(operation, |operation, name| operation.query(optional(name, string())))
        .leads_on("Redirect to the error page")
        .refuses([invalid("query.code", "expected string, received array")])
}

fn callback_by_post() -> Operation {
    let path = "/api/auth/callback/{id}";
    Operation::post(path, "oauthCallbackPost", "Return from a social provider by form post")
        .about("Redirects to the same path by GET, so that the browser sends its cookies.")
        .parameter(ParameterIn::Path, required("id", string()))
        .takes_form(
            "OauthCallback",
            [
                optional("code", string()),
                optional("error", string()),
                optional("device_id", string()),
                optional("error_description", string()),
                optional("state", string()),
                optional("user", string()),
                optional("iss", string()),
            ],
        )
        .or_no_body()
        .leads_on("Redirect to the same path with the form fields in its query")
}

fn invalid(place: &str, problem: &str) -> Error {
    let separator = if problem.is_empty() { "" } else { ": " };
    Error::Validation(format!("[{place}] Invalid input{separator}{problem}"))
}
