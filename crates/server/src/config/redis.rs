use std::path::PathBuf;

use benchmark_redis_cache_adapter::{
    InvalidRedisConfig, RedisConfig, RedisHost, RedisMode, RedisTls, SentinelAccount,
};

use super::environment::{Environment, InvalidConfig, boolean, list, number, seconds};

/// What `REDIS_URL` says too, with the defaults.
const OF_URL: [(&str, &str); 5] = [
    ("REDIS_PORT", "6379"),
    ("REDIS_USER", ""),
    ("REDIS_PASSWORD", ""),
    ("REDIS_DB", "0"),
    ("REDIS_TLS", "false"),
];

/// What is said of a server beside it, with the defaults.
const OF_SERVER: [(&str, &str); 4] = [
    ("REDIS_MODE", "standalone"),
    ("REDIS_TLS_ROOTCERT", ""),
    ("REDIS_SENTINEL_USER", ""),
    ("REDIS_SENTINEL_PASSWORD", ""),
];

/// The Redis that is configured, if one is.
pub(super) fn read(env: &Environment<'_>) -> Result<Option<RedisConfig>, InvalidConfig> {
    let (url, hosts) = (env.get("REDIS_URL")?, env.get("REDIS_HOST")?);
    let port = env.optional("REDIS_PORT", |text| number(text, 1, u16::MAX))?;
    let user = env.get("REDIS_USER")?;
    let password = env.get("REDIS_PASSWORD")?;
    let db = env.with("REDIS_DB", "0", |text| number(text, 0, 1_000_000))?;
    let mode = env.with("REDIS_MODE", "standalone", |text| match text {
        "standalone" => Ok(Mode::Standalone),
        "sentinel" => Ok(Mode::Sentinel),
        "cluster" => Ok(Mode::Cluster),
        _ => Err(format!("{text:?} is none of standalone, sentinel, cluster")),
    })?;
    let master = env.get("REDIS_SENTINEL_MASTER")?.unwrap_or_else(|| "mymaster".to_owned());
    let sentinel_account = sentinel_account(env)?;
    let tls = env.with("REDIS_TLS", "false", boolean)?;
    let root_certificate = env.get("REDIS_TLS_ROOTCERT")?.map(PathBuf::from);
    let connect_timeout = env.with("REDIS_CONNECT_TIMEOUT", "0.05", seconds)?;
    let response_timeout = env.with("REDIS_RESPONSE_TIMEOUT", "0.05", seconds)?;
    let prefix = env.get("REDIS_PREFIX")?.unwrap_or_else(|| RedisConfig::PREFIX.to_owned());
    env.only_in("REDIS_URL", &OF_URL)?;

    let mut config = match (url, hosts) {
        (None, None) => {
            env.none_of(&OF_URL, "REDIS_HOST or REDIS_URL")?;
            env.none_of(&OF_SERVER, "REDIS_HOST or REDIS_URL")?;
            return Ok(None);
        }
        (Some(_), Some(_)) => {
            let reason = "REDIS_URL says where Redis is already; unset one of the two";
            return Err(InvalidConfig::new("REDIS_HOST", reason));
        }
        (Some(_), None) if !matches!(mode, Mode::Standalone) => {
            let reason = "REDIS_URL names one server; name the hosts in REDIS_HOST";
            return Err(InvalidConfig::new("REDIS_MODE", reason));
        }
        (Some(url), None) => {
            let config = RedisConfig::from_url(&url);
            config.map_err(|error| InvalidConfig::new("REDIS_URL", error.to_string()))?
        }
        (None, Some(_)) if matches!(mode, Mode::Cluster) && db != 0 => {
            let reason = InvalidRedisConfig::DatabaseInCluster.to_string();
            return Err(InvalidConfig::new("REDIS_DB", reason));
        }
        (None, Some(_)) if user.is_some() && password.is_none() => {
            let reason = "a user needs a password; REDIS_PASSWORD is not set";
            return Err(InvalidConfig::new("REDIS_USER", reason));
        }
        (None, Some(hosts)) => RedisConfig {
            user,
            password: password.map(Into::into),
            sentinel_account,
            db,
            tls: if tls { RedisTls::On { root_certificate: None } } else { RedisTls::Off },
            ..RedisConfig::new(mode.of(&hosts, port, master)?)
        },
    };
    match (&mut config.tls, root_certificate) {
        (RedisTls::On { root_certificate: of_config }, given) => *of_config = given,
        (RedisTls::Off, Some(_)) => {
            let reason =
                "Redis is spoken to without TLS; set REDIS_TLS, or a REDIS_URL of rediss://";
            return Err(InvalidConfig::new("REDIS_TLS_ROOTCERT", reason));
        }
        (RedisTls::Off, None) => {}
    }
    Ok(Some(RedisConfig { connect_timeout, response_timeout, prefix, ..config }))
}

fn sentinel_account(env: &Environment<'_>) -> Result<SentinelAccount, InvalidConfig> {
    let signs_in = env.with("REDIS_SENTINEL_AUTH", "true", boolean)?;
    let user = env.get("REDIS_SENTINEL_USER")?;
    let password = env.get("REDIS_SENTINEL_PASSWORD")?;
    match (signs_in, user, password) {
        (false, None, None) => Ok(SentinelAccount::Nobody),
        (false, ..) => Err(InvalidConfig::new(
            "REDIS_SENTINEL_AUTH",
            "it says false, and REDIS_SENTINEL_USER or REDIS_SENTINEL_PASSWORD is set",
        )),
        (true, None, None) => Ok(SentinelAccount::LikeServers),
        (true, user, Some(password)) => {
            Ok(SentinelAccount::Own { user, password: password.into() })
        }
        (true, Some(_), None) => Err(InvalidConfig::new(
            "REDIS_SENTINEL_USER",
            "a user needs a password; REDIS_SENTINEL_PASSWORD is not set",
        )),
    }
}

/// How `REDIS_HOST` is meant.
enum Mode {
    Standalone,
    Sentinel,
    Cluster,
}

impl Mode {
    fn of(
        self,
        hosts: &str,
        port: Option<u16>,
        master: String,
    ) -> Result<RedisMode, InvalidConfig> {
        let refuse = |reason: String| InvalidConfig::new("REDIS_HOST", reason);
        let default_port = match self {
            Self::Sentinel => RedisHost::SENTINEL_PORT,
            Self::Standalone | Self::Cluster => RedisHost::REDIS_PORT,
        };
        let port = port.unwrap_or(default_port);
        let hosts: Vec<_> = list(hosts)
            .map(|host| RedisHost::parse(host, port))
            .collect::<Result<_, _>>()
            .map_err(|error| refuse(error.to_string()))?;
        match (self, hosts.as_slice()) {
            (_, []) => Err(refuse("it names no host".to_owned())),
            (Self::Sentinel, _) => Ok(RedisMode::Sentinel { hosts, master }),
            (Self::Cluster, _) => Ok(RedisMode::Cluster { hosts }),
            (Self::Standalone, [host]) => Ok(RedisMode::Standalone { host: host.clone() }),
            (Self::Standalone, _) => {
                Err(refuse("standalone is one host; is REDIS_MODE missing?".to_owned()))
            }
        }
    }
}
