//! CSV files (RFC 4180) with a header line.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
};

use csv::{ByteRecord, Reader, ReaderBuilder, StringRecord};

use super::{NameArgs, SourceError, plain_name};

/// Strings by which databases and programs represent a missing value.
const ABSENT: [&str; 8] = ["", "\\N", "NULL", "null", "None", "NaN", "nan", "NaT"];
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// Maximum size of the header line in bytes.
const MAX_HEADER_BYTES: u64 = 64 * 1024;
const MAX_NAME_CHARS: usize = 40;
const MAX_SHOWN_NAMES: usize = 50;

/// The columns to read from a file.
#[derive(Debug)]
pub struct SeparatedColumns {
    pub names: &'static [&'static str],
    /// Required columns; a file without them is rejected.
    pub needed: &'static [&'static str],
    /// Whether a value may span several lines.
    pub has_lines: bool,
}

#[derive(Debug)]
pub struct SeparatedFile {
    path: PathBuf,
    reader: Reader<BufReader<File>>,
    /// Offset of the header in bytes.
    start: u64,
    lines: LineCounter,
    columns: &'static SeparatedColumns,
    /// Index in the file of each column to read; `None` if the file does not have the column.
    positions: Vec<Option<usize>>,
    width: usize,
    size: u64,
    /// Columns of the file that are not read.
    pub unread: Vec<String>,
}

/// A row, which spans several lines if a value does.
#[derive(Debug)]
pub struct Record<'a> {
    file: &'a SeparatedFile,
    values: StringRecord,
}

/// A parsed row, or the reason why it is invalid.
type Line<T> = Result<T, String>;

impl SeparatedFile {
    pub fn open(
        path: &Path,
        columns: &'static SeparatedColumns,
        names: Option<&NameArgs>,
    ) -> Result<Self, SourceError> {
        if names.is_some_and(|names| !names.tables.is_empty()) {
            return Err(SourceError::refused("--table: a file has no tables"));
        }
        let mut file = BufReader::new(File::open(path).map_err(csv::Error::from)?);
        let size = file.get_ref().metadata().map_err(csv::Error::from)?.len();
        let (delimiter, start) = dialect(&mut file, columns, names)?;
        file.seek(SeekFrom::Start(start)).map_err(csv::Error::from)?;
        let mut reader = ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(file);
        let header = reader.headers()?.clone();
        let positions = find_columns(&header, columns, names)?;
        let unread = header.iter().enumerate().filter(|(at, _)| !positions.contains(&Some(*at)));
        let unread = unread.map(|(_, column)| column.trim()).filter(|column| !column.is_empty());
        let unread = unread.map(str::to_owned).collect();
        let path = path.to_owned();
        let width = header.len();
        let lines = LineCounter::open(&path).map_err(csv::Error::from)?;
        Ok(Self { path, reader, start, lines, columns, positions, width, size, unread })
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    pub fn position(&self) -> u64 {
        self.start + self.reader.position().byte()
    }

    /// Returns a remark that names the columns that are not read.
    pub fn unread_remark(&self) -> Option<String> {
        let columns = self.unread.join(", ");
        (!columns.is_empty()).then(|| format!("columns that are not imported: {columns}"))
    }

    /// Reads the next row that has a value. Passes it to `read`, together with its place, such as
    /// `line 2`. Returns the place, with the result of `read` or the reason why the row is invalid;
    /// `None` at the end of the file.
    pub fn next<T>(
        &mut self,
        read: impl FnOnce(&str, &Record<'_>) -> T,
    ) -> Result<Option<(String, Line<T>)>, SourceError> {
        let mut bytes = ByteRecord::new();
        loop {
            if !self.reader.read_byte_record(&mut bytes)? {
                return Ok(None);
            }
            let start = self.start + bytes.position().map_or(0, csv::Position::byte);
            let line = self.lines.first_line(start).map_err(csv::Error::from)?;
            let place = format!("line {line}");
            let line = match self.values(&bytes)? {
                Ok(None) => continue,
                Ok(Some(values)) => Ok(read(&place, &Record { file: self, values })),
                // An unclosed quote makes the following lines part of the value.
                Err(reason) if bytes.iter().any(|value| value.contains(&b'\n')) => {
                    let last = self.lines.count_to(self.position().saturating_sub(1));
                    let last = last.map_err(csv::Error::from)?;
                    Err(format!(
                        "{reason}; it continues to line {last}: a closing quote may be missing"
                    ))
                }
                Err(reason) => Err(reason.to_owned()),
            };
            return Ok(Some((place, line)));
        }
    }

    /// Returns the values of a row, `None` for a row without any value, or the reason why the row
    /// is invalid.
    fn values(
        &self,
        record: &ByteRecord,
    ) -> Result<Result<Option<StringRecord>, &'static str>, SourceError> {
        let Ok(values) = StringRecord::from_byte_record(record.clone()) else {
            return Ok(Err("the line is not UTF-8: save the file as UTF-8"));
        };
        if values.iter().all(|value| value.trim().is_empty()) {
            return Ok(Ok(None));
        }
        if values.iter().skip(self.width).any(|value| !value.trim().is_empty()) {
            return Ok(Err(
                "the line has more values than the header: a value may contain an unquoted delimiter",
            ));
        }
        if values.iter().any(|value| value.contains(['\n', '\r'])) {
            if !self.columns.has_lines {
                return Ok(Err("a value spans several lines"));
            }
            if self.ends_in_quotes(record)? {
                return Ok(Err("a quote is not closed"));
            }
        }
        Ok(Ok(Some(values)))
    }

    /// Returns whether the file ends inside a quoted value of this record. The CSV reader accepts
    /// such a file.
    fn ends_in_quotes(&self, record: &ByteRecord) -> Result<bool, SourceError> {
        if self.position() < self.size {
            return Ok(false);
        }
        let read = || {
            let mut file = File::open(&self.path)?;
            file.seek(SeekFrom::Start(
                self.start + record.position().map_or(0, csv::Position::byte),
            ))?;
            let mut text = Vec::new();
            file.read_to_end(&mut text)?;
            io::Result::Ok(text)
        };
        let text = read().map_err(csv::Error::from)?;
        Ok(text.split(|byte| *byte == b'"').count() % 2 == 0)
    }
}

impl Record<'_> {
    /// Returns a value without surrounding white space; `None` if the file lacks the column or the
    /// value stands for a missing one.
    pub fn field(&self, name: &str) -> Option<String> {
        let value = self.value(name)?.trim();
        (!ABSENT.contains(&value)).then(|| value.to_owned())
    }

