//! "Did you mean …": the nearest known name, if it is near enough to be what was meant.

/// The candidate with the least edit distance to `text`, if that is at most a third of its length
/// (and at least one edit is allowed). Case does not count.
pub fn nearest<'a>(text: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let text: Vec<char> = text.chars().flat_map(char::to_lowercase).take(65).collect();
    if text.len() > 64 {
        return None;
    }
    let allowed = (text.len() / 3).max(1);
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let distance = distance(&text, candidate, allowed)?;
            Some((distance, candidate))
        })
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// The number of insertions, removals, replacements and swaps of neighbours, if at most `limit`.
fn distance(text: &[char], candidate: &str, limit: usize) -> Option<usize> {
    let other: Vec<char> = candidate.chars().flat_map(char::to_lowercase).collect();
    if text.len().abs_diff(other.len()) > limit {
        return None;
    }
    let width = other.len() + 1;
    let mut rows = vec![vec![0; width]; text.len() + 1];
    for (column, cell) in rows[0].iter_mut().enumerate() {
        *cell = column;
    }
    for i in 1..=text.len() {
        rows[i][0] = i;
        for j in 1..width {
            let cost = usize::from(text[i - 1] != other[j - 1]);
            let mut best = (rows[i - 1][j] + 1)
                .min(rows[i][j - 1] + 1)
                .min(rows[i - 1][j - 1] + cost);
            if i > 1 && j > 1 && text[i - 1] == other[j - 2] && text[i - 2] == other[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    let found = rows[text.len()][width - 1];
    (found <= limit).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let keys = ["title", "type", "tests", "timeout"];
        assert_eq!(nearest("titel", keys), Some("title"));
        assert_eq!(nearest("Tests", keys), Some("tests"));
        assert_eq!(nearest("time_out", keys), Some("timeout"));
        assert_eq!(nearest("maintainer", keys), None);
        assert_eq!(nearest("", keys), None);
    }
}
