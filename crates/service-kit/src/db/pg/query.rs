//! A serialized statement, which can be sent more than once.

use std::fmt;

use diesel::{
    QueryResult,
    pg::{Pg, PgMetadataLookup, PgQueryBuilder, PgTypeMetadata},
    query_builder::{QueryBuilder as _, QueryFragment, bind_collector::RawBytesBindCollector},
    result::Error,
};
use tokio_postgres::types::{IsNull, Kind, ToSql, Type, private::BytesMut};

/// A statement with the values of its parameters.
pub(super) struct PgQuery {
    pub(super) text: StatementText,
    /// Whether the same SQL is likely to be sent again.
    pub(super) is_cacheable: bool,
    values: Vec<Value>,
}

/// The SQL and the parameter types of a statement, which identify a prepared statement.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct StatementText {
    pub(super) sql: String,
    pub(super) types: Vec<Type>,
}

/// A parameter in the binary format, or NULL.
pub(super) struct Value(Option<Vec<u8>>);

impl PgQuery {
    pub(super) fn new(query: &impl QueryFragment<Pg>) -> QueryResult<Self> {
        let mut binds = RawBytesBindCollector::<Pg>::new();
        query.collect_binds(&mut binds, &mut BuiltInTypes, &Pg)?;
        let mut sql = PgQueryBuilder::default();
        query.to_sql(&mut sql, &Pg)?;
        let types = binds.metadata.iter().map(to_type).collect::<QueryResult<_>>()?;
        Ok(Self {
            text: StatementText { sql: sql.finish(), types },
            is_cacheable: query.is_safe_to_cache_prepared(&Pg)?,
            values: binds.binds.into_iter().map(Value).collect(),
        })
    }

    pub(super) fn values(&self) -> impl ExactSizeIterator<Item = &Value> {
        self.values.iter()
    }

    pub(super) fn typed_values(&self) -> impl Iterator<Item = (&Value, Type)> {
        self.values.iter().zip(self.text.types.iter().cloned())
    }
}

fn to_type(metadata: &PgTypeMetadata) -> QueryResult<Type> {
    let oid = metadata.oid().map_err(|error| Error::SerializationError(Box::new(error)))?;
    let unknown = || Type::new(format!("type {oid}"), oid, Kind::Simple, String::new());
    Ok(Type::from_oid(oid).unwrap_or_else(unknown))
}

/// Looks up built-in types only: no statement has a parameter of a type that an extension or a
/// migration defines.
struct BuiltInTypes;

impl PgMetadataLookup for BuiltInTypes {
    fn lookup_type(&mut self, type_name: &str, schema: Option<&str>) -> PgTypeMetadata {
        let key = diesel::pg::PgMetadataCacheKey::new(
            schema.map(|schema| schema.to_owned().into()),
            type_name.to_owned().into(),
        );
        PgTypeMetadata::from_result(Err(diesel::pg::FailedToLookupTypeError::new(key)))
    }
}

/// Hides the value: it may be personal data, and tokio-postgres logs parameters.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("_")
    }
}

impl ToSql for Value {
    fn to_sql(
        &self,
        _type: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        let Some(bytes) = &self.0 else { return Ok(IsNull::Yes) };
        out.extend_from_slice(bytes);
        Ok(IsNull::No)
    }

    fn accepts(_type: &Type) -> bool {
        true
    }

    fn to_sql_checked(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        self.to_sql(ty, out)
    }
}
