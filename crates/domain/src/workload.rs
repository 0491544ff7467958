use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use thiserror::Error;

use crate::identity::Fingerprint;
use crate::name::{InvalidName, bounded, free_text};
use crate::summary::{InvalidSample, Summary};

/// How a workload is asked for: 1 to 100 characters of `a-z`, `0-9`, `.`, `_`
/// and `-`, a letter or digit first. Upper case is accepted and lowered.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkloadSlug(Arc<str>);

impl WorkloadSlug {
    const MAX_LENGTH: usize = 100;

    /// Parses a slug.
    ///
    /// # Errors
    /// [`InvalidName`] if it is empty, too long or has another character.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        const WHAT: &str = "a workload";
        const RULE: &str = "letters, digits, '.', '_' and '-' are allowed, a letter or digit first";
        let text = bounded(WHAT, text, Self::MAX_LENGTH)?;
        let misfit = text.char_indices().find(|&(at, c)| match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' => false,
            '.' | '_' | '-' => at == 0,
            _ => true,
        });
        match misfit {
            Some((_, character)) => {
                Err(InvalidName::Forbidden { what: WHAT, character, rule: RULE })
            }
            None => Ok(Self(text.to_ascii_lowercase().into())),
        }
    }

    /// The slug in its canonical lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for WorkloadSlug {
    /// `default`, where nothing else is said.
    fn default() -> Self {
        Self("default".into())
    }
}

impl fmt::Display for WorkloadSlug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a workload asks of an endpoint, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Conditions {
    /// Mean input tokens per request.
    pub input_tokens: Option<u32>,
    /// Mean output tokens per request.
    pub output_tokens: Option<u32>,
    /// Requests in flight at a time.
    pub concurrency: Option<u32>,
    /// Requests sent per second, where the load was open.
    pub request_rate: Option<f64>,
    /// Where the client ran.
    pub region: Option<String>,
    /// Whatever else tells two workloads apart.
    pub labels: BTreeMap<String, String>,
}

/// Why conditions cannot be those of a workload.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum InvalidConditions {
    /// A rate that nobody can send at.
    #[error("request_rate: {0}")]
    RequestRate(#[source] InvalidSample),
    /// A region, or a label's key or value, that is not one short line.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// More labels than [`Conditions::MAX_LABELS`].
    #[error("there are {0} labels, at most {max} are allowed", max = Conditions::MAX_LABELS)]
    TooManyLabels(usize),
}

impl Conditions {
    /// The most labels that conditions may have.
    pub const MAX_LABELS: usize = 32;

    /// Whether a workload may have these conditions: a finite rate, a region of
    /// 1 to 100 characters, labels with keys and values of 1 to 100 characters,
    /// none of them control characters.
    ///
    /// # Errors
    /// [`InvalidConditions`] for the first that is not so.
    pub fn check(&self) -> Result<(), InvalidConditions> {
        let Self {
            input_tokens: _,
            output_tokens: _,
            concurrency: _,
            request_rate,
            region,
            labels,
        } = self;
        request_rate.map(Summary::check).transpose().map_err(InvalidConditions::RequestRate)?;
        region.as_deref().map(|region| free_text("a region", region, 100)).transpose()?;
        if labels.len() > Self::MAX_LABELS {
            return Err(InvalidConditions::TooManyLabels(labels.len()));
        }
        for (key, value) in labels {
            free_text("a label's key", key, 100)?;
            free_text("a label's value", value, 100)?;
        }
        Ok(())
    }
}

/// The conditions under which numbers may be compared. A ranking is always
/// within one workload.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Workload {
    /// Its identity.
    pub slug: WorkloadSlug,
    /// What it asks of an endpoint.
    pub conditions: Conditions,
}

impl Workload {
    /// A workload of which only the name is known.
    pub fn named(slug: WorkloadSlug) -> Self {
        Self { slug, conditions: Conditions::default() }
    }

    /// The workload that these conditions name themselves: `550in-150out-c5`,
    /// with a region and labels `550in-150out-c5-region-eu-gpu-h100`, or the default
    /// one if they say nothing. What does not fit into a slug ends in a hash.
    ///
    /// ```
    /// # use benchmark_domain::{Conditions, Workload};
    /// let conditions = Conditions {
    ///     input_tokens: Some(550),
    ///     output_tokens: Some(150),
    ///     concurrency: Some(5),
    ///     ..Conditions::default()
    /// };
    /// assert_eq!(Workload::derived(conditions).slug.as_str(), "550in-150out-c5");
    /// ```
    pub fn derived(conditions: Conditions) -> Self {
        let parts = [
            conditions.input_tokens.map(|n| format!("{n}in")),
            conditions.output_tokens.map(|n| format!("{n}out")),
            conditions.concurrency.map(|n| format!("c{n}")),
            conditions.request_rate.filter(|rate| *rate > 0.0).map(|rate| format!("r{rate}")),
        ];
        let load = parts.into_iter().flatten().collect::<Vec<_>>().join("-");
        let room = WorkloadSlug::MAX_LENGTH.saturating_sub(load.len() + 1);
        let region = conditions.region.as_deref().map(|region| ("region", region));
        let labels = conditions.labels.iter().map(|(key, value)| (&**key, &**value));
        let named: Vec<_> = region.into_iter().chain(labels).collect();
        let parts = [load, in_slug(&named, room)];
        let parts = parts.iter().filter(|part| !part.is_empty());
        let slug = parts.map(String::as_str).collect::<Vec<_>>().join("-");
        let slug = WorkloadSlug::parse(&slug).unwrap_or_default();
        Self { slug, conditions }
    }
}

