//! The codes of the rules: stable, never reused. What each rule means is written in `lint`.

use super::{Applicability, Severity};

/// A rule whose fix may be applied without a look.
const S: Option<Applicability> = Some(Applicability::Safe);
/// A rule whose fix is a guess.
const U: Option<Applicability> = Some(Applicability::Unsafe);
/// A rule without a fix.
const N: Option<Applicability> = None;

macro_rules! codes {
    ($($code:ident $name:literal [$($severity:ident)+] $fix:ident,)*) => {
        /// The code of a rule, in the order in which rules are listed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "each code is documented by its rule: `mithril rule CODE`")]
        pub enum Code {
            $($code,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$code,)*];

            /// The code's text.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$code => stringify!($code),)*
                }
            }

            /// The rule's name.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$code => $name,)*
                }
            }

            /// The severities of the rule's cases, its main case first.
            pub fn severities(self) -> &'static [Severity] {
                match self {
                    $(Self::$code => &[$(Severity::$severity),+],)*
                }
            }

            /// Whether the rule has a fix, and whether that may be applied without a look.
            pub fn fix(self) -> Option<Applicability> {
                match self {
                    $(Self::$code => $fix,)*
                }
            }
        }
    };
}

codes! {
    Y001 "syntax-error" [Error] U,
    Y002 "not-utf8" [Error] S,
    Y003 "byte-order-mark" [Warning] S,
    Y004 "crlf" [Warning] S,
    Y005 "tab-indent" [Error] S,
    Y006 "duplicate-key" [Error] N,
    Y007 "multiple-documents" [Error] N,
    Y008 "empty-document" [Error] N,
    Y009 "root-not-mapping" [Error] N,
    Y010 "alias-budget" [Error] N,
    Y011 "anchor-misuse" [Error Warning] S,
    Y012 "merge-key" [Warning] U,
    Y013 "custom-tag" [Error] N,
    Y014 "implicit-bool" [Error Warning] S,
    Y015 "implicit-null" [Error Warning] N,
    Y016 "odd-number-literal" [Error] U,
    Y017 "float-in-int" [Error] N,
    Y018 "quoted-number" [Error] S,
    Y019 "unquoted-string-like" [Warning] S,
    Y020 "size-or-depth" [Error] N,
    Y021 "suspicious-unicode" [Warning] S,
    Y022 "final-newline" [Info] S,
    S101 "unknown-key" [Error] U,
    S102 "missing-required" [Error] N,
    S103 "wrong-type" [Error] N,
    S104 "invalid-enum" [Error] S,
    S105 "blank-string" [Error Warning] S,
    S106 "key-not-for-type" [Warning] N,
    S107 "too-long" [Error] N,
    I201 "unsafe-id" [Error] U,
    I202 "duplicate-exercise-id" [Error] N,
    I203 "duplicate-pool-slug" [Error] N,
    I204 "confusable-id" [Warning] N,
    I205 "id-dir-mismatch" [Warning] U,
    I206 "reserved-id" [Error] N,
    I207 "pool-id-key" [Error] S,
    I208 "nested-pool" [Error] N,
    I209 "exercise-depth" [Error] N,
    I210 "near-miss-filename" [Warning] U,
    I211 "pool-list-drift" [Error Warning] U,
    I212 "empty-pool" [Warning] N,
    F301 "missing-file" [Error] N,
    F302 "path-escape" [Error] N,
    F303 "symlink-escape" [Error] N,
    F304 "case-mismatch" [Error] S,
    F305 "orphan-file" [Warning] N,
    F306 "empty-expected" [Info] N,
    F307 "not-regular-file" [Error] N,
    F308 "text-fixture-eol" [Warning Info] U,
    F309 "fixture-too-big" [Warning Error] N,
    B401 "unknown-placeholder" [Error] U,
    B402 "missing-placeholder" [Error] N,
    B403 "output-without-build" [Error] N,
    B404 "build-missing" [Warning] N,
    B405 "shell-metachar" [Warning Error] N,
    B406 "program-not-allowed" [Warning] N,
    B407 "dangerous-program" [Error] N,
    B408 "language-compiler-mismatch" [Warning] N,
    B410 "school-flags" [Info] S,
    T501 "no-tests" [Error] N,
    T502 "duplicate-test-name" [Error] U,
    T503 "duplicate-test" [Warning] N,
    T504 "timeout-bounds" [Error Warning] U,
    T505 "timeout-budget" [Warning] N,
    T506 "run-ignores-output" [Warning] N,
    T507 "trivial-test" [Info] N,
    V601 "allowed-forbidden-overlap" [Error] N,
    V602 "function-list-hygiene" [Warning] S,
    V603 "valgrind-unsupported" [Error] N,
    V605 "redundant-forbidden" [Info] S,
    C701 "bad-weight" [Error] N,
    C702 "score-total" [Warning] N,
    C703 "points-for-absent-stage" [Error] N,
    Q801 "qcm-incomplete" [Error] N,
    M901 "unused-ignore" [Warning] S,
    M902 "bad-ignore" [Warning] N,
    M903 "statement-missing" [Info] N,
}

impl Code {
    /// The severity of the rule's main case; some rules have lesser cases.
    pub fn severity(self) -> Severity {
        self.severities()[0]
    }

    /// Whether one of the rule's cases is less than an error: only such can be ignored in a file.
    pub fn has_lesser_case(self) -> bool {
        self.severities().iter().any(|&s| s != Severity::Error)
    }

    /// Whether the rule is off unless it is selected.
    pub fn is_optional(self) -> bool {
        matches!(self, Self::B410 | Self::T507)
    }

    /// The code of that text, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|code| code.as_str().eq_ignore_ascii_case(text))
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
