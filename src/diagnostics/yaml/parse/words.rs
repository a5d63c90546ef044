//! The parser's errors in words for authors: what is wrong, and how to mend it.

use granit_parser::ErrorKind;

/// A sentence and a help; `there` is the text of the place.
pub(super) fn of(kind: &ErrorKind, there: &str) -> (String, &'static str) {
    let (sentence, help) = match kind {
        ErrorKind::UnexpectedCharacter { character } if character.is_control() => {
            let sentence = format!("the file holds the control character {character:?}");
            return (sentence, "remove it");
        }
        ErrorKind::UnexpectedCharacter { character } => {
            let sentence = format!("a value can't begin with {character:?}");
            return (sentence, "put the value in quotes");
        }
        ErrorKind::UnclosedFlowCollection { open } => {
            let sentence = format!("this `{open}` is never closed");
            return (sentence, "close each bracket by its like");
        }
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            let sentence = format!("this `{open}` is closed by a `{close}`");
            return (sentence, "close each bracket by its like");
        }
        ErrorKind::UndeclaredTagHandle => {
            return (
                format!("the tag `{there}` means nothing here"),
                "remove the tag",
            );
        }
        kind if is_about_escapes(kind) => {
            let sentence = format!("`{there}` is no escape");
            return (
                sentence,
                "write `\\\\` for a backslash, or use single quotes",
            );
        }
        kind => plain(kind).unwrap_or(FALLBACK),
    };
    (sentence.to_owned(), help)
}

/// For what no author has met yet.
const FALLBACK: (&str, &str) = (
    "this can't be read as a key, a value or an item",
    "look at what stands before it, and put texts in quotes",
);

fn plain(kind: &ErrorKind) -> Option<(&'static str, &'static str)> {
    Some(match kind {
        ErrorKind::UnclosedQuotedScalar | ErrorKind::DocumentIndicatorInQuotedScalar => {
            ("a quoted text is not closed", "close the quote on its line")
        }
        ErrorKind::InvalidQuotedScalarIndent => (
            "a quoted text is not closed, or goes on with too little indentation",
            "close the quote on its line",
        ),
        ErrorKind::InvalidTrailingSingleQuotedScalar => (
            "the value goes on behind its closing quote",
            "put the whole value in quotes, and write `''` for a quote inside",
        ),
        ErrorKind::InvalidTrailingDoubleQuotedScalar => (
            "the value goes on behind its closing quote",
            "put the whole value in single quotes",
        ),
        ErrorKind::ExpectedFlowMappingSeparator => (
            "a `,` or a `}` is missing here",
            "put a value that holds brackets, braces or commas in quotes",
        ),
        ErrorKind::ExpectedFlowSequenceSeparator => (
            "a `,` or a `]` is missing here",
            "put a value that holds brackets, braces or commas in quotes",
        ),
        ErrorKind::MisplacedFlowCollectionEnd => (
            "this bracket closes none",
            "remove it, or put the value in quotes",
        ),
        ErrorKind::SimpleKeyExpected => (
            "this is no key, and no value can stand here",
            "is a `:` missing behind the key?",
        ),
        ErrorKind::ExpectedBlockMappingKey => (
            "this is indented unlike the keys beside it",
            "indent it like the keys that it belongs to",
        ),
        ErrorKind::ExpectedBlockSequenceEntry => (
            "this is indented unlike the items beside it",
            "begin an item with `- `, or indent the line further",
        ),
        ErrorKind::BlockSequenceEntryNotAllowed => (
            "a list can't begin on the line of its key",
            "begin the list on the next line, or put a text that begins with `- ` in quotes",
        ),
        ErrorKind::BlockEntryInFlowCollection => (
            "a `-` can't stand inside of brackets",
            "separate the items by commas",
        ),
        ErrorKind::FlowMappingValueAdjacentCollection => (
            "a space is missing behind this `:`",
            "write a space between a `:` and the value",
        ),
        ErrorKind::InvalidColonPlacement => {
            ("a `:` can't stand here", "write it on the line of its key")
        }
        ErrorKind::MappingKeyNotAllowed => (
            "a `?` begins a key, and no key can stand here",
            "put a text that begins with `? ` in quotes",
        ),
        ErrorKind::CommentInterceptedScalar => (
            "a comment stands inside of a text of several lines",
            "move the comment, or put the text in quotes",
        ),
        ErrorKind::CommentNotSeparated => (
            "a space is missing before this `#`",
            "write a space before a comment, or put the text in quotes",
        ),
        ErrorKind::BomInsideDocument => (
            "a byte order mark stands inside of the file",
            "remove it: the character is invisible, retyping what is around it helps",
        ),
        ErrorKind::InvalidDocumentEnd => ("nothing may stand behind `...`", "remove it"),
        ErrorKind::TabAtBlockScalarStart => (
            "a block of text begins with a tab",
            "indent the text with spaces",
        ),
        ErrorKind::InvalidBlockScalarHeader | ErrorKind::ZeroBlockScalarIndent => (
            "`|` and `>` begin a block of text, and the line must end behind them",
            "put a text that begins with `|` or `>` in quotes",
        ),
        ErrorKind::MissingAnchorOrAliasName => (
            "`*` and `&` must be followed by a name",
            "put a text that begins with `*` or `&` in quotes",
        ),
        ErrorKind::ExpectedTagBang
        | ErrorKind::InvalidGlobalTagCharacter
        | ErrorKind::InvalidTagTerminator
        | ErrorKind::MissingTagUri
        | ErrorKind::UnclosedVerbatimTag
        | ErrorKind::InvalidTagEscape => (
            "a `!` begins a tag, and this is none",
            "put a text that begins with `!` in quotes",
        ),
        kind if is_about_directives(kind) => (
            "a line that begins with `%` is a directive, and this is none",
            "put a text that begins with `%` in quotes",
        ),
        _ => return None,
    })
}

fn is_about_directives(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ExpectedDocumentStart
            | ErrorKind::MissingDocumentEndBeforeDirective
            | ErrorKind::InvalidDirectiveTerminator
            | ErrorKind::MissingDirectiveName
            | ErrorKind::InvalidDirectiveName
            | ErrorKind::DirectiveByteLimitExceeded { .. }
            | ErrorKind::TooManyReservedDirectiveParams { .. }
            | ErrorKind::MissingYamlVersion
            | ErrorKind::MissingYamlVersionSeparator
            | ErrorKind::YamlVersionTooLong
            | ErrorKind::UnsupportedYamlMajorVersion
            | ErrorKind::DuplicateVersionDirective
            | ErrorKind::DuplicateTagDirective
            | ErrorKind::ExpectedTagDirectiveBang
            | ErrorKind::InvalidTagDirectiveTerminator
    )
}

/// Whether it is a backslash in double quotes that stands for no character.
pub(super) fn is_about_escapes(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::UnknownQuotedScalarEscape
            | ErrorKind::InvalidQuotedScalarHexEscape
            | ErrorKind::InvalidLowSurrogateHexEscape
            | ErrorKind::InvalidLowSurrogate
            | ErrorKind::MissingLowSurrogate
            | ErrorKind::UnpairedLowSurrogate
            | ErrorKind::InvalidUnicodeEscape
    )
}
