//! Compromised passwords: an embedded list of common ones, and optionally a list from the operator.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufRead as _, BufReader},
    path::{Path, PathBuf},
    sync::LazyLock,
};

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use data_encoding::HEXLOWER;

use super::normalization::nfkc;

/// The 10 000 most common passwords of at least eight characters, sorted, in lower case, one per
/// line. Sources and licenses are in `data/LICENSES.txt`.
const COMMON: &str = include_str!("../../../data/common-passwords.txt");
static COMMON_LINES: LazyLock<Vec<&str>> = LazyLock::new(|| COMMON.lines().collect());

/// Minimum number of hexadecimal digits of a hash prefix. One password in 10^12 matches a given
/// prefix of ten digits by chance.
const MIN_PREFIX_DIGITS: usize = 10;
/// Maximum number of digits that are compared. Further digits are ignored.
const MAX_PREFIX_DIGITS: usize = 16;

/// Reason for rejecting the operator's list of hashes.
#[derive(Debug, thiserror::Error)]
pub enum BlocklistError {
    #[error("{0}: {1}")]
    Read(PathBuf, #[source] io::Error),
    #[error(
        "line {1} of {0} is neither a SHA-1 hash nor the first {MIN_PREFIX_DIGITS} or more hexadecimal digits of one"
    )]
    Line(PathBuf, usize),
}

/// The passwords that users must not choose.
#[derive(Debug, Default)]
pub(crate) struct Blocklist {
    refuses_common: bool,
    /// Prefixes of SHA-1 hashes as sorted numbers, by number of digits.
    prefixes: BTreeMap<usize, Vec<u64>>,
}

impl Blocklist {
    pub(crate) fn load(refuses_common: bool, file: Option<&Path>) -> Result<Self, BlocklistError> {
        let prefixes = file.map(read_prefixes).transpose()?.unwrap_or_default();
        Ok(Self { refuses_common, prefixes })
    }

    pub(crate) fn contains(&self, password: &str) -> bool {
        self.is_common(password) || self.is_listed(password)
    }

    fn is_common(&self, password: &str) -> bool {
        let password = nfkc(password).to_lowercase();
        self.refuses_common && COMMON_LINES.binary_search(&password.as_str()).is_ok()
    }

    fn is_listed(&self, password: &str) -> bool {
        if self.prefixes.is_empty() {
            return false;
        }
        let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
        let hash = HEXLOWER.encode(hash.as_ref());
        self.prefixes.iter().any(|(digits, numbers)| {
            number(hash.get(..*digits).unwrap_or_default())
                .is_some_and(|prefix| numbers.binary_search(&prefix).is_ok())
        })
    }
}

/// Reads one hash or hash prefix per line, the format of leaked-password lists. Ignores a colon and
/// everything after it, such as the number of occurrences.
fn read_prefixes(file: &Path) -> Result<BTreeMap<usize, Vec<u64>>, BlocklistError> {
    let failed = |error| BlocklistError::Read(file.to_owned(), error);
    let mut prefixes: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
    for (index, line) in BufReader::new(File::open(file).map_err(failed)?).lines().enumerate() {
        let line = line.map_err(failed)?;
        let hash = line.split(':').next().unwrap_or_default().trim();
        if hash.is_empty() {
            continue;
        }
        let digits = hash.len().min(MAX_PREFIX_DIGITS);
        let is_hash = (MIN_PREFIX_DIGITS..=40).contains(&hash.len())
            && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        let prefix = hash.get(..digits).and_then(number).filter(|_| is_hash);
        let prefix = prefix.ok_or_else(|| BlocklistError::Line(file.to_owned(), index + 1))?;
        prefixes.entry(digits).or_default().push(prefix);
    }
    for numbers in prefixes.values_mut() {
        numbers.sort_unstable();
    }
    Ok(prefixes)
}

fn number(digits: &str) -> Option<u64> {
    u64::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_list_is_sorted_and_has_no_password_below_the_minimum_length() {
        assert_eq!(COMMON_LINES.len(), 10_000);
        assert!(COMMON_LINES.is_sorted());
        assert!(COMMON_LINES.iter().all(|line| line.len() >= 8 && *line == line.to_lowercase()));
    }

    #[test]
    fn common_passwords_are_known_in_any_case_and_width() {
        let list = Blocklist::load(true, None).unwrap();
        for password in
            ["password", "PassWord", "12345678", "iloveyou", "ｐａｓｓｗｏｒｄ", "Password1"]
        {
            assert!(list.contains(password), "{password}");
        }
        for password in ["", "correct horse 42", "password of my own"] {
            assert!(!list.contains(password), "{password}");
        }
        assert!(!Blocklist::load(false, None).unwrap().contains("password"));
    }

    #[test]
    fn lists_of_hashes_or_their_prefixes_are_read() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let hashes: Vec<_> = [43, 44, 45]
            .map(|number| {
                let password = format!("battery staple {number}");
                HEXLOWER.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes()).as_ref())
            })
            .into();
        let lines =
            format!("{}:17\r\n{}\n\n{}\n", hashes[0].to_uppercase(), &hashes[1][..10], hashes[2]);
        fs::write(file.path(), lines).unwrap();
        let list = Blocklist::load(false, Some(file.path())).unwrap();
        for number in 43..46 {
            assert!(list.contains(&format!("battery staple {number}")), "{number}");
        }
        assert!(!list.contains("battery staple 46"));
        for line in ["123456789", "not a hash at all", &"a".repeat(41)] {
            fs::write(file.path(), line).unwrap();
            assert!(Blocklist::load(false, Some(file.path())).is_err(), "{line}");
        }
    }
}
