//! Response bodies that several endpoints share.

use serde::{Serialize, Serializer};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};

/// The value `true`.
pub(crate) struct True;

impl Serialize for True {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(true)
    }
}

impl PartialSchema for True {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::Boolean).enum_values(Some([true])).into()
    }
}

impl ToSchema for True {}

#[derive(Serialize, ToSchema)]
pub(crate) struct StatusResponse {
    status: True,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct StatusMessageResponse {
    status: True,
    message: &'static str,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct SuccessResponse {
    success: True,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct SuccessMessageResponse {
    success: True,
    message: &'static str,
}

impl StatusResponse {
    pub(crate) const OK: Self = Self { status: True };
}

impl StatusMessageResponse {
    pub(crate) fn new(message: &'static str) -> Self {
        Self { status: True, message }
    }
}

impl SuccessResponse {
    pub(crate) const OK: Self = Self { success: True };
}

impl SuccessMessageResponse {
    pub(crate) fn new(message: &'static str) -> Self {
        Self { success: True, message }
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) enum TokenType {
    Bearer,
}
