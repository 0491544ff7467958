use std::fmt;

use crate::InvalidRedisConfig;

/// Where a server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisHost {
    /// A name or an address.
    pub name: String,
    /// The port.
    pub port: u16,
}

impl RedisHost {
    /// Where Redis listens by default.
    pub const REDIS_PORT: u16 = 6379;

    /// Where Sentinel listens by default.
    pub const SENTINEL_PORT: u16 = 26_379;

    /// Parses `name` or `name:port`; an IPv6 address with a port stands in
    /// brackets.
    ///
    /// # Errors
    /// [`InvalidRedisConfig::Host`].
    pub fn parse(text: &str, default_port: u16) -> Result<Self, InvalidRedisConfig> {
        let invalid = || InvalidRedisConfig::Host;
        let text = text.trim();
        let (name, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((address, rest)) => (address, rest.strip_prefix(':')),
            None => match text.split_once(':') {
                // More colons than one: an IPv6 address.
                Some((name, port)) if !port.contains(':') => (name, Some(port)),
                _ => (text, None),
            },
        };
        let port = port.map_or(Ok(default_port), |port| port.parse().map_err(|_| invalid()))?;
        let is_sound = !name.is_empty() && !name.contains(['/', '@', ' ', '[', ']']);
        is_sound.then(|| Self { name: name.to_owned(), port }).ok_or_else(invalid)
    }
}

impl fmt::Display for RedisHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.contains(':') {
            write!(f, "[{}]:{}", self.name, self.port)
        } else {
            write!(f, "{}:{}", self.name, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_parsed_with_and_without_port() {
        for (text, name, port) in [
            ("cache", "cache", 6379),
            (" cache:7000 ", "cache", 7000),
            ("10.0.0.1:1", "10.0.0.1", 1),
            ("::1", "::1", 6379),
            ("[::1]:7000", "::1", 7000),
            ("[::1]", "::1", 6379),
        ] {
            let host = RedisHost::parse(text, RedisHost::REDIS_PORT).unwrap();
            assert_eq!((host.name.as_str(), host.port), (name, port), "{text}");
            assert_eq!(RedisHost::parse(&host.to_string(), 0).unwrap(), host);
        }
        for text in ["", ":6379", "cache:", "cache:port", "cache:70000", "redis://cache", "a b"] {
            assert!(RedisHost::parse(text, 1).is_err(), "{text}");
        }
    }
}
