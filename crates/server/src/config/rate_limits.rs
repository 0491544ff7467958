use std::num::NonZeroU32;
use std::time::Duration;

use benchmark_actix_http::TrustedProxies;
use benchmark_ports::RateLimit;

use super::environment::{Environment, InvalidConfig, number};

/// How often callers may ask.
#[derive(Debug)]
pub(crate) struct RateLimitConfig {
    pub(crate) per_key: Option<RateLimit>,
    pub(crate) per_address: Option<RateLimit>,
    pub(crate) failed_authentications: Option<RateLimit>,
    pub(crate) trusted_proxies: TrustedProxies,
}

impl RateLimitConfig {
    pub(super) fn read(env: &Environment<'_>) -> Result<Self, InvalidConfig> {
        Ok(Self {
            per_key: env.with("RATE_LIMIT_PER_KEY", "0", per_minute)?,
            per_address: env.with("RATE_LIMIT_PER_ADDRESS", "0", per_minute)?,
            failed_authentications: env.with("RATE_LIMIT_FAILED_AUTH", "60", per_minute)?,
            trusted_proxies: env.with("TRUSTED_PROXIES", "", |text| {
                TrustedProxies::parse(text).map_err(|error| error.to_string())
            })?,
        })
    }
}

/// As many as there are milliseconds in a minute: limiters count no faster.
const MAX_PER_MINUTE: u32 = 60_000;

fn per_minute(text: &str) -> Result<Option<RateLimit>, String> {
    let requests = NonZeroU32::new(number(text, 0, MAX_PER_MINUTE)?);
    Ok(requests.map(|requests| RateLimit { requests, period: Duration::from_secs(60) }))
}
