//! The `data` of answers about content, joined from JSON that was encoded before.

/// `{"pools":[Pool]}`.
pub fn pools<'a>(pools: impl Iterator<Item = &'a str>) -> String {
    list("pools", pools)
}

/// `{"pool":Pool}`.
pub fn pool(pool: &str) -> String {
    format!("{{\"pool\":{pool}}}")
}

/// `{"exercises":[Exercise]}`.
pub fn exercises<'a>(exercises: impl Iterator<Item = &'a str>) -> String {
    list("exercises", exercises)
}

/// `{"exercise":Exercise}`.
pub fn exercise(exercise: &str) -> String {
    format!("{{\"exercise\":{exercise}}}")
}

fn list<'a>(key: &str, items: impl Iterator<Item = &'a str>) -> String {
    let mut text = format!("{{\"{key}\":[");
    for (index, item) in items.enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(item);
    }
    text.push_str("]}");
    text
}
