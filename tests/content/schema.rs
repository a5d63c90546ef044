//! `mithril schema` and the decoder are of one opinion about keys and what is required.

use mithril::exercise::{BUILD, EXERCISE, Exercise, SCORING, TEST, VALIDATION};
use mithril::pool::{POOL, Pool};
use schemars::generate::SchemaSettings;
use serde_json::Value;

fn schema<T: schemars::JsonSchema>() -> Value {
    let generator = SchemaSettings::draft07().into_generator();
    serde_json::to_value(generator.into_root_schema_for::<T>()).unwrap()
}

fn keys(schema: &Value) -> Vec<&str> {
    let mut keys: Vec<_> = schema["properties"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    keys
}

fn sorted(keys: &[&'static str]) -> Vec<&'static str> {
    let mut keys = keys.to_vec();
    keys.sort_unstable();
    keys
}

#[test]
fn the_keys_of_the_schema_are_the_keys_of_the_decoder() {
    let exercise = schema::<Exercise>();
    assert_eq!(keys(&exercise), sorted(EXERCISE.keys));
    for (name, shape) in [
        ("Build", &BUILD),
        ("Test", &TEST),
        ("Validation", &VALIDATION),
        ("Scoring", &SCORING),
    ] {
        let definition = &exercise["definitions"][name];
        assert_eq!(keys(definition), sorted(shape.keys), "{name}");
        assert_eq!(definition["additionalProperties"], false, "{name}");
    }
    assert_eq!(exercise["additionalProperties"], false);
    let pool = schema::<Pool>();
    assert_eq!(keys(&pool), sorted(POOL.keys));
    assert_eq!(pool["additionalProperties"], false);
}

#[test]
fn what_the_schema_requires_the_decoder_requires() {
    let required = |schema: &Value| -> Vec<String> {
        let mut list: Vec<String> = serde_json::from_value(schema["required"].clone()).unwrap();
        list.sort();
        list
    };
    let exercise = schema::<Exercise>();
    assert_eq!(required(&exercise), ["id", "title", "type"]);
    assert_eq!(required(&exercise["definitions"]["Test"]), ["name", "run"]);
    assert_eq!(required(&exercise["definitions"]["Build"]), ["command"]);
    assert_eq!(required(&schema::<Pool>()), ["name", "slug"]);
}
