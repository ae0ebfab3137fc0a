//! A serialized statement, which can be sent more than once.

use std::{any::TypeId, cell::RefCell, collections::HashMap, fmt, sync::Arc};

use diesel::{
    QueryResult,
    pg::{Pg, PgMetadataLookup, PgQueryBuilder, PgTypeMetadata},
    query_builder::{
        QueryBuilder as _, QueryFragment, QueryId, bind_collector::RawBytesBindCollector,
    },
    result::Error,
};
use tokio_postgres::types::{IsNull, Kind, ToSql, Type, private::BytesMut};

/// A statement with the values of its parameters.
pub(super) struct PgQuery {
    pub(super) key: StatementKey,
    pub(super) text: Arc<StatementText>,
    /// Whether the same SQL is likely to be sent again.
    pub(super) is_cacheable: bool,
    values: Vec<Value>,
}

/// A prepared statement's key in a connection's cache.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum StatementKey {
    /// The type of a query, if it alone determines the SQL.
    Type(TypeId),
    Text(Arc<StatementText>),
}

/// The SQL and the parameter types of a statement.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct StatementText {
    pub(super) sql: String,
    pub(super) types: Vec<Type>,
}

/// A parameter's value in PostgreSQL's binary format, or NULL.
pub(super) struct Value(Option<Vec<u8>>);

thread_local! {
    /// The SQL of each query whose type alone determines it, by this type. Building the SQL takes
    /// longer than sending the statement.
    static TEXTS: RefCell<HashMap<TypeId, Arc<StatementText>>> = RefCell::default();
}

impl PgQuery {
    pub(super) fn new<Q: QueryFragment<Pg> + QueryId>(query: &Q) -> QueryResult<Self> {
        let mut binds = RawBytesBindCollector::<Pg>::new();
        query.collect_binds(&mut binds, &mut BuiltInTypes, &Pg)?;
        let build = || StatementText::new(query, &binds.metadata).map(Arc::new);
        let (key, text, is_cacheable) = if let Some(id) = Q::query_id() {
            (StatementKey::Type(id), known_text(id, build)?, true)
        } else {
            let text = build()?;
            let is_cacheable = query.is_safe_to_cache_prepared(&Pg)?;
            (StatementKey::Text(Arc::clone(&text)), text, is_cacheable)
        };
        let values = binds.binds.into_iter().map(Value).collect();
        Ok(Self { key, text, is_cacheable, values })
    }

    pub(super) fn values(&self) -> impl ExactSizeIterator<Item = &Value> {
        self.values.iter()
    }

    pub(super) fn typed_values(&self) -> impl Iterator<Item = (&Value, Type)> {
        self.values.iter().zip(self.text.types.iter().cloned())
    }
}

impl StatementText {
    fn new(query: &impl QueryFragment<Pg>, metadata: &[PgTypeMetadata]) -> QueryResult<Self> {
        let mut sql = PgQueryBuilder::default();
        query.to_sql(&mut sql, &Pg)?;
        let types = metadata.iter().map(to_type).collect::<QueryResult<_>>()?;
        Ok(Self { sql: sql.finish(), types })
    }
}

fn known_text(
    id: TypeId,
    build: impl FnOnce() -> QueryResult<Arc<StatementText>>,
) -> QueryResult<Arc<StatementText>> {
    if let Some(text) = TEXTS.with_borrow(|texts| texts.get(&id).cloned()) {
        return Ok(text);
    }
    let text = build()?;
    TEXTS.with_borrow_mut(|texts| texts.insert(id, Arc::clone(&text)));
    Ok(text)
}

fn to_type(metadata: &PgTypeMetadata) -> QueryResult<Type> {
    let oid = metadata.oid().map_err(|error| Error::SerializationError(Box::new(error)))?;
    let unknown = || Type::new(format!("type {oid}"), oid, Kind::Simple, String::new());
    Ok(Type::from_oid(oid).unwrap_or_else(unknown))
}

/// A lookup of types that finds none: diesel itself knows the built-in types, and no statement has
/// a parameter of a type that an extension or a migration defines.
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
