use std::io::{self, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::time::Duration;

use anyhow::{Context, ensure};

use crate::config::Config;

/// Asks the service on `HOST` and `PORT` whether it is ready, for container
/// health checks: no shell or other tool is needed.
pub(crate) fn run(config: &Config) -> anyhow::Result<()> {
    let address = reachable(&config.host, config.port)
        .with_context(|| format!("HOST: {:?} is not to be found", config.host))?;
    let url = format!("http://{address}/health/ready");
    let agent = ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(3)))
        .http_status_as_error(false)
        // Whatever proxy the environment names is for others than oneself.
        .proxy(None)
        .build()
        .new_agent();
    let answer = agent.get(&url).call().with_context(|| format!("{url} does not answer"))?;
    ensure!(answer.status().is_success(), "{url} answers {}", answer.status());
    Ok(writeln!(io::stdout(), "ready")?)
}

/// Where to ask a server that listens there: it may listen on every address, a
/// client asks one.
fn reachable(host: &str, port: u16) -> io::Result<SocketAddr> {
    let mut address =
        (host, port).to_socket_addrs()?.next().ok_or(io::ErrorKind::AddrNotAvailable)?;
    match address {
        SocketAddr::V4(every) if every.ip().is_unspecified() => {
            address.set_ip(Ipv4Addr::LOCALHOST.into());
        }
        SocketAddr::V6(every) if every.ip().is_unspecified() => {
            address.set_ip(Ipv6Addr::LOCALHOST.into());
        }
        SocketAddr::V4(_) | SocketAddr::V6(_) => {}
    }
    Ok(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_asked_at_an_address_that_a_url_can_have() {
        for (host, address) in [
            ("127.0.0.1", "127.0.0.1:80"),
            ("0.0.0.0", "127.0.0.1:80"),
            ("::1", "[::1]:80"),
            ("::", "[::1]:80"),
            ("2001:db8::1", "[2001:db8::1]:80"),
        ] {
            assert_eq!(reachable(host, 80).unwrap().to_string(), address, "{host}");
        }
    }
}
