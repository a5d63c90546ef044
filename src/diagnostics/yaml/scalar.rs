//! What a plain scalar means in YAML 1.2's core schema (section 10.3.2), and where YAML 1.1 differs.

/// What a scalar means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Literal {
    /// Nothing: `~`, `null`, or nothing written.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(Integer),
    /// A number that is not whole, or has an exponent, or is infinite or not a number.
    Float,
    /// Text.
    Text,
}

/// A whole number and whether every reader takes it for the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Integer {
    /// Its value in YAML 1.2, held within the range of `i64`.
    pub value: i64,
    /// Whether it is written in digits alone, without a leading zero.
    pub decimal: bool,
}

impl Literal {
    /// What a plain scalar of this text means.
    pub fn of_plain(text: &str) -> Self {
        match text {
            "" | "~" | "null" | "Null" | "NULL" => return Self::Null,
            "true" | "True" | "TRUE" => return Self::Bool(true),
            "false" | "False" | "FALSE" => return Self::Bool(false),
            _ => {}
        }
        // Most scalars are words: one look at the first byte spares them the rest.
        match text.as_bytes() {
            [b'0'..=b'9' | b'-' | b'+' | b'.', ..] => number(text),
            _ => Self::Text,
        }
    }
}

fn number(text: &str) -> Literal {
    if let Some(value) = radix(text, "0o", 8).or_else(|| radix(text, "0x", 16)) {
        return Literal::Integer(Integer {
            value,
            decimal: false,
        });
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        let magnitude = digits.parse::<i64>().unwrap_or(i64::MAX);
        let value = if text.starts_with('-') {
            -magnitude
        } else {
            magnitude
        };
        let decimal = digits.len() == 1 || !digits.starts_with('0');
        return Literal::Integer(Integer { value, decimal });
    }
    if is_float(text, digits) {
        Literal::Float
    } else {
        Literal::Text
    }
}

fn radix(text: &str, prefix: &str, radix: u32) -> Option<i64> {
    let digits = text.strip_prefix(prefix)?;
    let valid = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
    valid.then(|| i64::from_str_radix(digits, radix).unwrap_or(i64::MAX))
}

/// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`, and `.inf` and `.nan`.
fn is_float(text: &str, unsigned: &str) -> bool {
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let has_digit = mantissa.bytes().any(|b| b.is_ascii_digit());
    let exponent_fits = exponent.is_none_or(|e| {
        let e = e.strip_prefix(['-', '+']).unwrap_or(e);
        !e.is_empty() && all_digits(e)
    });
    has_digit && all_digits(whole) && all_digits(fraction) && exponent_fits
}

/// Whether a plain scalar of this text is a truth value for a reader of YAML 1.1 and a text here.
pub fn is_implicit_bool(text: &str) -> Option<bool> {
    const YES: [&str; 8] = ["y", "Y", "yes", "Yes", "YES", "on", "On", "ON"];
    const NO: [&str; 8] = ["n", "N", "no", "No", "NO", "off", "Off", "OFF"];
    if YES.contains(&text) {
        return Some(true);
    }
    NO.contains(&text).then_some(false)
}

/// What some readers of YAML take a plain scalar for, if not for a text. Truth values of YAML 1.1 and
/// nothing are told apart elsewhere.
pub(super) fn unlike_text(text: &str) -> Option<&'static str> {
    match text.as_bytes() {
        [b'0'..=b'9' | b'-' | b'+' | b'.', ..] => {}
        _ => return matches!(Literal::of_plain(text), Literal::Bool(_)).then_some("a truth value"),
    }
    if is_timestamp(text) {
        return Some("a date");
    }
    let number = match Literal::of_plain(text) {
        Literal::Integer(_) | Literal::Float => true,
        Literal::Null | Literal::Bool(_) | Literal::Text => is_odd_number(text),
    };
    number.then_some("a number")
}

