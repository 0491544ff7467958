use std::ffi::OsString;
use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

/// A key of the environment with a value that cannot be used.
#[derive(Debug, Error)]
#[error("{key}: {reason}")]
pub(crate) struct InvalidConfig {
    pub(super) key: &'static str,
    pub(super) reason: String,
}

impl InvalidConfig {
    pub(super) fn new(key: &'static str, reason: impl Into<String>) -> Self {
        Self { key, reason: reason.into() }
    }
}

type Lookup<'a> = &'a dyn Fn(&str) -> Option<Result<String, OsString>>;

/// The environment, whose values are parsed by key.
pub(super) struct Environment<'a>(pub(super) Lookup<'a>);

impl Environment<'_> {
    /// The value of a key; an empty one counts as none.
    pub(super) fn get(&self, key: &'static str) -> Result<Option<String>, InvalidConfig> {
        match (self.0)(key) {
            None => Ok(None),
            Some(Ok(value)) => Ok((!value.is_empty()).then_some(value)),
            Some(Err(_)) => Err(InvalidConfig::new(key, "it is not UTF-8")),
        }
    }

    /// Refuses keys that a URL stands for beside it, unless they say what they say
    /// where they are not set: they would have no effect, and one of them may be
    /// about TLS.
    pub(super) fn only_in(
        &self,
        url: &'static str,
        keys: &[(&'static str, &str)],
    ) -> Result<(), InvalidConfig> {
        match (self.get(url)?, self.any_that_differs(keys)?) {
            (Some(_), Some(key)) => {
                let reason = format!("{url} stands for it; say it there, or unset one of the two");
                Err(InvalidConfig::new(key, reason))
            }
            _ => Ok(()),
        }
    }

    /// Refuses keys that say something of a server where nothing names one, unless
    /// they say what they say where they are not set: the name may be misspelt.
    pub(super) fn none_of(
        &self,
        keys: &[(&'static str, &str)],
        names: &str,
    ) -> Result<(), InvalidConfig> {
        match self.any_that_differs(keys)? {
            Some(key) => Err(InvalidConfig::new(key, format!("of which server? Set {names}"))),
            None => Ok(()),
        }
    }

    /// The first of these keys with another value than the one beside it.
    fn any_that_differs(
        &self,
        keys: &[(&'static str, &str)],
    ) -> Result<Option<&'static str>, InvalidConfig> {
        for &(key, default) in keys {
            if self.get(key)?.is_some_and(|value| value != default) {
                return Ok(Some(key));
            }
        }
        Ok(None)
    }

    pub(super) fn optional<T>(
        &self,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, InvalidConfig> {
        let value = self.get(key)?;
        value.map(|v| parse(&v)).transpose().map_err(|reason| InvalidConfig { key, reason })
    }

    pub(super) fn with<T>(
        &self,
        key: &'static str,
        default: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<T, InvalidConfig> {
        let value = self.get(key)?;
        parse(value.as_deref().unwrap_or(default)).map_err(|reason| InvalidConfig { key, reason })
    }

    pub(super) fn parse<T: FromStr<Err: Display>>(
        &self,
        key: &'static str,
        default: &str,
    ) -> Result<T, InvalidConfig> {
        self.with(key, default, |text| text.parse().map_err(|e| format!("{text:?}: {e}")))
    }
}

pub(super) fn number<T: FromStr + PartialOrd + Display + Copy>(
    text: &str,
    min: T,
    max: T,
) -> Result<T, String> {
    text.parse()
        .ok()
        .filter(|n| (min..=max).contains(n))
        .ok_or_else(|| format!("{text:?} is not a number of {min} to {max}"))
}

pub(super) fn boolean(text: &str) -> Result<bool, String> {
    text.parse().map_err(|_| format!("{text:?} is not true or false"))
}

pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = number(text, 0.0, 86_400.0)?;
    Ok(Duration::from_secs_f64(seconds))
}

/// The parts of a list that is separated by commas.
pub(super) fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
}
