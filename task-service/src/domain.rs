//! Business logic, independent of HTTP and the command line.

pub(crate) mod erasure;
pub(crate) mod long_reads;
pub(crate) mod migration;
pub(crate) mod principal;
pub(crate) mod quota;
pub(crate) mod rate_limit;
pub(crate) mod resource;
pub(crate) mod task_text;
pub(crate) mod verifier;
