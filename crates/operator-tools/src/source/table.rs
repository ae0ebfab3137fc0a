//! Finds the tables and columns of a source before any data is read. A query alone would not detect
//! a missing column: SQLite treats an unknown name in double quotes as a string.

use database::{
    Conn, query,
    source::{SourceTable, quoted_path},
};
use diesel::{
    QueryResult, QueryableByName, sql_query,
    sql_types::{BigInt, Text},
};
use diesel_async::RunQueryDsl;

use super::{NameArgs, SourceError, plain_name};

/// A table that a source is expected to have.
#[derive(Debug)]
pub struct TableLayout {
    /// Name in the source's documentation, used by `--table` and `--column`.
    pub name: &'static str,
    pub fields: &'static [Field],
}

/// A column that a source is expected to have.
#[derive(Debug)]
pub struct Field {
    /// Name in the source's documentation, used by `--column`.
    pub name: &'static str,
    /// Alias of the column in queries.
    pub alias: &'static str,
    pub need: Need,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Required for an import.
    Always,
    /// Required, unless `--column` says that the source does not have it.
    Usually,
    /// May be absent, for example because it belongs to an optional extension or to a later version
    /// of the source; an absent column is read as NULL.
    Sometimes,
}

impl Field {
    pub const fn always(name: &'static str, alias: &'static str) -> Self {
        Self { name, alias, need: Need::Always }
    }

    pub const fn usually(name: &'static str, alias: &'static str) -> Self {
        Self { name, alias, need: Need::Usually }
    }

    pub const fn sometimes(name: &'static str, alias: &'static str) -> Self {
        Self { name, alias, need: Need::Sometimes }
    }
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

impl TableLayout {
    /// Returns whether a name was given for the table or for one of its columns.
    fn is_named_in(&self, names: &NameArgs) -> bool {
        let is_named =
            |field: &Field| names.column(&format!("{}.{}", self.name, field.name)).is_some();
        names.table(self.name).is_some() || self.fields.iter().any(is_named)
    }

    /// Finds the table. Returns an error if the source does not have it, if it lacks expected
    /// columns, or if several tables or columns match.
    pub async fn find(
        &self,
        conn: &mut Conn,
        names: &NameArgs,
    ) -> Result<SourceTable, SourceError> {
        let (name, columns) = find_table(conn, self.name, names).await?;
        self.with_columns(&name, &columns, names)
    }

    /// Finds the table like [`Self::find`], but returns `None` if the source has no suitable table
    /// and no name was given for the table or one of its columns.
    pub async fn find_optional(
        &self,
        conn: &mut Conn,
        names: &NameArgs,
    ) -> Result<Option<SourceTable>, SourceError> {
        match self.find(conn, names).await {
            Err(SourceError::Refused(_)) if !self.is_named_in(names) => Ok(None),
            found => found.map(Some),
        }
    }

