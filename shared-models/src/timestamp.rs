//! Points in time, as both services write them.

use chrono::{DateTime, SecondsFormat, SubsecRound as _, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A point in time in UTC, in whole milliseconds; in JSON `"2026-01-02T03:04:05.678Z"`.
///
/// Milliseconds are what a JavaScript `Date` holds, and the Better Auth client misreads a date
/// with more than three fractional digits. Cutting when the value is made keeps what a create
/// answers equal to what a later read answers, on every database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(DateTime<Utc>);

impl From<DateTime<Utc>> for Timestamp {
    fn from(time: DateTime<Utc>) -> Self {
        Self(time.trunc_subsecs(3))
    }
}

impl From<Timestamp> for DateTime<Utc> {
    fn from(time: Timestamp) -> Self {
        time.0
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let time = DateTime::parse_from_rfc3339(&text).map_err(serde::de::Error::custom)?;
        Ok(time.to_utc().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_three_fractional_digits_are_written() {
        for (read, written) in [
            ("\"2026-01-02T03:04:05Z\"", "\"2026-01-02T03:04:05.000Z\""),
            ("\"2026-01-02T03:04:05.678901234Z\"", "\"2026-01-02T03:04:05.678Z\""),
            ("\"2026-01-02T05:04:05.1+02:00\"", "\"2026-01-02T03:04:05.100Z\""),
        ] {
            let time: Timestamp = serde_json::from_str(read).unwrap();
            assert_eq!(serde_json::to_string(&time).unwrap(), written);
        }
    }
}
