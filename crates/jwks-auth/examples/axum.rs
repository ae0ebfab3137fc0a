//! An axum service that accepts the tokens of an issuer on this machine:
//!
//! ```sh
//! cargo run --example axum --features axum
//! curl -H "Authorization: Bearer $TOKEN" http://localhost:8080/me
//! ```

use axum::{Router, routing::get};
use jwks_auth::{Bearer, TrustedIssuer, Verifier};

#[derive(serde::Deserialize)]
struct Claims {
    sub: String,
}

async fn me(Bearer(claims): Bearer<Claims>) -> String {
    claims.sub.clone()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let jwks_url = "http://localhost:3000/api/auth/jwks".parse()?;
    let issuer = TrustedIssuer::new("http://localhost:3000", "http://localhost:3000", jwks_url);
    let app = Router::new().route("/me", get(me)).with_state(Verifier::builder(issuer).build()?);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    Ok(axum::serve(listener, app).await?)
}
