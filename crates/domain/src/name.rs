use thiserror::Error;

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidName {
    /// Nothing but white space.
    #[error("{what} must not be empty")]
    Empty {
        /// What was to be named.
        what: &'static str,
    },
    /// More characters than allowed.
    #[error("{what} has {length} characters, at most {max} are allowed")]
    TooLong {
        /// What was to be named.
        what: &'static str,
        /// How many characters the text has.
        length: usize,
        /// How many it may have.
        max: usize,
    },
    /// A character that is not allowed.
    #[error("{what} must not contain {character:?}; {rule}")]
    Forbidden {
        /// What was to be named.
        what: &'static str,
        /// The first offending character.
        character: char,
        /// Which characters are allowed.
        rule: &'static str,
    },
}

/// Free text for people: trimmed, 1 to `max` characters, no control characters.
pub(crate) fn free_text(what: &'static str, text: &str, max: usize) -> Result<String, InvalidName> {
    let text = bounded(what, text, max)?;
    match text.chars().find(|c| c.is_control()) {
        Some(character) => Err(InvalidName::Forbidden {
            what,
            character,
            rule: "control characters are not allowed",
        }),
        None => Ok(text.to_owned()),
    }
}

/// `text` without surrounding white space, if it has 1 to `max` characters.
pub(crate) fn bounded<'a>(
    what: &'static str,
    text: &'a str,
    max: usize,
) -> Result<&'a str, InvalidName> {
    let text = text.trim();
    match text.chars().count() {
        0 => Err(InvalidName::Empty { what }),
        length if length > max => Err(InvalidName::TooLong { what, length, max }),
        _ => Ok(text),
    }
}
