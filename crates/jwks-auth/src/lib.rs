#![cfg_attr(feature = "actix", doc = include_str!("../README.md"))]
#![cfg_attr(
    not(feature = "actix"),
    doc = "Trust an issuer of EdDSA tokens by the address of its key set."
)]

#[cfg(feature = "actix")]
mod bearer;
mod client;
mod error;
mod jwk;
mod keys;
#[cfg(feature = "testing")]
pub mod testing;
mod token;

#[cfg(feature = "actix")]
pub use bearer::Bearer;
pub use client::{BuildError, JwksClient, JwksClientBuilder};
pub use error::{Error, Refusal};