/// Names and what they name as the end of a slug of so many characters:
/// `gpu-h100-site-eu`. Where they cannot stand there as they are, a hash of them
/// follows what can.
fn in_slug(named: &[(&str, &str)], room: usize) -> String {
    let pairs: Vec<_> = named.iter().map(|(key, value)| format!("{key}-{value}")).collect();
    let plain = pairs.join("-");
    if plain.is_empty() || plain.len() <= room && WorkloadSlug::parse(&plain).is_ok() {
        return plain;
    }
    let mut fingerprint = Fingerprint::default();
    named.iter().for_each(|(key, value)| _ = fingerprint.text(key).text(value));
    let hash: String = fingerprint.finish()[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    let fit = |c: char| if c.is_ascii_alphanumeric() || c == '.' || c == '_' { c } else { '-' };
    let start =
        plain.chars().map(fit).take(room.saturating_sub(hash.len() + 1)).collect::<String>();
    match start.trim_matches(['.', '_', '-']) {
        "" => hash,
        start => format!("{start}-{hash}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_that_say_nothing_are_the_default_workload() {
        assert_eq!(Workload::derived(Conditions::default()).slug.as_str(), "default");
    }

    fn derived(labels: &[(&str, &str)]) -> String {
        let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let conditions = Conditions {
            input_tokens: Some(550),
            concurrency: Some(5),
            labels: labels.collect(),
            ..Conditions::default()
        };
        Workload::derived(conditions).slug.to_string()
    }

    #[test]
    fn labels_tell_workloads_apart() {
        assert_eq!(derived(&[]), "550in-c5");
        assert_eq!(derived(&[("gpu", "H100")]), "550in-c5-gpu-h100");
        assert_eq!(
            derived(&[("site", "eu"), ("gpu", "a100-80gb")]),
            "550in-c5-gpu-a100-80gb-site-eu"
        );
        let alone = BTreeMap::from([("gpu".to_owned(), "h100".to_owned())]);
        let alone = Workload::derived(Conditions { labels: alone, ..Conditions::default() });
        assert_eq!(alone.slug.as_str(), "gpu-h100");
    }

    #[test]
    fn regions_tell_workloads_apart() {
        let region = Some("eu-central-1".to_owned());
        let derived = Workload::derived(Conditions { region, ..Conditions::default() });
        assert_eq!(derived.slug.as_str(), "region-eu-central-1");
    }

    #[test]
    fn labels_that_fit_into_no_slug_are_told_apart_by_their_hash() {
        let long = "x".repeat(100);
        let found = [
            derived(&[("gpu", "h 100")]),
            derived(&[("gpu", "h+100")]),
            derived(&[("übung", "日本語")]),
            derived(&[("a", &long), ("b", "1")]),
            derived(&[("a", &long), ("b", "2")]),
        ];
        assert!(found[0].starts_with("550in-c5-gpu-h-100-"), "{}", found[0]);
        let mut different: Vec<_> = found.iter().collect();
        different.sort();
        different.dedup();
        assert_eq!(different.len(), found.len(), "{found:?}");
        assert!(found.iter().all(|slug| slug.len() <= 100), "{found:?}");
    }

    #[test]
    fn conditions_are_bounded() {
        let check = |conditions: Conditions| conditions.check().is_ok();
        assert!(check(Conditions::default()));
        for rate in [f64::NAN, f64::INFINITY, -1.0] {
            assert!(!check(Conditions { request_rate: Some(rate), ..Conditions::default() }));
        }
        assert!(!check(Conditions { region: Some("x".repeat(101)), ..Conditions::default() }));
        let labels = (0..33).map(|n| (n.to_string(), "x".to_owned())).collect();
        assert!(!check(Conditions { labels, ..Conditions::default() }));
        let labels = BTreeMap::from([("key".to_owned(), "a\u{1b}b".to_owned())]);
        assert!(!check(Conditions { labels, ..Conditions::default() }));
    }

    #[test]
    fn a_slug_is_lower_case_and_safe_in_a_path() {
        assert_eq!(WorkloadSlug::parse("Chat-550in").unwrap().as_str(), "chat-550in");
        for bad in ["", "-x", "a/b", "a b", "ü", &"x".repeat(101)] {
            assert!(WorkloadSlug::parse(bad).is_err(), "{bad}");
        }
    }
}
