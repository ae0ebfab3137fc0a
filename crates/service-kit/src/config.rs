//! Configuration from the environment and the command line.

mod environment;
mod example;
mod parse;
mod values;

pub use self::{
    example::{ExampleSecret, is_on_this_machine, refuse_example},
    parse::parse,
    values::{
        RAW_AT, SECRET_MIN_CHARS, duration, duration_or_zero, has_raw_at, http_url, non_blank,
        secret, switch,
    },
};
