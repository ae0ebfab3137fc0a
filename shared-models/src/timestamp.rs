//! Timestamps in the format of both services.

use chrono::{DateTime, Datelike as _, SubsecRound as _, Timelike as _, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::Error as _};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type},
};

/// A point in time in UTC, in whole milliseconds; in JSON `"2026-01-02T03:04:05.678Z"`.
///
/// A JavaScript `Date` has milliseconds, and the Better Auth client misreads dates with more than
/// three fractional digits. Times are truncated on creation, so that the response to a create
/// request equals that of a later read, on either database.
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

impl PartialSchema for Timestamp {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .pattern(Some("^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$"))
            .examples(["2026-01-02T03:04:05.678Z"])
            .into()
    }
}

impl ToSchema for Timestamp {}

impl Timestamp {
    /// Formats as `2026-01-02T03:04:05.678Z`. Written by hand, because responses contain many
    /// timestamps and a generic formatter is slow.
    fn to_text(self) -> [u8; 24] {
        let mut text = *b"0000-00-00T00:00:00.000Z";
        let (date, time) = (self.0.date_naive(), self.0.time());
        for (place, width, number) in [
            (0, 4, date.year().unsigned_abs()),
            (5, 2, date.month()),
            (8, 2, date.day()),
            (11, 2, time.hour()),
            (14, 2, time.minute()),
            (17, 2, time.second()),
            (20, 3, self.0.timestamp_subsec_millis()),
        ] {
            write_digits(&mut text, place, width, number);
        }
        text
    }
}

/// Writes the last `width` digits of a number to `text`, starting at `place`.
fn write_digits(text: &mut [u8], place: usize, width: usize, mut number: u32) {
    for digit in text.iter_mut().skip(place).take(width).rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.to_text();
        serializer.serialize_str(str::from_utf8(&text).map_err(S::Error::custom)?)
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
            ("\"1970-12-31T23:59:59.999Z\"", "\"1970-12-31T23:59:59.999Z\""),
            ("\"2024-02-29T00:00:00.010Z\"", "\"2024-02-29T00:00:00.010Z\""),
            ("\"2026-01-02T05:04:05.1+02:00\"", "\"2026-01-02T03:04:05.100Z\""),
        ] {
            let time: Timestamp = serde_json::from_str(read).unwrap();
            assert_eq!(serde_json::to_string(&time).unwrap(), written);
        }
    }
}
