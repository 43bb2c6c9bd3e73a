//! An error that is a sentence. Nothing here is matched on: every failure ends on a terminal.

use std::fmt;

/// A result with this crate's [`Error`].
pub type Result<T = (), E = Error> = std::result::Result<T, E>;

/// A failure, told in words.
///
/// Any standard error turns into it by `?`, which is why it does not implement
/// [`std::error::Error`] itself.
pub struct Error(String);

impl Error {
    /// An error with this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for Error {
    fn from(error: E) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            // Some libraries repeat the cause in their own message.
            if !text.contains(&cause_text) {
                text.push_str(": ");
                text.push_str(&cause_text);
            }
            source = cause.source();
        }
        Self(text)
    }
}

/// Says what was being tried when something failed.
pub trait Context<T> {
    /// Puts `what` and a colon before the error's text.
    fn context(self, what: impl fmt::Display) -> Result<T>;
}

impl<T, E: Into<Error>> Context<T> for std::result::Result<T, E> {
    fn context(self, what: impl fmt::Display) -> Result<T> {
        self.map_err(|error| Error(format!("{what}: {}", error.into())))
    }
}

impl<T> Context<T> for Option<T> {
    fn context(self, what: impl fmt::Display) -> Result<T> {
        self.ok_or_else(|| Error(what.to_string()))
    }
}

/// Returns an [`Error`] with a formatted text from the function that it stands in.
#[macro_export]
macro_rules! bail {
    ($($arg:tt)*) => {
        return Err($crate::Error::new(format!($($arg)*)))
    };
}

/// Returns an [`Error`] with a formatted text unless the condition holds.
#[macro_export]
macro_rules! ensure {
    ($condition:expr, $($arg:tt)*) => {
        if !$condition {
            $crate::bail!($($arg)*);
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn context_comes_before_the_cause() {
        let missing: std::result::Result<(), _> = std::fs::read("/no/such/file").map(|_| ());
        let text = missing.context("the kernel image").unwrap_err().to_string();
        assert!(text.starts_with("the kernel image: No such file"), "{text}");
    }

    #[test]
    fn ensure_returns_its_text() {
        fn check(n: u32) -> Result {
            ensure!(n < 3, "{n} is too many");
            Ok(())
        }
        assert!(check(2).is_ok());
        assert_eq!(check(4).unwrap_err().to_string(), "4 is too many");
    }
}
