//! "Did you mean …": the nearest known name, if it is near enough to be what was meant.

/// The candidate with the least edit distance to `text`, if that is at most a third of its length
/// (and at least one edit is allowed). Case does not count.
pub fn nearest<'a>(text: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let text: Vec<char> = text
        .chars()
        .flat_map(char::to_lowercase)
        .take(LONGEST + 1)
        .collect();
    if text.len() > LONGEST {
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

/// The longest text that is compared, in characters.
const LONGEST: usize = 64;

/// The number of insertions, removals, replacements and swaps of neighbours, if at most `limit`.
/// It allocates nothing: a hostile file asks for it tens of thousands of times.
fn distance(text: &[char], candidate: &str, limit: usize) -> Option<usize> {
    let mut other = ['\0'; LONGEST];
    let mut length = 0;
    for character in candidate.chars().flat_map(char::to_lowercase) {
        *other.get_mut(length)? = character;
        length += 1;
    }
    let other = &other[..length];
    if text.len().abs_diff(length) > limit {
        return None;
    }
    let mut before_last = [0; LONGEST + 1];
    let mut last: [usize; LONGEST + 1] = std::array::from_fn(|column| column);
    for (i, &from) in text.iter().enumerate() {
        let mut row = [0; LONGEST + 1];
        row[0] = i + 1;
        for (j, &to) in other.iter().enumerate() {
            let replaced = last[j] + usize::from(from != to);
            let mut best = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && from == other[j - 1] && text[i - 1] == to {
                best = best.min(before_last[j - 1] + 1);
            }
            row[j + 1] = best;
        }
        if row[..=length].iter().all(|&cell| cell > limit) {
            return None;
        }
        before_last = last;
        last = row;
    }
    let found = last[length];
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
