//! Settings of a service, from the environment and the command line.
//!
//! | item | responsibility |
//! |---|---|
//! | [`parse`] | parses the settings into the clap struct of a service, or exits with an error |
//! | [`duration`], [`http_url`], [`secret`], [`switch`] and others | parsers of values |
//! | [`refuse_example`] | refuses the public example secrets, unless the URL of the service leads to this machine |
//! | [`ownership`] | checks access to files, with errors that explain wrong ownership |
//! | `testing` | compares the documentation with the settings (feature `testing`) |

mod environment;
mod example;
pub mod ownership;
mod parse;
#[cfg(feature = "testing")]
pub mod testing;
mod values;

pub use self::{
    example::{ExampleSecret, is_on_this_machine, refuse_example},
    parse::parse,
    values::{
        RAW_AT, SECRET_MIN_CHARS, duration, duration_or_zero, has_raw_at, http_url, non_blank,
        secret, switch,
    },
};
