use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use thiserror::Error;
use tokio_postgres::config::Host as DriverHost;

/// A host and the port that PostgreSQL listens on there.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Host {
    /// A name, an address, or the folder of a Unix socket, which begins with a
    /// slash.
    pub name: String,
    /// The port.
    pub port: u16,
}

impl Host {
    /// The port of a server for which none is named.
    pub const DEFAULT_PORT: u16 = 5432;

    /// A host as configuration writes it: `name`, `name:port`, `[address]:port`;
    /// without a port it is on `port`. `None` if it is nothing of that.
    pub fn parse(text: &str, port: u16) -> Option<Self> {
        let (name, written) = match text.strip_prefix('[') {
            Some(rest) => {
                rest.split_once(']').map(|(name, rest)| (name, rest.strip_prefix(':')))?
            }
            None => match text.rsplit_once(':') {
                // More than one colon: an IPv6 address without its brackets.
                Some((name, port)) if !name.contains(':') => (name, Some(port)),
                _ => (text, None),
            },
        };
        let port = match written {
            Some(written) => written.parse().ok()?,
            None => port,
        };
        // A URL put here by mistake would be shown with its password.
        let is_folder = name.starts_with('/');
        let is_sound = !name.is_empty()
            && !name.contains(|c: char| c == '@' || c.is_whitespace())
            && (is_folder || !name.contains('/'));
        is_sound.then(|| Self { name: name.to_owned(), port })
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, port } = self;
        if name.contains(':') { write!(f, "[{name}]:{port}") } else { write!(f, "{name}:{port}") }
    }
}

/// How a connection is encrypted, and what is checked about the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SslMode {
    /// Not at all.
    Disable,
    /// Encrypted if the server can; nothing is checked.
    #[default]
    Prefer,
    /// Encrypted; nothing is checked.
    Require,
    /// Encrypted; the certificate comes from a trusted authority.
    VerifyCa,
    /// Encrypted; the certificate comes from a trusted authority and is for the
    /// host that was asked for.
    VerifyFull,
}

impl SslMode {
    /// Every mode.
    pub const ALL: [Self; 5] =
        [Self::Disable, Self::Prefer, Self::Require, Self::VerifyCa, Self::VerifyFull];

    /// `disable`, `prefer`, `require`, `verify-ca` or `verify-full`, as all of
    /// PostgreSQL's clients call them.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }

    /// Whether the server's certificate is verified.
    pub fn verifies(self) -> bool {
        matches!(self, Self::VerifyCa | Self::VerifyFull)
    }

    /// The mode that [`as_str`](Self::as_str) writes so.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text)
    }
}

/// Where a PostgreSQL server is, and as whom to go there.
#[derive(Debug, Clone)]
pub struct Access {
    /// The host.
    pub host: Host,
    /// Further hosts. With some, writes go to whichever of all accepts them.
    pub further_hosts: Vec<Host>,
    /// The user.
    pub user: String,
    /// The user's password, if there is one.
    pub password: Option<SecretString>,
    /// The database.
    pub database: String,
    /// How connections are encrypted.
    pub ssl_mode: SslMode,
    /// A PEM file of the authorities that are trusted; those of the system
    /// where it is `None`. Only where certificates are checked.
    pub root_certificate: Option<PathBuf>,
}

/// A URL that names no PostgreSQL server. It does not repeat the URL, which may
/// hold a password.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidUrl {
    /// It is something else.
    #[error("it is not of the form postgres://USER:PASSWORD@HOST:PORT/DATABASE")]
    Form,
    /// It has an option that is not known.
    #[error(
        "it has the option {0:?}, and only sslmode, sslrootcert, schema and pooler can be given"
    )]
    UnknownOption(String),
    /// An option has a value that it cannot have.
    #[error("its option {0} has a value that it cannot have")]
    Value(&'static str),
    /// It names authorities, and verifies nothing.
    #[error("its sslrootcert has no effect without sslmode=verify-ca or sslmode=verify-full")]
    UnusedRootCertificate,
}

impl Access {
    /// The access that a URL `postgres://USER:PASSWORD@HOST:PORT/DATABASE`
    /// describes, with the options `sslmode` and `sslrootcert`. The parts are
    /// percent-decoded; several hosts are separated by commas.
    ///
    /// # Errors
    /// [`InvalidUrl`].
    pub fn from_url(url: &str) -> Result<Self, InvalidUrl> {
        let (access, others) = Self::with_options(url)?;
        match others.into_iter().next() {
            Some((name, _)) => Err(InvalidUrl::UnknownOption(name)),
            None => Ok(access),
        }
    }

    /// The access, and the options that say nothing about it.
    pub(crate) fn with_options(url: &str) -> Result<(Self, Vec<(String, String)>), InvalidUrl> {
        let (server, query) = url.split_once('?').unwrap_or((url, ""));
        let is_ours = server.starts_with("postgres://") || server.starts_with("postgresql://");
        // A password with a bare question mark would end up among the options.
        if !is_ours || query.contains('@') {
            return Err(InvalidUrl::Form);
        }
        let parsed = tokio_postgres::Config::from_str(server).map_err(|_| InvalidUrl::Form)?;
        let user = parsed.get_user().filter(|user| !user.is_empty()).ok_or(InvalidUrl::Form)?;
        let password = match parsed.get_password() {
            Some(bytes) => {
                let text = str::from_utf8(bytes).map_err(|_| InvalidUrl::Form)?;
                Some(SecretString::from(text.to_owned()))
            }
            None => None,
        };
        let hosts = parsed.get_hosts().iter().enumerate().map(|(i, host)| {
            let name = match host {
                DriverHost::Tcp(name) => name.trim_matches(['[', ']']).to_owned(),
                DriverHost::Unix(folder) => folder.to_str()?.to_owned(),
            };
            // One port is that of all hosts.
            let ports = parsed.get_ports();
            let port = ports.get(i).or(ports.first()).copied().unwrap_or(Host::DEFAULT_PORT);
            Some(Host { name, port })
        });
        let mut hosts = hosts.collect::<Option<Vec<_>>>().ok_or(InvalidUrl::Form)?.into_iter();
        let mut access = Self {
            host: hosts.next().ok_or(InvalidUrl::Form)?,
            further_hosts: hosts.collect(),
            user: user.to_owned(),
            password,
            database: parsed.get_dbname().unwrap_or(user).to_owned(),
            ssl_mode: SslMode::default(),
            root_certificate: None,
        };
        let mut others = Vec::new();
        for option in query.split('&').filter(|option| !option.is_empty()) {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            let value = percent_decode_str(value).decode_utf8().map_err(|_| InvalidUrl::Form)?;
            match name {
                "sslmode" => {
                    let mode = SslMode::parse(&value).ok_or(InvalidUrl::Value("sslmode"))?;
                    access.ssl_mode = mode;
                }
                "sslrootcert" => access.root_certificate = Some(PathBuf::from(&*value)),
                _ => others.push((name.to_owned(), value.into_owned())),
            }
        }
        if access.root_certificate.is_some() && !access.ssl_mode.verifies() {
            return Err(InvalidUrl::UnusedRootCertificate);
        }
        Ok((access, others))
    }
}
