//! The parameters of a listing.

use std::{
    fmt::Write as _,
    future::{Ready, ready},
};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use chrono::{DateTime, Utc};
use database::sql_types::DbTime;
use url::form_urlencoded;
use utoipa::ToSchema;

use crate::{
    http::{
        cursor,
        error::{Error, InputError, Result},
    },
    store::{Asked, Filter, Order, Sort, folded::folded},
};

const LIMIT_MAX: i64 = 1000;
const TEXT_MAX_CHARS: usize = 255;
/// Number of validation errors after which the rest of the query is ignored, because the response
/// would otherwise be far larger than the query.
const MAX_ERRORS: usize = 32;

/// The requested page.
pub(crate) struct Page {
    /// The tasks to load: those of the page, and one extra task, which shows whether there is a
    /// next page.
    pub(super) asked: Asked,
    /// Whether the client requests the total number of tasks.
    pub(super) has_total: bool,
    /// The parameters other than `limit` and `cursor`, each after an `&`, for the link to the next
    /// page.
    pub(super) rest: String,
}

impl FromRequest for Page {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Parameters::read(req.query_string()).into_page())
    }
}

/// The parameters that have been parsed so far, and their errors.
#[derive(Default)]
struct Parameters {
    limit: Option<i64>,
    cursor: Option<String>,
    filter: Filter,
    sort: Option<Sort>,
    is_descending: Option<bool>,
    has_total: Option<bool>,
    rest: String,
    seen: Vec<Parameter>,
    errors: Vec<InputError>,
}

/// Sort keys of a listing.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "only documented; listings use `Order`")]
pub(crate) enum SortName {
    CreatedAt,
    UpdatedAt,
    Title,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "only documented; listings use `Order`")]
pub(crate) enum OrderName {
    Asc,
    Desc,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Parameter {
    Limit,
    Cursor,
    Completed,
    CreatedAfter,
    UpdatedAfter,
    Text,
    Sort,
    Order,
    Total,
}

impl Parameter {
    const ALL: [Self; 9] = [
        Self::Limit,
        Self::Cursor,
        Self::Completed,
        Self::CreatedAfter,
        Self::UpdatedAfter,
        Self::Text,
        Self::Sort,
        Self::Order,
        Self::Total,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Limit => "limit",
            Self::Cursor => "cursor",
            Self::Completed => "completed",
            Self::CreatedAfter => "created_after",
            Self::UpdatedAfter => "updated_after",
            Self::Text => "q",
            Self::Sort => "sort",
            Self::Order => "order",
            Self::Total => "total",
        }
    }
}

impl Parameters {
    fn read(query: &str) -> Self {
        let mut parameters = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if parameters.errors.len() >= MAX_ERRORS {
                break;
            }
            match Parameter::ALL.into_iter().find(|known| known.name() == name) {
                None => parameters.refuse_unknown(&name),
                Some(known) if parameters.seen.contains(&known) => {
                    let msg = "Value error, given more than once";
                    parameters.refuse(known.name(), "value_error", msg);
                }
                Some(known) => {
                    parameters.seen.push(known);
                    parameters.take(known, &value);
                }
            }
        }
        parameters
    }

    fn take(&mut self, parameter: Parameter, value: &str) {
        let name = parameter.name();
        match parameter {
            Parameter::Limit => match value.parse() {
                Ok(limit) if (1..=LIMIT_MAX).contains(&limit) => self.limit = Some(limit),
                _ => {
                    let msg = format!("Input should be an integer from 1 to {LIMIT_MAX}");
                    self.refuse(name, "int_range", msg);
                }
            },
            Parameter::Cursor => self.cursor = Some(value.to_owned()),
            Parameter::Completed => self.filter.completed = self.boolean(name, value),
            Parameter::Total => self.has_total = self.boolean(name, value),
            Parameter::CreatedAfter => self.filter.created_after = self.time(name, value),
            Parameter::UpdatedAfter => self.filter.updated_after = self.time(name, value),
            Parameter::Text => self.filter.text = self.text(name, value),
            Parameter::Sort => {
                self.sort = match value {
                    "created_at" => Some(Sort::CreatedAt),
                    "updated_at" => Some(Sort::UpdatedAt),
                    "title" => Some(Sort::Title),
                    _ => {
                        let msg = "Input should be 'created_at', 'updated_at' or 'title'";
                        self.refuse(name, "enum", msg);
                        None
                    }
                }
            }
            Parameter::Order => match value {
                "asc" => self.is_descending = Some(false),
                "desc" => self.is_descending = Some(true),
                _ => self.refuse(name, "enum", "Input should be 'asc' or 'desc'"),
            },
        }
        if !matches!(parameter, Parameter::Limit | Parameter::Cursor) {
            let value: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
            let _ = write!(self.rest, "&{name}={value}");
        }
    }

    fn boolean(&mut self, name: &'static str, value: &str) -> Option<bool> {
        let boolean = value.parse().ok();
        if boolean.is_none() {
            self.refuse(name, "bool_parsing", "Input should be 'true' or 'false'");
        }
        boolean
    }

    fn time(&mut self, name: &'static str, value: &str) -> Option<DbTime> {
        let time = DateTime::parse_from_rfc3339(value).map(|time| time.with_timezone(&Utc)).ok();
        let time = time.filter(cursor::is_storable);
        if time.is_none() {
            let msg = "Input should be a time such as 2026-01-02T03:04:05Z (+ is written %2B)";
            self.refuse(name, "datetime_parsing", msg);
        }
        time.map(DbTime)
    }

    fn text(&mut self, name: &'static str, value: &str) -> Option<String> {
        if value.contains('\0') || value.chars().nth(TEXT_MAX_CHARS).is_some() {
            let msg = format!(
                "Input should be a string of at most {TEXT_MAX_CHARS} characters without NUL"
            );
            self.refuse(name, "string_too_long", msg);
            return None;
        }
        (!value.is_empty()).then(|| folded(value))
    }

    fn refuse(&mut self, name: &'static str, kind: &'static str, msg: impl Into<String>) {
        let msg = msg.into().into();
        self.errors.push(InputError { loc: vec!["query".into(), name.into()], msg, kind });
    }

    fn refuse_unknown(&mut self, name: &str) {
        /// Maximum number of characters of an unknown name that the error repeats.
        const SHOWN_CHARS: usize = 64;
        let name: String = name.chars().take(SHOWN_CHARS).collect();
        let names = Parameter::ALL.map(Parameter::name).join(", ");
        self.errors.push(InputError {
            loc: vec!["query".into(), name.into()],
            msg: format!("Input should be one of {names}").into(),
            kind: "extra_forbidden",
        });
    }

    fn into_page(mut self) -> Result<Page> {
        let sort = self.sort.unwrap_or(Sort::CreatedAt);
        let order =
            Order { sort, is_descending: self.is_descending.unwrap_or(sort != Sort::Title) };
        let mut after = None;
        if let Some(cursor) = self.cursor.take() {
            after = cursor::decode(&cursor, order);
            if after.is_none() {
                let msg = "Value error, take the cursor from a Link header of the same listing";
                self.refuse("cursor", "value_error", msg);
            }
        }
        if !self.errors.is_empty() {
            return Err(Error::Invalid(self.errors));
        }
        Ok(Page {
            asked: Asked {
                filter: self.filter,
                order,
                after,
                limit: self.limit.unwrap_or(LIMIT_MAX) + 1,
            },
            has_total: self.has_total.unwrap_or_default(),
            rest: self.rest,
        })
    }
}
