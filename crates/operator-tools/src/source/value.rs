//! Parses values as databases, programs and spreadsheets write them. Ambiguous values are rejected.

use std::ops::RangeInclusive;

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime, Utc};

/// Smallest number that counts as milliseconds: as seconds, it would denote a time in the year
/// 5138.
const MILLIS_FROM: i64 = 100_000_000_000;
const MICROS_FROM: i64 = MILLIS_FROM * 1000;
const NANOS_FROM: i64 = MICROS_FROM * 1000;

/// Supported years; the database stores years with four digits.
const YEARS: RangeInclusive<i32> = 1..=9999;
/// Years accepted for times given as numbers since 1970. A number that denotes a time in another
/// year is more likely a year itself, a date such as 20260102, or the day number of a spreadsheet.
const YEARS_OF_NUMBERS: RangeInclusive<i32> = 1990..=2100;

const ZONED: [&str; 4] = [
    "%Y-%m-%dT%H:%M:%S%.f%#z",
    "%Y-%m-%dT%H:%M:%S%.f%:z",
    "%Y-%m-%dT%H:%M%#z",
    "%Y-%m-%dT%H:%M%:z",
];
const LOCAL: [&str; 2] = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"];

/// Parses a flag if it is unambiguous. A date or time such as `2026-01-02` counts as true, because
/// some programs store the time at which a flag was set.
pub fn flag(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "t" | "1" | "1.0" | "yes" | "y" | "on" | "verified" | "confirmed" => Some(true),
        "" | "false" | "f" | "0" | "0.0" | "no" | "n" | "off" | "null" | "none" | "unverified"
        | "unconfirmed" => Some(false),
        // Requires a hyphen, so that a plain number does not count as a time.
        text if text.contains('-') => time(text).map(|_| true),
        _ => None,
    }
}

/// Parses a time: RFC 3339, also with a space instead of `T`, without seconds, without a zone (UTC)
/// or without a time of day (midnight); RFC 2822; or a number of seconds, milli-, micro- or
/// nanoseconds since 1970.
pub fn time(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let time = number(text).or_else(|| date_and_time(text)).or_else(|| {
        let time = DateTime::parse_from_rfc2822(text).ok()?;
        Some(time.to_utc())
    })?;
    YEARS.contains(&time.year()).then_some(time)
}

fn number(text: &str) -> Option<DateTime<Utc>> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let number: i64 = whole.parse().ok()?;
    let time = match number {
        NANOS_FROM.. => DateTime::from_timestamp_nanos(number),
        MICROS_FROM.. => DateTime::from_timestamp_micros(number)?,
        MILLIS_FROM.. => DateTime::from_timestamp_millis(number)?,
        _ => {
            let nanos = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
            DateTime::from_timestamp(number, nanos)?
        }
    };
    YEARS_OF_NUMBERS.contains(&time.year()).then_some(time)
}

fn date_and_time(text: &str) -> Option<DateTime<Utc>> {
    // A sign before the year, which chrono accepts, is a mistake that cannot be corrected.
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Some(date.and_hms_opt(0, 0, 0)?.and_utc());
    }
    let text = text.replacen(' ', "T", 1);
    let text = text.strip_suffix(" UTC").unwrap_or(&text);
    // Ruby and Git write a space before the zone.
    let text = text.replacen(" +", "+", 1).replacen(" -", "-", 1);
    let zoned = || ZONED.iter().find_map(|format| DateTime::parse_from_str(&text, format).ok());
    let local =
        || LOCAL.iter().find_map(|format| NaiveDateTime::parse_from_str(&text, format).ok());
    let rfc_3339 = || DateTime::parse_from_rfc3339(&text).ok();
    let utc = |text: &str| text.ends_with(['Z', 'z']);
    if utc(&text) {
        let bare = text.get(..text.len() - 1)?;
        let naive = LOCAL.iter().find_map(|f| NaiveDateTime::parse_from_str(bare, f).ok());
        return naive.map(|naive| naive.and_utc());
    }
    zoned()
        .or_else(rfc_3339)
        .map(|time| time.to_utc())
        .or_else(|| local().map(|naive| naive.and_utc()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn common_time_formats_are_accepted() {
        let expected = Some(at("2026-01-02T03:04:05.678Z"));
        for text in [
            "2026-01-02T03:04:05.678Z",
            "2026-01-02 03:04:05.678+00",
            "2026-01-02 04:04:05.678+01:00",
            "2026-01-02 04:04:05.678 +0100",
            "2026-01-02 03:04:05.678",
            "2026-01-02 03:04:05.678 UTC",
            "2026-01-02T03:04:05.678000",
            " 1767323045678 ",
            "1767323045.678",
            "1767323045678000",
            "1767323045678000000",
        ] {
            assert_eq!(time(text), expected, "{text}");
        }
        assert_eq!(time("1767323045"), Some(at("2026-01-02T03:04:05Z")));
        assert_eq!(time("Fri, 02 Jan 2026 03:04:05 GMT"), Some(at("2026-01-02T03:04:05Z")));
        assert_eq!(time("2026-01-02T03:04Z"), Some(at("2026-01-02T03:04:00Z")));
        assert_eq!(time("2026-01-02 03:04"), Some(at("2026-01-02T03:04:00Z")));
        assert_eq!(time("2026-01-02"), Some(at("2026-01-02T00:00:00Z")));
    }

    #[test]
    fn times_with_several_meanings_are_refused() {
        for text in [
            "",
            "yesterday",
            "2026-13-02T03:04:05Z",
            "01/02/2026",
            "02.01.2026",
            "-1",
            "1.76732E+12",
            "12026-01-02",
            "+12026-01-02T03:04:05Z",
            "infinity",
            "99999999999999999999",
            "1.2.3",
            "0",
            "2026",
            "20260102",
            "202601020304",
            "20260102030405",
            "46024.12",
        ] {
            assert_eq!(time(text), None, "{text}");
        }
    }

    #[test]
    fn common_flag_formats_are_accepted() {
        for text in
            ["true", "TRUE", " t ", "1", "yes", "VERIFIED", "2026-01-02", "2026-01-02 03:04:05+00"]
        {
            assert_eq!(flag(text), Some(true), "{text}");
        }
        for text in ["false", "F", "0", "no", "", "NULL", "unverified"] {
            assert_eq!(flag(text), Some(false), "{text}");
        }
        for text in ["maybe", "2", "-1", "perhaps", "1767323045"] {
            assert_eq!(flag(text), None, "{text}");
        }
    }
}
