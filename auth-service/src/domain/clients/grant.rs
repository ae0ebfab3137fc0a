//! The scopes and audiences that a client gets.

use shared_models::Audience;

use crate::store::OauthClient;

/// The only supported grant type (RFC 6749 §4.4).
pub(crate) const GRANT_TYPE: &str = "client_credentials";

/// The rights of a client's access token.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Grant<'a> {
    pub(crate) client_id: &'a str,
    /// Separated by spaces; `None` if there are none.
    pub(crate) scope: Option<String>,
    pub(crate) audience: Audience,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GrantError {
    /// A scope is malformed, or the client may not get it.
    ScopeNotAllowed,
    /// A resource is not an audience of the client.
    TargetNotAllowed,
}

impl<'a> Grant<'a> {
    /// Grants the requested scopes for the requested resources (RFC 8707 §2). By default, grants
    /// all scopes of the client, for its first audience. A client without audiences of its own has
    /// only `default_audience`.
    pub(crate) fn new(
        client: &'a OauthClient,
        scope: Option<&str>,
        resources: &[&str],
        default_audience: &str,
    ) -> Result<Self, GrantError> {
        let granted = scopes(client, scope)?.join(" ");
        let scope = (!granted.is_empty()).then_some(granted);
        let audience = audience(client, resources, default_audience)?;
        Ok(Self { client_id: &client.id, scope, audience })
    }
}

fn scopes<'a>(
    client: &'a OauthClient,
    requested: Option<&'a str>,
) -> Result<Vec<&'a str>, GrantError> {
    let allowed: Vec<_> = client.scopes.split_ascii_whitespace().collect();
    let Some(requested) = requested else { return Ok(allowed) };
    let mut granted = Vec::new();
    for scope in requested.split(' ') {
        if !allowed.contains(&scope) {
            return Err(GrantError::ScopeNotAllowed);
        }
        if !granted.contains(&scope) {
            granted.push(scope);
        }
    }
    Ok(granted)
}

fn audience(
    client: &OauthClient,
    resources: &[&str],
    default_audience: &str,
) -> Result<Audience, GrantError> {
    let mut allowed: Vec<_> = client.audiences.split_ascii_whitespace().collect();
    if allowed.is_empty() {
        allowed.push(default_audience);
    }
    let mut granted = Vec::new();
    for resource in resources {
        if !allowed.contains(resource) {
            return Err(GrantError::TargetNotAllowed);
        }
        if !granted.contains(resource) {
            granted.push(*resource);
        }
    }
    Ok(match (&*granted, allowed.first()) {
        ([], Some(default)) => Audience::One((*default).to_owned()),
        ([one], _) => Audience::One((*one).to_owned()),
        (several, _) => Audience::Several(several.iter().copied().map(str::to_owned).collect()),
    })
}

/// Returns whether a string is a scope token (RFC 6749 §3.3).
pub(crate) fn is_scope(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\".contains(&byte))
}