    /// Returns a value unchanged; `None` if the file lacks the column, or if the value is empty or
    /// `\N`.
    pub fn text(&self, name: &str) -> Option<String> {
        self.value(name).filter(|value| !["", "\\N"].contains(value)).map(str::to_owned)
    }

    fn value(&self, name: &str) -> Option<&str> {
        let at = self.file.columns.names.iter().position(|column| *column == name)?;
        self.values.get((*self.file.positions.get(at)?)?)
    }
}

/// A counter of lines as editors count them. The CSV reader's line numbers differ if there are
/// empty lines or carriage returns.
#[derive(Debug)]
struct LineCounter {
    file: BufReader<File>,
    at: u64,
    line: u64,
}

impl LineCounter {
    fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { file: BufReader::new(File::open(path)?), at: 0, line: 1 })
    }

    /// Returns the line number at an offset, which must not decrease between calls.
    fn count_to(&mut self, byte: u64) -> io::Result<u64> {
        while self.at < byte {
            let length = usize::try_from(byte - self.at).unwrap_or(usize::MAX);
            let buffer = self.file.fill_buf()?;
            let Some(part) = buffer.get(..length.min(buffer.len())).filter(|p| !p.is_empty())
            else {
                break;
            };
            self.line += part.iter().map(|byte| u64::from(*byte == b'\n')).sum::<u64>();
            let length = part.len();
            self.file.consume(length);
            self.at += u64::try_from(length).unwrap_or_default();
        }
        Ok(self.line)
    }

    /// Returns the line number of the first byte at or after an offset that is not a line ending.
    fn first_line(&mut self, byte: u64) -> io::Result<u64> {
        self.count_to(byte)?;
        while let Some(b'\r' | b'\n') = self.file.fill_buf()?.first() {
            self.count_to(self.at + 1)?;
        }
        Ok(self.line)
    }
}

