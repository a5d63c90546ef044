//! An id is put at the end of a pool's list, and nothing else in the file changes.

use std::ops::Range;
use std::sync::Arc;

use crate::diagnostics::yaml::{self, Limits};
use crate::diagnostics::{Findings, Source};
use crate::exercise::Text;
use crate::ids::ExerciseId;
use crate::pool::{self, PoolFile};

/// Why an id can't be put into a list.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListingError {
    /// The file has errors.
    #[error("pool.yaml has errors: `mithril validate` says which")]
    Broken,
    /// The list is written in a way that can't be added to.
    #[error(
        "the list `exercises` in pool.yaml is written in a way that is not added to: add the id there"
    )]
    Written,
}

/// The text of a `pool.yaml` with one more exercise; nothing where the pool has no list, or lists it
/// already.
pub fn listed(text: &str, id: &ExerciseId) -> Result<Option<String>, ListingError> {
    let pool = read(text).ok_or(ListingError::Broken)?;
    if pool.exercises.is_absent() {
        return Ok(None);
    }
    let listed = pool.exercises.as_ref().ok_or(ListingError::Broken)?;
    let mut wanted: Vec<&str> = listed.value.iter().map(|one| one.value.as_str()).collect();
    if wanted.contains(&id.as_str()) {
        return Ok(None);
    }
    wanted.push(id.as_str());
    let (at, added) = match listed.value.last() {
        Some(last) => after(text, last, id),
        None => (listed.span.clone(), format!("[\"{id}\"]")),
    };
    let mut longer = text.to_owned();
    longer.replace_range(at, &added);
    // Whatever the file looks like, it says the same afterwards, and the id.
    let again = read(&longer).ok_or(ListingError::Written)?;
    let found = again.exercises.as_ref().ok_or(ListingError::Written)?;
    let is_longer = found.value.iter().map(|one| one.value.as_str()).eq(wanted);
    if is_longer && again.into_pool() == pool.into_pool() {
        Ok(Some(longer))
    } else {
        Err(ListingError::Written)
    }
}

/// The slug that a `pool.yaml` gives, whatever else is wrong with it.
pub fn slug(text: &str) -> Option<String> {
    read(text)?.slug.sound()
}

fn read(text: &str) -> Option<PoolFile> {
    let source = Source::new(Arc::from("pool.yaml"), text.as_bytes().to_vec());
    let mut findings = Findings::new(&source);
    let tree = yaml::parse(&source, &Limits::default(), &mut findings)?;
    pool::decode(&tree, tree.root()?, &mut findings)
}

/// The place behind the last entry of a list, and what belongs there.
fn after(text: &str, last: &Text, id: &ExerciseId) -> (Range<usize>, String) {
    let line = text[..last.span.start].rfind('\n').map_or(0, |end| end + 1);
    let before = &text[line..last.span.start];
    if before.trim() != "-" {
        return (last.span.end..last.span.end, format!(", \"{id}\""));
    }
    let written = &text[last.span.clone()];
    let quote = written.chars().next().filter(|c| matches!(c, '"' | '\''));
    let quote = quote.map_or_else(String::new, String::from);
    let rest = &text[last.span.end..];
    let end = last.span.end + rest.find(['\n', '\r']).unwrap_or(rest.len());
    let newline = if text[end..].starts_with("\r\n") {
        "\r\n"
    } else {
        "\n"
    };
    (end..end, format!("{newline}{before}{quote}{id}{quote}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &str) -> Result<Option<String>, ListingError> {
        listed(text, &ExerciseId::parse("new").unwrap())
    }

    #[test]
    fn the_id_comes_last_and_comments_stay() {
        for (list, longer) in [
            (
                "exercises:\n  - a # first\n",
                "exercises:\n  - a # first\n  - new\n",
            ),
            (
                "exercises:\n- \"a\"\ntheme: x\n",
                "exercises:\n- \"a\"\n- \"new\"\ntheme: x\n",
            ),
            (
                "exercises:\r\n  - 'a'\r\n",
                "exercises:\r\n  - 'a'\r\n  - 'new'\r\n",
            ),
            ("exercises:\n  - a", "exercises:\n  - a\n  - new"),
            (
                "exercises: [a, b] # all\n",
                "exercises: [a, b, \"new\"] # all\n",
            ),
            ("exercises: []\n", "exercises: [\"new\"]\n"),
        ] {
            let head = "slug: p\nname: P\n";
            let told = with(&format!("{head}{list}"));
            assert_eq!(told, Ok(Some(format!("{head}{longer}"))));
        }
    }

    #[test]
    fn a_pool_without_a_list_and_one_that_lists_it_need_none() {
        assert_eq!(with("slug: p\nname: P\nexercises: [new]\n"), Ok(None));
        assert_eq!(with("slug: p\nname: P\n"), Ok(None));
    }

    #[test]
    fn what_can_not_be_added_to_is_left_alone() {
        assert_eq!(
            with("slug: p\nname: P\nexercises: a\n"),
            Err(ListingError::Broken)
        );
        let alias = "slug: p\nname: P\ntags: &x [a]\nexercises: *x\n";
        assert_eq!(with(alias), Err(ListingError::Written));
        assert_eq!(with("a: ["), Err(ListingError::Broken));
    }
}