    fn with_columns(
        &self,
        name: &str,
        found_names: &[String],
        given: &NameArgs,
    ) -> Result<SourceTable, SourceError> {
        let mut columns = Vec::new();
        let mut missing = Vec::new();
        for field in self.fields {
            let ours = format!("{}.{}", self.name, field.name);
            let found = match given.column(&ours) {
                Some("") if field.need != Need::Always => None,
                Some("") => {
                    return Err(refused(format!("--column {ours}: this column is required")));
                }
                Some(theirs) => match found_names.iter().position(|name| name == theirs) {
                    Some(at) => Some(at),
                    None => {
                        return Err(refused(format!(
                            "--column {ours}: the table {name} has no column {theirs:?}; its columns are {}",
                            found_names.join(", ")
                        )));
                    }
                },
                None => match matches(found_names, field.name).as_slice() {
                    [] if field.need == Need::Sometimes => None,
                    [] => {
                        missing.push(field.name);
                        None
                    }
                    [at] => Some(*at),
                    several => {
                        let several = several.iter().filter_map(|at| found_names.get(*at));
                        let several: Vec<_> = several.map(String::as_str).collect();
                        return Err(refused(format!(
                            "the table {name} has several columns for {}: choose one with --column \
                             {ours}={}",
                            field.name,
                            several.join(" or ")
                        )));
                    }
                },
            };
            columns.push((field.alias, found));
        }
        if let [first, ..] = missing.as_slice() {
            return Err(refused(format!(
                "the table {name} has no column {}; its columns are {}. If it has another name, use \
                 --column {}.{first}=NAME; if it does not exist, use --column {}.{first}=",
                missing.join(", "),
                found_names.join(", "),
                self.name,
                self.name
            )));
        }
        let unread = (0..)
            .zip(found_names)
            .filter(|(at, _)| !columns.iter().any(|(_, found)| *found == Some(*at)));
        let unread = unread.map(|(_, name)| name.clone()).collect();
        let name_at = |at: Option<usize>| found_names.get(at?).map(String::as_str);
        let columns = columns.into_iter().map(|(alias, found)| (alias, name_at(found)));
        Ok(SourceTable::new(name, columns, unread))
    }
}

/// Returns the number of rows that `filter`, such as a WHERE clause, selects.
pub async fn count_rows(
    conn: &mut Conn,
    table: &SourceTable,
    filter: &str,
) -> Result<u64, SourceError> {
    let statement = format!("SELECT count(*) AS count FROM {} {filter}", table.sql);
    let count: QueryResult<Count> = query!(conn, |c| sql_query(&statement).get_result(c));
    Ok(u64::try_from(count.map_err(SourceError::Read)?.count).unwrap_or_default())
}

/// Rejects mappings of unknown names, which would otherwise be ignored silently.
pub fn check_mappings(tables: &[&TableLayout], names: &NameArgs) -> Result<(), SourceError> {
    for mapping in &names.tables {
        if !tables.iter().any(|table| mapping.is_of(table.name)) {
            let names: Vec<_> = tables.iter().map(|table| table.name).collect();
            return Err(refused(format!(
                "--table {}: the tables are {}",
                mapping.ours,
                names.join(", ")
            )));
        }
    }
    for mapping in &names.columns {
        let names = tables.iter().flat_map(|table| {
            table.fields.iter().map(|field| format!("{}.{}", table.name, field.name))
        });
        let names: Vec<_> = names.collect();
        if !names.iter().any(|name| mapping.is_of(name)) {
            return Err(refused(format!(
                "--column {}: the columns are {}",
                mapping.ours,
                names.join(", ")
            )));
        }
    }
    Ok(())
}

/// Returns the positions of the names that equal this field's name in any naming style.
fn matches(names: &[String], field: &str) -> Vec<usize> {
    let plain = plain_name(field);
    let same = names.iter().enumerate().filter(|(_, name)| plain_name(name) == plain);
    same.map(|(at, _)| at).collect()
}

/// Returns the source's name for the table `ours`, and the names of its columns in the source.
async fn find_table(
    conn: &mut Conn,
    ours: &str,
    names: &NameArgs,
) -> Result<(String, Vec<String>), SourceError> {
    if let Some(theirs) = names.table(ours) {
        let columns = list_columns(conn, theirs).await.map_err(SourceError::Read)?;
        if columns.is_empty() {
            return Err(refused(format!("--table {ours}: the source has no table {theirs:?}")));
        }
        return Ok((theirs.to_owned(), columns));
    }
    let columns = list_columns(conn, ours).await.map_err(SourceError::Read)?;
    if !columns.is_empty() {
        return Ok((ours.to_owned(), columns));
    }
    let tables = list_tables(conn).await.map_err(SourceError::Read)?;
    // Table names are singular in some programs and plural in others.
    let singular = |name: &str| plain_name(name).trim_end_matches('s').to_owned();
    let similar: Vec<_> = tables.iter().filter(|name| singular(name) == singular(ours)).collect();
    match similar.as_slice() {
        [] => Err(refused(format!(
            "the source has no table {ours}. If it has another name, use --table {ours}=NAME"
        ))),
        [table] => {
            let columns = list_columns(conn, table).await.map_err(SourceError::Read)?;
            Ok(((*table).clone(), columns))
        }
        several => {
            let several: Vec<_> = several.iter().map(|table| table.as_str()).collect();
            Err(refused(format!(
                "the source has several tables for {ours}: choose one with --table {ours}={}",
                several.join(" or ")
            )))
        }
    }
}

async fn list_tables(conn: &mut Conn) -> QueryResult<Vec<String>> {
    let statement = match conn {
        Conn::Postgres(..) => {
            "SELECT c.relname::text AS name FROM pg_catalog.pg_class c \
             WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND pg_catalog.pg_table_is_visible(c.oid) \
             ORDER BY 1"
        }
        Conn::Sqlite(_) => {
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name"
        }
    };
    let rows: Vec<Name> = query!(conn, |c| sql_query(statement).load(c))?;
    Ok(rows.into_iter().map(|row| row.name).collect())
}

/// Returns the names of the table's columns; empty if the table does not exist.
async fn list_columns(conn: &mut Conn, table: &str) -> QueryResult<Vec<String>> {
    let (statement, table) = match conn {
        Conn::Postgres(..) => (
            "SELECT attname::text AS name FROM pg_catalog.pg_attribute \
             WHERE attrelid = pg_catalog.to_regclass($1) AND attnum > 0 AND NOT attisdropped \
             ORDER BY attnum",
            quoted_path(table),
        ),
        Conn::Sqlite(_) => (
            // Excludes the hidden columns of virtual tables.
            "SELECT name FROM pragma_table_xinfo($1) WHERE hidden <> 1 ORDER BY cid",
            table.to_owned(),
        ),
    };
    let rows: Vec<Name> = query!(conn, |c| sql_query(statement).bind::<Text, _>(&table).load(c))?;
    Ok(rows.into_iter().map(|row| row.name).collect())
}

fn refused(reason: String) -> SourceError {
    SourceError::refused(reason)
}
