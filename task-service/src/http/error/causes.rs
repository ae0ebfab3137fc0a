//! Conversions from other components' errors to errors of requests.

use service_kit::body::BodyError;

use super::Error;
use crate::domain::{long_reads::LongReadError, quota::QuotaError};

impl From<BodyError> for Error {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge => Self::BodyTooLarge,
            BodyError::Encoded => Self::UnsupportedMediaType,
            BodyError::TimedOut => Self::BodyTimedOut,
            BodyError::Incomplete => Self::InvalidJson,
        }
    }
}

impl From<QuotaError> for Error {
    fn from(error: QuotaError) -> Self {
        match error {
            QuotaError::Exceeded { limited, max } => Self::QuotaExceeded { limited, max },
            QuotaError::Store(error) => Self::Sql(error),
        }
    }
}

impl From<LongReadError> for Error {
    fn from(error: LongReadError) -> Self {
        match error {
            LongReadError::TooMany => Self::TooManySearches,
            LongReadError::Unavailable(error) => Self::DatabaseUnavailable(error),
        }
    }
}
