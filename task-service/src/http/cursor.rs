//! Pagination cursors: the position of a page's last task, as an opaque string.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Datelike as _, Utc};
use database::sql_types::{DbTime, DbUuid};
use uuid::Uuid;

use crate::store::{Order, Place, Position, Sort};

const ID_BYTES: usize = 16;
/// Number of bytes for the order: one for the sort key, and one for the direction.
const ORDER_BYTES: usize = 2;

/// Encodes the order and the task's id, followed by the value that the task is sorted by: a time in
/// microseconds since the epoch, or a folded title.
pub(crate) fn encode(order: Order, position: &Position) -> String {
    let mut bytes = vec![sort_code(order.sort), u8::from(order.is_descending)];
    bytes.extend_from_slice(position.id.0.as_bytes());
    match &position.place {
        Place::Time(time) => bytes.extend_from_slice(&time.0.timestamp_micros().to_be_bytes()),
        Place::Title(title) => bytes.extend_from_slice(title.as_bytes()),
    }
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// Decodes a cursor. Returns `None` if it is invalid or belongs to another order.
pub(crate) fn decode(text: &str, order: Order) -> Option<Position> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
    let (head, rest) = bytes.split_at_checked(ORDER_BYTES)?;
    if head != [sort_code(order.sort), u8::from(order.is_descending)] {
        return None;
    }
    let (id, place) = rest.split_at_checked(ID_BYTES)?;
    let id = DbUuid(Uuid::from_slice(id).ok()?);
    let place = match order.sort {
        Sort::Title => {
            let title = str::from_utf8(place).ok()?;
            // PostgreSQL does not accept NUL.
            (!title.contains('\0')).then(|| Place::Title(title.to_owned()))?
        }
        Sort::CreatedAt | Sort::UpdatedAt => {
            let time = DateTime::from_timestamp_micros(i64::from_be_bytes(place.try_into().ok()?))?;
            is_storable(&time).then_some(Place::Time(DbTime(time)))?
        }
    };
    Some(Position { place, id })
}

/// Returns whether a task can have this time. SQLite stores times as text, which sorts correctly
/// only if years have four digits.
pub(crate) fn is_storable(time: &DateTime<Utc>) -> bool {
    (1..=9999).contains(&time.year())
}

fn sort_code(sort: Sort) -> u8 {
    match sort {
        Sort::CreatedAt => 0,
        Sort::UpdatedAt => 1,
        Sort::Title => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEWEST: Order = Order { sort: Sort::CreatedAt, is_descending: true };
    const BY_TITLE: Order = Order { sort: Sort::Title, is_descending: false };

    fn position(place: Place) -> Position {
        Position { place, id: DbUuid(Uuid::now_v7()) }
    }

    #[test]
    fn a_cursor_comes_back_as_it_was() {
        let time = DateTime::from_timestamp_micros(1_767_322_800_123_000).unwrap();
        let time = position(Place::Time(DbTime(time)));
        assert_eq!(decode(&encode(NEWEST, &time), NEWEST), Some(time));
        let title = position(Place::Title("bÿ ťitle".to_owned()));
        assert_eq!(decode(&encode(BY_TITLE, &title), BY_TITLE), Some(title));
    }

    #[test]
    fn a_cursor_is_valid_for_one_order() {
        let cursor = encode(NEWEST, &position(Place::Time(DbTime(DateTime::UNIX_EPOCH))));
        for other in [
            BY_TITLE,
            Order { sort: Sort::CreatedAt, is_descending: false },
            Order { sort: Sort::UpdatedAt, is_descending: true },
        ] {
            assert_eq!(decode(&cursor, other), None);
        }
    }

    #[test]
    fn other_strings_are_not_cursors() {
        let at = |time: [u8; 8]| {
            let bytes = [&[0, 1], [0x11; 16].as_slice(), &time].concat();
            BASE64_URL_SAFE_NO_PAD.encode(bytes)
        };
        for text in
            ["", "x", "AAAA", "!!!!", &"A".repeat(33), &at(i64::MIN.to_be_bytes()), &at([0x7f; 8])]
        {
            assert_eq!(decode(text, NEWEST), None, "{text}");
        }
        let nul = [&[2, 0], [0x11; 16].as_slice(), b"a\0b"].concat();
        assert_eq!(decode(&BASE64_URL_SAFE_NO_PAD.encode(nul), BY_TITLE), None);
    }
}
