//! A small reading of JSON Schema. Where it is strict, what a schema does not name may not be there; a
//! keyword that is not known here stops the test.

use serde_json::Value;

/// A document with schemas in it.
pub(crate) struct Document(pub(crate) Value);

impl Document {
    /// What stands here, wherever it is written.
    pub(crate) fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(place) => self.0.pointer(place.strip_prefix('#').unwrap()).unwrap(),
            None => value,
        }
    }

    /// Where a value does not fit a schema, or has what is not described.
    pub(crate) fn deviations(&self, schema: &Value, value: &Value) -> Vec<String> {
        self.found(schema, value, "", true)
    }

    /// Whether a value fits a schema, whatever else it has.
    pub(crate) fn fits(&self, schema: &Value, value: &Value) -> bool {
        self.found(schema, value, "", false).is_empty()
    }

    fn found(&self, schema: &Value, value: &Value, at: &str, strict: bool) -> Vec<String> {
        let mut found = Vec::new();
        self.judge(schema, value, at, strict, &mut found);
        found
    }

    fn judge(
        &self,
        schema: &Value,
        value: &Value,
        at: &str,
        strict: bool,
        found: &mut Vec<String>,
    ) {
        let schema = self.resolve(schema);
        let fits = |schema: &Value| self.found(schema, value, at, strict).is_empty();
        let has = |key: &Value| value.get(key.as_str().unwrap()).is_some();
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
                "minimum" if value.is_number() => {
                    expect(value.as_i64() >= wanted.as_i64(), "the minimum");
                }
                "minLength" => {
                    let length = value.as_str().map(|text| text.chars().count() as u64);
                    expect(
                        length.is_none_or(|is| Some(is) >= wanted.as_u64()),
                        "the length",
                    );
                }
                "pattern" => {
                    let pattern = regex::Regex::new(wanted.as_str().unwrap()).unwrap();
                    let text = value.as_str();
                    expect(
                        text.is_none_or(|text| pattern.is_match(text)),
                        "the pattern",
                    );
                }
                "required" => {
                    for key in wanted.as_array().unwrap() {
                        expect(has(key), &format!("without {key}"));
                    }
                }
                "dependencies" => {
                    for (key, others) in wanted.as_object().unwrap() {
                        let others = others.as_array().unwrap();
                        let alone = value.get(key).is_some() && !others.iter().all(has);
                        expect(!alone, &format!("{key} alone"));
                    }
                }
                "anyOf" => expect(wanted.as_array().unwrap().iter().any(fits), "any of them"),
                "not" => expect(!fits(wanted), "what it must not be"),
                // Checked below, or for people and foreign validators.
                "properties"
                | "additionalProperties"
                | "items"
                | "description"
                | "format"
                | "minimum" => {}
                other => panic!("{other} is not known here"),
            }
        }
        let (properties, others) = (&schema["properties"], &schema["additionalProperties"]);
        for (key, value) in value.as_object().into_iter().flatten() {
            let at = format!("{at}/{key}");
            match (properties.get(key), others) {
                (Some(schema), _) => self.judge(schema, value, &at, strict, found),
                (None, Value::Object(_)) => self.judge(others, value, &at, strict, found),
                (None, _) if strict && properties.is_object() => {
                    found.push(format!("{at}: it is not described"));
                }
                (None, _) => {}
            }
        }
        if let (Some(schema), Some(items)) = (schema.get("items"), value.as_array()) {
            for (index, item) in items.iter().enumerate() {
                self.judge(schema, item, &format!("{at}/{index}"), strict, found);
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
    assert!(document.fits(&schema, &json!({"a": "x", "c": null})));
    let schema = json!({
        "anyOf": [{"required": ["a"]}, {"const": 1}],
        "not": {"required": ["b"]},
        "dependencies": {"c": ["d"]},
        "additionalProperties": {"type": "string", "pattern": "^x", "minLength": 2}
    });
    let fits = |value| document.fits(&schema, &value);
    assert!(
        fits(json!(1))
            && fits(json!({"a": "xy"}))
            && fits(json!({"a": "xy", "c": "xx", "d": "xx"}))
    );
    for wrong in [
        json!(2),
        json!({}),
        json!({"a": "xy", "b": "xy"}),
        json!({"a": "xy", "c": "xy"}),
        json!({"a": "y"}),
        json!({"a": "x"}),
    ] {
        assert!(!fits(wrong.clone()), "{wrong}");
    }
}
