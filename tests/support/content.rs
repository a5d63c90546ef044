//! Generates trees of sound exercises, for tests and benches.

use std::fmt::Write as _;
use std::path::Path;

/// Exercises in one pool.
const POOL_SIZE: usize = 100;

/// Writes a tree of `count` exercises, 100 in a pool, each with two tests and their four files.
pub fn write_tree(root: &Path, count: usize) {
    for index in 0..count {
        let pool = index / POOL_SIZE;
        let pool_dir = root.join(format!("pool-{pool:04}"));
        if index % POOL_SIZE == 0 {
            std::fs::create_dir_all(&pool_dir).unwrap();
            std::fs::write(pool_dir.join("pool.yaml"), pool_yaml(pool)).unwrap();
        }
        let dir = pool_dir.join(format!("ex{index:06}"));
        std::fs::create_dir_all(dir.join("tests")).unwrap();
        for (test, input, expected) in [("basic", "1 2\n", "3\n"), ("edge", "0 5\n", "5\n")] {
            std::fs::write(dir.join(format!("tests/{test}_input.txt")), input).unwrap();
            std::fs::write(dir.join(format!("tests/{test}_expected.txt")), expected).unwrap();
        }
        std::fs::write(dir.join("exercise.yaml"), exercise_yaml(index)).unwrap();
    }
}

/// A pool's file.
pub fn pool_yaml(index: usize) -> String {
    format!(
        "slug: pool-{index:04}\nname: \"Pool {index}\"\ntheme: generated\ndescription: >-\n  A pool \
         that was generated.\ndifficulty: easy\ntags: [generated, c]\nmaintainer: nobody\n"
    )
}

/// An exercise's file of about forty lines, as schools write them.
pub fn exercise_yaml(index: usize) -> String {
    let mut text = format!(
        "id: \"ex{index:06}\"\ntitle: \"Exercise {index}\"\ntype: \"code\"  # or \"qcm\", \"text\"\n\
         language: \"c\"\n\n# Compilation\nbuild:\n  command: \"gcc -Wall -Wextra -Werror \
         {{submission}} -o {{output}}\"\n  timeout: 30\n\n# Test execution\ntests:\n"
    );
    for test in ["basic", "edge"] {
        let _ = write!(
            text,
            "  - name: \"The {test} test\"\n    run: \"./{{output}} {index}\"\n    input: \
             \"tests/{test}_input.txt\"\n    expected_output: \"tests/{test}_expected.txt\"\n    \
             timeout: 5\n\n"
        );
    }
    text.push_str(
        "# Validation rules\nvalidation:\n  check_valgrind: true\n  allowed_functions: [\"write\", \
         \"malloc\", \"free\"]\n\n# Scoring\nscoring:\n  compilation: 10\n  per_test: 40\n  \
         valgrind_clean: 10\n\ndifficulty: medium\ntags: [generated, sums]\ndescription: |\n  Write \
         a program that adds two numbers.\n\n  They come on standard input, the sum goes to \
         standard output.\n",
    );
    text
}