/// Detects the delimiter that separates the header into the required columns, and the offset of the
/// header.
fn dialect(
    file: &mut BufReader<File>,
    columns: &SeparatedColumns,
    names: Option<&NameArgs>,
) -> Result<(u8, u64), SourceError> {
    let mut line = Vec::new();
    let mut start = 0;
    let mut read_line = |line: &mut Vec<u8>| {
        file.take(MAX_HEADER_BYTES).read_until(b'\n', line).map_err(csv::Error::from)
    };
    read_line(&mut line)?;
    if line.starts_with(b"\xff\xfe") || line.starts_with(b"\xfe\xff") {
        return Err(SourceError::refused("the file is UTF-16: save it as UTF-8"));
    }
    if line.contains(&0) {
        return Err(SourceError::refused(
            "the file is not text; is it compressed, or a spreadsheet?",
        ));
    }
    // Excel writes a byte order mark before the header.
    let without_mark = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line);
    if without_mark.to_ascii_lowercase().starts_with(b"sep=") {
        start = u64::try_from(line.len()).unwrap_or_default();
        line.clear();
        read_line(&mut line)?;
    }
    let missing = |delimiter: u8| {
        let mut reader = ReaderBuilder::new().delimiter(delimiter).from_reader(line.as_slice());
        let header = reader.headers().ok().cloned().unwrap_or_default();
        let is_missing = |ours: &&&str| {
            let theirs = plain_name(names.and_then(|names| names.column(ours)).unwrap_or(ours));
            !header.iter().any(|column| plain_name(column) == theirs)
        };
        columns.needed.iter().filter(is_missing).copied().collect::<Vec<_>>()
    };
    // A header with a single column matches any delimiter.
    let best = DELIMITERS.into_iter().map(|delimiter| (delimiter, missing(delimiter)));
    match best.min_by_key(|(_, missing)| missing.len()) {
        Some((delimiter, missing)) if missing.is_empty() => Ok((delimiter, start)),
        best => {
            let missing = best.map_or_else(Vec::new, |(_, missing)| missing);
            let hint = match (names, missing.as_slice()) {
                (Some(_), [first, ..]) => {
                    format!(". If the column has another name, use --column {first}=NAME")
                }
                _ => String::new(),
            };
            Err(SourceError::refused(format!(
                "the file has no column {}; its first line has {}{hint}",
                missing.join(", "),
                shown_names(&line)
            )))
        }
    }
}

/// Returns the strings of the first line that may be column names. In a file without a header, the
/// line contains data, possibly a password.
fn shown_names(line: &[u8]) -> String {
    let line = String::from_utf8_lossy(line);
    let is_name = |name: &&str| {
        let is_letter = |c: char| c.is_alphabetic() || "_- ".contains(c);
        !name.is_empty() && name.chars().count() <= MAX_NAME_CHARS && name.chars().all(is_letter)
    };
    let names =
        line.split([',', ';', '\t', '|']).map(|name| name.trim_matches(['"', ' ', '\r', '\n']));
    let names: Vec<_> = names.filter(is_name).take(MAX_SHOWN_NAMES).collect();
    if names.is_empty() { "no column names".to_owned() } else { names.join(", ") }
}

/// Returns the position of each column, or `None` for a column that the file does not have. Looks
/// for the name that `names` assigns to the column, or else for the name of the column itself.
/// Rejects a file that has a column twice or lacks an assigned name, and assignments to unknown
/// columns.
fn find_columns(
    header: &StringRecord,
    columns: &SeparatedColumns,
    names: Option<&NameArgs>,
) -> Result<Vec<Option<usize>>, SourceError> {
    for mapping in names.iter().flat_map(|names| &names.columns) {
        if !columns.names.iter().any(|column| mapping.is_of(column)) {
            return Err(SourceError::refused(format!(
                "--column {}: the columns are {}",
                mapping.ours,
                columns.names.join(", ")
            )));
        }
    }
    let find = |ours: &&str| {
        let given = names.and_then(|names| names.column(ours));
        if given == Some("") && !columns.needed.contains(ours) {
            return Ok(None);
        }
        let theirs = given.unwrap_or(ours);
        let is_same = |column: &str| {
            column.trim() == theirs || given.is_none() && plain_name(column) == plain_name(theirs)
        };
        let found: Vec<_> =
            header.iter().enumerate().filter(|(_, column)| is_same(column)).collect();
        match found.as_slice() {
            [] if given.is_some() => Err(SourceError::refused(format!(
                "--column {ours}: the file has no column {theirs:?}; its columns are {}",
                header.iter().collect::<Vec<_>>().join(", ")
            ))),
            [] => Ok(None),
            [(at, _)] => Ok(Some(*at)),
            _ => Err(SourceError::refused(format!("the file has more than one column {ours}"))),
        }
    };
    columns.names.iter().map(find).collect()
}
