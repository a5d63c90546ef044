//! `rule`, `schema`, `show`, `help`.

use serde_json::Value;

use crate::fixture::{project, run};

#[test]
fn every_rule_explains_itself() {
    let all = run(&project(""), &["rule", "--all", "--format", "json"]);
    let rules: Vec<Value> = serde_json::from_str(&all.stdout).unwrap();
    assert!(rules.len() >= 45);
    for rule in &rules {
        let code = rule["code"].as_str().unwrap();
        let outcome = run(&project(""), &["rule", &code.to_lowercase()]);
        assert_eq!(outcome.code, 0, "{code}");
        assert!(
            outcome.stdout.contains(rule["name"].as_str().unwrap()),
            "{code}"
        );
    }
    let table = run(&project(""), &["rule", "--all", "--format", "table"]);
    assert!(table.stdout.contains("│ T504 "), "{}", table.stdout);
    let tsv = run(&project(""), &["rule", "--all"]);
    assert!(
        tsv.stdout.starts_with("code\tname\tseverity\t"),
        "{}",
        tsv.stdout
    );
}

#[test]
fn an_unknown_rule_is_a_failure_with_a_hint() {
    let outcome = run(&project(""), &["rule", "T5O4"]);
    assert_eq!(outcome.code, 2);
    assert!(
        outcome.stderr.contains("did you mean T504?"),
        "{}",
        outcome.stderr
    );
    assert_eq!(run(&project(""), &["rule", "timeout-bounds"]).code, 0);
    assert_eq!(run(&project(""), &["rule"]).code, 2);
}

#[test]
fn schemas_are_json() {
    for of in ["exercise", "pool"] {
        let outcome = run(&project(""), &["schema", of]);
        let schema: Value = serde_json::from_str(&outcome.stdout).unwrap();
        assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
        assert_eq!(schema["additionalProperties"], false);
    }
}

#[test]
fn what_every_command_takes_stands_behind_what_the_command_takes() {
    for command in ["lint", "tail", "serve"] {
        let help = run(&project(""), &[command, "--help"]).stdout;
        let (own, global) = help.split_once("\nGlobal options:\n").unwrap();
        for option in ["--config <FILE>", "--color <WHEN>", "--quiet", "--verbose"] {
            assert!(global.contains(option) && !own.contains(option), "{help}");
        }
    }
    let all = run(&project(""), &["help"]).stdout;
    assert!(all.contains("\nOptions:\n      --config <FILE>"), "{all}");
}

#[test]
fn content_is_shown_as_it_is_served() {
    let root = project("");
    let pools = run(&root, &["show"]);
    assert_eq!(pools.code, 0);
    assert_eq!(pools.stdout.lines().count(), 4, "{}", pools.stdout);
    let table = run(&root, &["show", "pool", "c-basics", "--format", "table"]);
    assert!(table.stdout.contains("c-fizzbuzz"), "{}", table.stdout);
    let json = run(
        &root,
        &["show", "exercise", "c-fizzbuzz", "--format", "json"],
    );
    let exercise: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(exercise["pool_id"], "c-basics");
    let all = run(&root, &["show", "exercise", "--format", "json"]);
    let all: Value = serde_json::from_str(&all.stdout).unwrap();
    assert_eq!(all["exercises"].as_array().unwrap().len(), 40);
    assert!(!all.to_string().contains("\"answer\""));
    let unknown = run(&root, &["show", "exercise", "c-fizzbuz"]);
    assert_eq!(unknown.code, 2);
    assert!(
        unknown.stderr.contains("did you mean c-fizzbuzz?"),
        "{}",
        unknown.stderr
    );
    let golden = run(&root, &["show", "--content-dir", "tests/fixtures/golden"]);
    assert!(
        golden.stdout.contains("regex-beginner"),
        "{}",
        golden.stdout
    );
}

#[test]
fn help_groups_the_commands_by_purpose() {
    let help = run(&project(""), &["help"]);
    for title in ["Check exercises:", "Run the daemon:"] {
        assert!(help.stdout.contains(title), "{}", help.stdout);
    }
    let serve = run(&project(""), &["serve", "--help"]);
    for text in [
        "--server-listen",
        "MITHRIL_SERVER_LISTEN, MITHRIL_LISTEN, WEBSOCKET_PORT",
        "[default: 30s]",
    ] {
        assert!(serve.stdout.contains(text), "{text}: {}", serve.stdout);
    }
}
