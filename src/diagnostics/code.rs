//! The codes of the rules: stable, never reused. What each rule means is written in `lint`.

use super::Severity;

macro_rules! codes {
    ($($code:ident $name:literal $severity:ident,)*) => {
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

            /// The severity of the rule's main case; some rules have lesser cases.
            pub fn severity(self) -> Severity {
                match self {
                    $(Self::$code => Severity::$severity,)*
                }
            }
        }
    };
}

codes! {
    Y001 "syntax-error" Error,
    Y002 "not-utf8" Error,
    Y005 "tab-indent" Error,
    Y006 "duplicate-key" Error,
    Y007 "multiple-documents" Error,
    Y008 "empty-document" Error,
    Y009 "root-not-mapping" Error,
    Y010 "alias-budget" Error,
    Y011 "anchor-misuse" Error,
    Y013 "custom-tag" Error,
    Y014 "implicit-bool" Error,
    Y015 "implicit-null" Error,
    Y016 "odd-number-literal" Error,
    Y017 "float-in-int" Error,
    Y018 "quoted-number" Error,
    Y020 "size-or-depth" Error,
    S101 "unknown-key" Error,
    S102 "missing-required" Error,
    S103 "wrong-type" Error,
    S104 "invalid-enum" Error,
    S105 "blank-string" Error,
    S107 "too-long" Error,
    I201 "unsafe-id" Error,
    I202 "duplicate-exercise-id" Error,
    I203 "duplicate-pool-slug" Error,
    I206 "reserved-id" Error,
    I207 "pool-id-key" Error,
    I208 "nested-pool" Error,
    I209 "exercise-depth" Error,
    I211 "pool-list-drift" Error,
    F301 "missing-file" Error,
    F302 "path-escape" Error,
    F303 "symlink-escape" Error,
    F304 "case-mismatch" Error,
    F307 "not-regular-file" Error,
    F309 "fixture-too-big" Warning,
    B401 "unknown-placeholder" Error,
    B402 "missing-placeholder" Error,
    B403 "output-without-build" Error,
    B405 "shell-metachar" Warning,
    B407 "dangerous-program" Error,
    T501 "no-tests" Error,
    T502 "duplicate-test-name" Error,
    T504 "timeout-bounds" Error,
    V601 "allowed-forbidden-overlap" Error,
    V603 "valgrind-unsupported" Error,
    C701 "bad-weight" Error,
    C703 "points-for-absent-stage" Error,
    Q801 "qcm-incomplete" Error,
}

impl Code {
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
