//! What a problem in a user's file is made of. The order of the fields is the order of the JSON.

use std::sync::Arc;

use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::{Code, Span};

/// How much a problem matters. The order is from the worst down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file cannot be used as it is.
    Error,
    /// The file can be used, but probably does not do what was meant.
    Warning,
    /// A matter of taste or of tidiness.
    Info,
}

impl Severity {
    /// The name in output and configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// A second place that belongs to a problem, such as where a name was first defined.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Label {
    /// What is there, in a few words.
    pub message: String,
    /// The file, as the user named it.
    pub path: Arc<str>,
    /// The place.
    pub span: Span,
}

/// Whether a fix may be applied without a human's look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Applicability {
    /// It means the same to every reader, or what was certainly meant.
    Safe,
    /// It is a guess.
    Unsafe,
}

/// One replacement in a file.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Edit {
    /// What is replaced.
    pub span: Span,
    /// What it is replaced with.
    pub content: String,
}

/// A way to mend a problem. Its edits are all in the file of the diagnostic.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Fix {
    /// What it does, as an order: "write 5".
    pub message: String,
    /// Whether it may be applied without a look.
    pub applicability: Applicability,
    /// The replacements, in order, without overlap.
    pub edits: Vec<Edit>,
    /// Another name for the file, beside it. The JSON knows edits alone; the message says it.
    #[serde(skip)]
    pub rename: Option<String>,
}

/// One problem in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The rule that found it.
    pub code: Code,
    /// How much it matters, before any configuration.
    pub severity: Severity,
    /// What is wrong, in a sentence without a full stop.
    pub message: String,
    /// The file, as the user named it.
    pub path: Arc<str>,
    /// The place to edit.
    pub span: Span,
    /// Other places that belong to it.
    pub labels: Vec<Label>,
    /// How to mend it.
    pub help: Option<String>,
    /// A mechanical way to mend it.
    pub fix: Option<Fix>,
}

impl Diagnostic {
    /// Changes the severity, for the lesser cases of a rule.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Adds how to mend it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds another place.
    #[must_use]
    pub fn label(mut self, path: Arc<str>, span: Span, message: impl Into<String>) -> Self {
        self.labels.push(Label {
            message: message.into(),
            path,
            span,
        });
        self
    }

    /// Adds a fix of one edit.
    #[must_use]
    pub fn fix(
        self,
        applicability: Applicability,
        message: impl Into<String>,
        span: Span,
        content: impl Into<String>,
    ) -> Self {
        let content = content.into();
        self.edits(applicability, message, vec![Edit { span, content }])
    }

    /// Adds a fix of several edits, in order and without overlap.
    #[must_use]
    pub fn edits(
        mut self,
        applicability: Applicability,
        message: impl Into<String>,
        edits: Vec<Edit>,
    ) -> Self {
        self.fix = Some(Fix {
            message: message.into(),
            applicability,
            edits,
            rename: None,
        });
        self
    }

    /// Adds a fix that gives the file another name.
    #[must_use]
    pub fn rename(mut self, applicability: Applicability, name: &str) -> Self {
        self.fix = Some(Fix {
            message: format!("rename it to `{name}`"),
            applicability,
            edits: Vec::new(),
            rename: Some(name.to_owned()),
        });
        self
    }

    /// The order in which problems are reported: path, line, column, code.
    pub fn order(&self, other: &Self) -> std::cmp::Ordering {
        (
            &*self.path,
            self.span.start.offset,
            self.code,
            self.span.end.offset,
            &self.message,
        )
            .cmp(&(
                &*other.path,
                other.span.start.offset,
                other.code,
                other.span.end.offset,
                &other.message,
            ))
    }
}

impl Serialize for Diagnostic {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Diagnostic", 9)?;
        object.serialize_field("code", self.code.as_str())?;
        object.serialize_field("name", self.code.name())?;
        object.serialize_field("severity", &self.severity)?;
        object.serialize_field("message", &self.message)?;
        object.serialize_field("path", &self.path)?;
        object.serialize_field("span", &self.span)?;
        object.serialize_field("labels", &self.labels)?;
        object.serialize_field("help", &self.help)?;
        object.serialize_field("fix", &self.fix)?;
        object.end()
    }
}
