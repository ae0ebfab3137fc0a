//! OAuth clients: machines that authenticate with credentials of their own and get access tokens.

mod assertion;
mod authentication;
mod credential;
mod grant;
mod public_key;

pub(crate) use self::{
    assertion::ALGORITHMS,
    authentication::{ClientError, Clients, Presented, Refusal},
    credential::{Credential, new_secret},
    grant::{GRANT_TYPE, Grant, GrantError, is_scope},
    public_key::PublicKey,
};
