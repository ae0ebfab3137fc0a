//! Where a page of a listing ends, as a text that clients hand back unread.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, NaiveDate, NaiveTime};
use service_kit::sql_types::{DbTime, DbUuid};
use uuid::Uuid;

use crate::models::Position;

/// Microseconds since the epoch, then the id.
const TIME_BYTES: usize = 8;

/// Before the first task of any listing.
pub(crate) fn start() -> Position {
    let last_day = NaiveDate::from_ymd_opt(9999, 12, 31).unwrap_or(NaiveDate::MAX);
    Position {
        created_at: DbTime(last_day.and_time(NaiveTime::MIN).and_utc()),
        id: DbUuid(Uuid::max()),
    }
}

pub(crate) fn encode(position: Position) -> String {
    let time = position.created_at.0.timestamp_micros().to_be_bytes();
    BASE64_URL_SAFE_NO_PAD.encode([time.as_slice(), position.id.0.as_bytes()].concat())
}

/// `None` for a text that we did not write.
pub(crate) fn decode(text: &str) -> Option<Position> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
    let (time, id) = bytes.split_at_checked(TIME_BYTES)?;
    let created_at = DateTime::from_timestamp_micros(i64::from_be_bytes(time.try_into().ok()?))?;
    // Outside these, the engines do not agree on how a time is written.
    let range = DateTime::UNIX_EPOCH..=start().created_at.0;
    let id = DbUuid(Uuid::from_slice(id).ok()?);
    range.contains(&created_at).then_some(Position { created_at: DbTime(created_at), id })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_was() {
        let position = Position {
            created_at: DbTime(DateTime::from_timestamp_micros(1_767_322_800_123_000).unwrap()),
            id: DbUuid(Uuid::now_v7()),
        };
        assert_eq!(decode(&encode(position)), Some(position));
        assert_eq!(decode(&encode(start())), Some(start()));
    }

    #[test]
    fn other_texts_are_no_cursors() {
        let too_early = BASE64_URL_SAFE_NO_PAD.encode([0xff; 24]);
        let too_late = BASE64_URL_SAFE_NO_PAD.encode([0x7f; 24]);
        for text in ["", "x", "AAAA", "!!!!", &"A".repeat(33), &too_early, &too_late] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
