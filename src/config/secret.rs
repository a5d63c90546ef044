//! A secret can't be printed: it has neither `Display` nor a telling `Debug`, and no JSON form.

use std::fmt;

/// A value that only who asks for it by name gets to see.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Keeps a value.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, to use it and not to show it.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_does_not_show() {
        let secret = Secret::new("hunter2");
        assert_eq!(
            format!("{secret:?} {:#?}", Some(&secret)).find("hunter2"),
            None
        );
        assert_eq!(*secret.expose(), "hunter2");
    }
}
