//! A small reading of JSON Schema, stricter than JSON Schema is: what a schema does not name may not
//! be there, and a keyword that is not known here stops the test.

use serde_json::Value;

/// A document with schemas in it.
pub(super) struct Document(pub(super) Value);

impl Document {
    /// What stands here, wherever it is written.
    pub(super) fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(place) => self.0.pointer(place.strip_prefix('#').unwrap()).unwrap(),
            None => value,
        }
    }

    /// Where a value does not fit a schema.
    pub(super) fn deviations(&self, schema: &Value, value: &Value) -> Vec<String> {
        let mut found = Vec::new();
        self.judge(schema, value, "", &mut found);
        found
    }

    fn judge(&self, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
        let schema = self.resolve(schema);
        let mut expect = |holds: bool, what: &str| {
            if !holds {
                found.push(format!("{at}: {what}: {value}"));
            }
        };
        for (keyword, wanted) in schema.as_object().unwrap() {
            match keyword.as_str() {
                "type" => {
                    let one = |name: &Value| is_of(value, name.as_str().unwrap());
                    let fits = match wanted.as_array() {
                        Some(names) => names.iter().any(one),
                        None => one(wanted),
                    };
                    expect(fits, "the type");
                }
                "const" => expect(value == wanted, "the constant"),
                "enum" => expect(wanted.as_array().unwrap().contains(value), "the enum"),
                "minimum" => expect(value.as_i64() >= wanted.as_i64(), "the minimum"),
                "required" => {
                    for key in wanted.as_array().unwrap() {
                        let key = key.as_str().unwrap();
                        expect(value.get(key).is_some(), &format!("without {key}"));
                    }
                }
                // Checked below, or for people and foreign validators.
                "properties" | "items" | "description" | "pattern" | "format" => {}
                other => panic!("{other} is not known here"),
            }
        }
        if let (Some(properties), Some(object)) = (schema.get("properties"), value.as_object()) {
            for (key, value) in object {
                let at = format!("{at}/{key}");
                match properties.get(key) {
                    Some(schema) => self.judge(schema, value, &at, found),
                    None => found.push(format!("{at}: it is not described")),
                }
            }
        }
        if let (Some(schema), Some(items)) = (schema.get("items"), value.as_array()) {
            for (index, item) in items.iter().enumerate() {
                self.judge(schema, item, &format!("{at}/{index}"), found);
            }
        }
    }
}

fn is_of(value: &Value, name: &str) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("{other} is not known here"),
    }
}

#[test]
fn what_does_not_fit_is_found() {
    use serde_json::json;
    let document = Document(json!({"a": {"type": "string"}}));
    let schema = json!({
        "type": "object",
        "required": ["a"],
        "properties": {"a": {"$ref": "#/a"}, "b": {"items": {"enum": [1]}, "type": "array"}}
    });
    let count = |value| document.deviations(&schema, &value).len();
    assert_eq!(count(json!({"a": "x", "b": [1]})), 0);
    assert_eq!(count(json!({"a": 1, "b": [1, 2], "c": null})), 3);
    assert_eq!(count(json!({})), 1);
    assert_eq!(count(json!([])), 2);
}
