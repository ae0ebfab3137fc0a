//! OAuth clients: machines that authenticate with credentials of their own and get access tokens.

mod credential;
mod grant;
mod public_key;

pub(crate) use self::{
    credential::{Credential, new_secret},
    grant::is_scope,
    public_key::PublicKey,
};
