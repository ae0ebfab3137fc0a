//! The clock of a verifier, which tests can replace.

use std::{sync::Arc, time::SystemTime};

pub(crate) type Now = Arc<dyn Fn() -> SystemTime + Send + Sync>;