/// `2024-01-31`, or with a time of the day behind it: YAML 1.1's `!!timestamp`.
fn is_timestamp(text: &str) -> bool {
    let digits = |text: &str, least: usize, most: usize| {
        (least..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
    };
    let mut parts = text.splitn(3, '-');
    let (Some(year), Some(month), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let day = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (day, time) = rest.split_at(day);
    if !digits(year, 4, 4) {
        return false;
    }
    if time.is_empty() {
        return digits(month, 2, 2) && digits(day, 2, 2);
    }
    let clock = time.strip_prefix(['T', 't']).or_else(|| {
        let clock = time.trim_start_matches([' ', '\t']);
        (clock.len() < time.len()).then_some(clock)
    });
    let hour = clock.and_then(|clock| clock.split_once(':'));
    digits(month, 1, 2) && digits(day, 1, 2) && hour.is_some_and(|(hour, _)| digits(hour, 1, 2))
}

/// How many blanks a text begins with.
pub(super) fn blanks(text: &str) -> usize {
    text.len() - text.trim_start_matches([' ', '\t']).len()
}

/// Whether a plain scalar is a number to some readers of YAML and another number, or none, to others.
pub(super) fn is_odd_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(digits.to_ascii_lowercase().as_str(), ".inf" | ".nan") {
        return true;
    }
    let Some(first) = digits.bytes().next().filter(u8::is_ascii_digit) else {
        return false;
    };
    let all = |set: fn(u8) -> bool| digits.bytes().all(set);
    let prefixed = |prefix: &str| {
        digits
            .to_ascii_lowercase()
            .strip_prefix(prefix)
            .is_some_and(|rest| {
                !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_hexdigit() || b == b'_')
            })
    };
    prefixed("0x")
        || prefixed("0o")
        || prefixed("0b")
        || first == b'0' && digits.len() > 1 && all(|b| b.is_ascii_digit() || b == b'_')
        || digits.contains('_') && all(|b| b.is_ascii_digit() || b == b'_' || b == b'.')
        || digits.contains(':') && all(|b| b.is_ascii_digit() || b == b':')
        || digits.contains(['e', 'E'])
            && all(|b| b.is_ascii_digit() || matches!(b, b'e' | b'E' | b'+' | b'-' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_another_thing_to_some_readers_is_known() {
        for text in [
            "007", "1.10", "-1", "+3", ".5", "1_000", "0x1F", "12:30", "1e3", ".inf",
        ] {
            assert_eq!(unlike_text(text), Some("a number"), "{text}");
        }
        for text in [
            "2024-01-31",
            "2024-1-31T10:00:00Z",
            "2024-01-31 10:00:00.5 +1",
        ] {
            assert_eq!(unlike_text(text), Some("a date"), "{text}");
        }
        assert_eq!(unlike_text("true"), Some("a truth value"));
        for text in [
            "1.2.3",
            "v1",
            "2nd",
            "1-2",
            "2024-1-3",
            "2024-01-31x",
            "a",
            "-",
            "3 times",
            "",
        ] {
            assert_eq!(unlike_text(text), None, "{text}");
        }
    }

    #[test]
    fn the_core_schema_is_kept() {
        let integer = |value, decimal| Literal::Integer(Integer { value, decimal });
        for (text, meaning) in [
            ("", Literal::Null),
            ("~", Literal::Null),
            ("nuLL", Literal::Text),
            ("TRUE", Literal::Bool(true)),
            ("tRue", Literal::Text),
            ("yes", Literal::Text),
            ("0", integer(0, true)),
            ("-12", integer(-12, true)),
            ("+12", integer(12, true)),
            ("010", integer(10, false)),
            ("0o10", integer(8, false)),
            ("0x1E", integer(30, false)),
            ("0x", Literal::Text),
            ("-0x1", Literal::Text),
            ("1_000", Literal::Text),
            ("1:30", Literal::Text),
            ("99999999999999999999", integer(i64::MAX, true)),
            ("1e2", Literal::Float),
            ("2.5", Literal::Float),
            ("2.", Literal::Float),
            (".5", Literal::Float),
            (".", Literal::Text),
            ("-.inf", Literal::Float),
            (".NaN", Literal::Float),
            ("-.nan", Literal::Text),
            ("1.2.3", Literal::Text),
            ("1e", Literal::Text),
            ("e1", Literal::Text),
            ("-", Literal::Text),
        ] {
            assert_eq!(Literal::of_plain(text), meaning, "{text:?}");
        }
    }
}
