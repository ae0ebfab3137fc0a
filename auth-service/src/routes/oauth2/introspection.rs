//! The response to an introspection request.

use serde::Serialize;
use shared_models::{AccessClaims, Audience, ClientClaims};
use utoipa::ToSchema;

use crate::http::documents::TokenType;

/// State of a token (RFC 7662 §2.2). For an inactive token, `active` is the only field
#[derive(Default, Serialize, ToSchema)]
pub(crate) struct TokenIntrospection {
    active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    token_type: Option<TokenType>,
    /// Client to which the token was issued
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    client_id: Option<String>,
    /// Scopes of a client's token
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    scope: Option<String>,
    /// Current e-mail address of the user
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    username: Option<String>,
    /// Current e-mail address of the user
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    sub: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    iss: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    aud: Option<Audience>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    exp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    iat: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    jti: Option<String>,
    /// Id of the session
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    sid: Option<String>,
}

impl TokenIntrospection {
    pub(super) fn of_user(claims: AccessClaims, email: String) -> Self {
        Self {
            active: true,
            token_type: Some(TokenType::Bearer),
            username: Some(email.clone()),
            email: Some(email),
            sub: Some(claims.sub.into()),
            iss: Some(claims.iss),
            aud: Some(Audience::One(claims.aud)),
            exp: Some(claims.exp),
            iat: Some(claims.iat),
            jti: Some(claims.jti),
            sid: Some(claims.sid),
            ..Self::default()
        }
    }

    pub(super) fn of_client(claims: ClientClaims) -> Self {
        Self {
            active: true,
            token_type: Some(TokenType::Bearer),
            client_id: Some(claims.client_id),
            scope: claims.scope,
            sub: Some(claims.sub),
            iss: Some(claims.iss),
            aud: Some(claims.aud),
            exp: Some(claims.exp),
            iat: Some(claims.iat),
            jti: Some(claims.jti),
            ..Self::default()
        }
    }
}
