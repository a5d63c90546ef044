//! What the README tells authors to write into files of their own does what it says.

use std::fs;
use std::path::Path;

use serde_yaml::Value;

use crate::fixture::{Outcome, mithril, project, run};

/// The block of YAML in the README that has this in it.
fn block(with: &str) -> Value {
    let text = fs::read_to_string(project("README.md")).unwrap();
    let mut blocks = text.split("```yaml\n").skip(1);
    let block = blocks.find_map(|rest| {
        let block = rest.split("```").next().unwrap();
        block.contains(with).then(|| block.to_owned())
    });
    serde_yaml::from_str(&block.expect("there is such a block")).unwrap()
}

/// A tree with one exercise, which has a fault or none.
fn tree(fault: &str) -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    for arguments in [
        &["new", "pool", "p"][..],
        &["new", "exercise", "p", "a", "--type", "text"],
    ] {
        assert_eq!(run(place.path(), arguments).code, 0);
    }
    let file = place.path().join("exercises/p/a/exercise.yaml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(file, text + fault).unwrap();
    place
}

/// Runs a command line as a shell would.
fn shell(directory: &Path, line: &str) -> Outcome {
    let mut words = line.split(' ');
    assert_eq!(words.next(), Some("mithril"));
    mithril(directory).args(words).output().unwrap().into()
}

#[test]
fn the_workflow_finds_faults_and_leaves_a_report() {
    let workflow = block("jobs:");
    let steps = workflow["jobs"]["lint"]["steps"].as_sequence().unwrap();
    let lines: Vec<&str> = steps
        .iter()
        .filter_map(|step| step["run"].as_str())
        .filter(|line| line.starts_with("mithril "))
        .collect();
    let report = steps.last().unwrap()["with"]["sarif_file"].as_str();
    assert_eq!(lines.len(), 1);
    for (fault, code) in [("", 0), ("titel: x\n", 1)] {
        let place = tree(fault);
        let outcome = shell(place.path(), lines[0]);
        assert_eq!(outcome.code, code, "{}", outcome.stderr);
        assert_eq!(outcome.stdout.starts_with("::error file="), code == 1);
        let log = fs::read(place.path().join(report.unwrap())).unwrap();
        let log: serde_json::Value = serde_json::from_slice(&log).unwrap();
        let results = log["runs"][0]["results"].as_array().unwrap();
        assert_eq!(results.len(), usize::from(code == 1));
    }
}

#[test]
fn the_hooks_are_those_that_the_readme_names() {
    let text = fs::read_to_string(project(".pre-commit-hooks.yaml")).unwrap();
    let hooks: Value = serde_yaml::from_str(&text).unwrap();
    let wanted = block("rev:");
    let wanted = &wanted["repos"][0]["hooks"][0];
    let arguments = wanted["args"].as_sequence().unwrap();
    let arguments: Vec<&str> = arguments
        .iter()
        .map(|word| word.as_str().unwrap())
        .collect();
    let hooks = hooks.as_sequence().unwrap();
    assert!(hooks.iter().any(|hook| hook["id"] == wanted["id"]));
    for hook in hooks {
        for (fault, code) in [("", 0), ("titel: x\n", 1)] {
            let place = tree(fault);
            let entry = hook["entry"].as_str().unwrap();
            let outcome = shell(place.path(), entry);
            assert_eq!((outcome.code, &*outcome.stderr), (code, ""), "{entry}");
            if hook["id"] == wanted["id"] {
                let line = format!("{entry} {}", arguments.join(" "));
                assert_eq!(shell(place.path(), &line).code, code, "{line}");
            }
        }
    }
}
