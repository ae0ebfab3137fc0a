//! An actix-web service that accepts the tokens of an issuer on this machine:
//!
//! ```sh
//! cargo run --example actix --features actix
//! curl -H "Authorization: Bearer $TOKEN" http://localhost:8080/me
//! ```

use actix_web::{App, HttpServer, web};
use jwks_auth::{Bearer, TrustedIssuer, Verifier};

#[derive(serde::Deserialize)]
struct Claims {
    sub: String,
}

async fn me(Bearer(claims): Bearer<Claims>) -> String {
    claims.sub.clone()
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let jwks_url = "http://localhost:3000/api/auth/jwks".parse()?;
    let issuer = TrustedIssuer::new("http://localhost:3000", "http://localhost:3000", jwks_url);
    let verifier = web::Data::new(Verifier::builder(issuer).build()?);
    let app = move || App::new().app_data(verifier.clone()).route("/me", web::get().to(me));
    Ok(HttpServer::new(app).bind("127.0.0.1:8080")?.run().await?)
}
