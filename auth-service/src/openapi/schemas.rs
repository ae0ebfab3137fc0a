//! Simplifies the schemas that utoipa derives from Rust types.

use std::{collections::BTreeMap, mem};

use utoipa::openapi::{
    AllOfBuilder, Components, Object, ObjectBuilder, OpenApi, Ref, RefOr, Schema, Type,
    schema::{AdditionalProperties, AnyOfBuilder, ArrayItems, SchemaType},
};

/// Schemas of field types, by the name of the type.
pub(super) type FieldTypes = BTreeMap<String, RefOr<Schema>>;

/// Inlines the schemas of field types, and returns them. Forbids undescribed fields in responses.
/// Requests may contain undescribed fields, but not `null` in place of an absent field.
pub(super) fn simplify(openapi: &mut OpenApi) -> FieldTypes {
    let requests = request_names(openapi);
    let components = openapi.components.get_or_insert_default();
    let schemas = mem::take(&mut components.schemas).into_iter();
    let (mut objects, fields): (BTreeMap<_, _>, FieldTypes) =
        schemas.partition(|(_, schema)| matches!(schema, RefOr::T(Schema::Object(it)) if it.schema_type == Type::Object.into()));
    for (name, schema) in &mut objects {
        let is_request = requests.contains(name);
        flatten(schema, &fields, is_request);
        if let RefOr::T(Schema::Object(object)) = schema
            && !is_request
        {
            let none = || Box::new(AdditionalProperties::FreeForm(false));
            object.additional_properties.get_or_insert_with(none);
        }
        if let RefOr::T(Schema::Object(object)) = schema {
            object.description = object.description.take().map(|text| unwrapped(&text));
        }
    }
    components.schemas = objects;
    fields
}

/// Joins the lines of a doc comment that has a single paragraph.
pub(super) fn unwrapped(text: &str) -> String {
    text.replace('\n', " ")
}

/// Returns the names of the schemas of request bodies.
fn request_names(openapi: &OpenApi) -> Vec<String> {
    let operations = openapi.paths.paths.values().filter_map(|item| item.post.as_ref());
    let contents = operations.filter_map(|operation| match &operation.request_body {
        Some(RefOr::T(body)) => Some(body.content.values()),
        _ => None,
    });
    let schemas = contents.flatten().filter_map(|content| match content {
        RefOr::T(content) => content.schema.clone(),
        RefOr::Ref(_) => None,
    });
    let names = schemas.filter_map(|mut schema| {
        flatten(&mut schema, &FieldTypes::new(), true);
        if let RefOr::Ref(reference) = schema { Some(name_of(&reference).to_owned()) } else { None }
    });
    names.collect()
}

/// Replaces references to field types with their schemas. In a request, also removes `null` from
/// the types of optional fields.
pub(super) fn flatten(schema: &mut RefOr<Schema>, fields: &FieldTypes, is_request: bool) {
    let (replacement, description) = match schema {
        RefOr::Ref(reference) => {
            let Some(field) = fields.get(name_of(reference)) else { return };
            let description = mem::take(&mut reference.description);
            (field.clone(), Some(description).filter(|it| !it.is_empty()))
        }
        RefOr::T(Schema::OneOf(one_of)) => {
            if is_request {
                one_of.items.retain(|item| !is_null(item));
            }
            for item in &mut one_of.items {
                flatten(item, fields, is_request);
            }
            let [item] = one_of.items.as_slice() else { return };
            (item.clone(), one_of.description.take())
        }
        // A field type, combined with the field's own description.
        RefOr::T(Schema::AllOf(all_of)) => {
            let [item, RefOr::T(Schema::Object(field))] = all_of.items.as_mut_slice() else {
                return;
            };
            flatten(item, fields, is_request);
            (item.clone(), field.description.take())
        }
        RefOr::T(Schema::Array(array)) => {
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                flatten(items, fields, is_request);
            }
            forbid_null(&mut array.schema_type, is_request);
            return;
        }
        RefOr::T(Schema::Object(object)) => {
            flatten_object(object, fields, is_request);
            return;
        }
        RefOr::T(_) => return,
    };
    *schema = replacement;
    match (schema, description) {
        (RefOr::T(Schema::Object(object)), Some(text)) => object.description = Some(text),
        (RefOr::T(Schema::Array(array)), Some(text)) => array.description = Some(text),
        _ => {}
    }
}

fn flatten_object(object: &mut Object, fields: &FieldTypes, is_request: bool) {
    for field in object.properties.values_mut() {
        flatten(field, fields, is_request);
    }
    // Redundant, because all names in a JSON object are strings.
    object.property_names = None;
    forbid_null(&mut object.schema_type, is_request);
    // The ranges of Rust's integer types are not part of the wire contract.
    object.format.take_if(|_| object.schema_type == Type::Integer.into());
}

fn forbid_null(schema_type: &mut SchemaType, is_request: bool) {
    if let (true, SchemaType::Array(types)) = (is_request, &*schema_type)
        && let [kind, Type::Null] | [Type::Null, kind] = &types[..]
    {
        *schema_type = kind.clone().into();
    }
}

fn is_null(schema: &RefOr<Schema>) -> bool {
    matches!(schema, RefOr::T(Schema::Object(object)) if object.schema_type == Type::Null.into())
}

pub(super) fn name_of(reference: &Ref) -> &str {
    reference.ref_location.rsplit('/').next().unwrap_or_default()
}

/// Requires at least one of the fields of the object schema with this name.
pub(super) fn require_any(components: &mut Components, name: &str) {
    let Some(RefOr::T(Schema::Object(object))) = components.schemas.get(name) else { return };
    let needs = |field: &String| ObjectBuilder::new().required(field);
    // The map is sorted by name. Reversed, it has the order in which `UpdateUser` declares its
    // fields.
    let any =
        object.properties.keys().rev().map(needs).fold(AnyOfBuilder::new(), AnyOfBuilder::item);
    let schema = AllOfBuilder::new().item(object.clone()).item(any);
    components.schemas.insert(name.to_owned(), schema.into());
}
