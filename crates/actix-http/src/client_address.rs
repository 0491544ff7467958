//! Where a request comes from, behind whatever proxies it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap;
use ipnet::IpNet;
use thiserror::Error;

use crate::headers::X_FORWARDED_FOR;

/// The proxies whose word about where a request comes from is taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

/// A text that names no proxies.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is neither an address nor a range such as 10.0.0.0/8")]
pub struct InvalidProxy(String);

impl TrustedProxies {
    /// Addresses and CIDR ranges, separated by commas; none where there is no
    /// text.
    ///
    /// # Errors
    /// [`InvalidProxy`] with the first that is neither.
    pub fn parse(text: &str) -> Result<Self, InvalidProxy> {
        let proxies = text.split(',').map(str::trim).filter(|proxy| !proxy.is_empty());
        let range = |text: &str| {
            let one = text.parse::<IpAddr>().map(IpNet::from);
            one.or_else(|_| text.parse()).map_err(|_| InvalidProxy(text.to_owned()))
        };
        proxies.map(range).collect::<Result<_, _>>().map(Self)
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|range| range.contains(&address))
    }

    /// The address that a request comes from: its peer's, unless the peer is a
    /// trusted proxy. Then it is the rightmost of `X-Forwarded-For` that is no
    /// trusted proxy itself: whatever stands left of that one, its sender may
    /// have made up. Where the header cannot be read, it is the peer's.
    ///
    /// `Forwarded` (RFC 7239) is not looked at: proxies pass on what clients
    /// wrote there.
    pub(crate) fn client(&self, request: &HttpRequest) -> IpAddr {
        let peer = request.peer_addr().map_or(Ipv4Addr::UNSPECIFIED.into(), |peer| peer.ip());
        let peer = peer.to_canonical();
        if !self.trusts(peer) {
            return peer;
        }
        let mut client = peer;
        for hop in hops(request.headers()) {
            match hop {
                Some(address) if self.trusts(address) => client = address,
                Some(address) => return address,
                None => return peer,
            }
        }
        client
    }
}

/// The addresses of `X-Forwarded-For` from right to left; `None` for what is
/// none.
fn hops(headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
    let lines: Vec<_> = headers.get_all(X_FORWARDED_FOR).collect();
    let lines = lines.into_iter().rev();
    lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b',').map(hop))
}

/// An address as proxies write it, some with a port.
fn hop(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?.trim();
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let address: Option<IpAddr> = text.parse().ok();
    address.or_else(with_port).or_else(bracketed).map(|address| address.to_canonical())
}

/// What an address is limited as. Whoever has an IPv6 address commonly has the
/// other ones of its /64 too.
pub(crate) fn subject(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let network = Ipv6Addr::from_bits(address.to_bits() >> 64 << 64);
            format!("{network}/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn proxies() -> TrustedProxies {
        TrustedProxies::parse("10.0.0.0/8, 192.0.2.7,2001:db8::/32").unwrap()
    }

    /// Who the client of a request is that came through `peer` with these
    /// lines of X-Forwarded-For.
    fn client(peer: &str, lines: &[&str]) -> String {
        let peer = SocketAddr::new(peer.parse().unwrap(), 4711);
        let mut request = TestRequest::default().peer_addr(peer);
        for line in lines {
            request = request.append_header(("X-Forwarded-For", *line));
        }
        proxies().client(&request.to_http_request()).to_string()
    }

    #[test]
    fn a_peer_that_is_no_proxy_of_ours_is_the_client_whatever_it_says() {
        assert_eq!(client("203.0.113.5", &["198.51.100.1"]), "203.0.113.5");
        assert_eq!(client("192.0.2.8", &[]), "192.0.2.8");
    }

    #[test]
    fn behind_our_proxies_the_client_is_whom_the_outermost_of_them_saw() {
        for lines in [
            &["198.51.100.1"][..],
            &["1.1.1.1, 198.51.100.1"],
            &["10.9.9.9, 198.51.100.1, 10.0.0.2,192.0.2.7"],
            &["1.1.1.1", "198.51.100.1", "10.0.0.2"],
            &["1.1.1.1, 198.51.100.1", "2001:db8::2"],
            &["198.51.100.1:4711"],
            &["::ffff:198.51.100.1"],
            &["nonsense, 198.51.100.1"],
        ] {
            assert_eq!(client("10.0.0.1", lines), "198.51.100.1", "{lines:?}");
        }
        assert_eq!(client("::ffff:10.0.0.1", &["[2001:db9::1]:80"]), "2001:db9::1");
        assert_eq!(client("2001:db8::9", &["[2001:db9::1]"]), "2001:db9::1");
    }

    #[test]
    fn a_request_that_one_of_our_proxies_made_itself_comes_from_there() {
        assert_eq!(client("10.0.0.1", &["10.0.0.3, 10.0.0.2"]), "10.0.0.3");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn a_header_that_cannot_be_read_counts_as_the_peer() {
        for line in ["", "unknown", "198.51.100.1, x", "198.51.100.1,", "198.51.100.1, 10.0.0.2, -"]
        {
            assert_eq!(client("10.0.0.1", &[line]), "10.0.0.1", "{line}");
        }
    }

    #[test]
    fn what_names_no_proxies_is_refused() {
        assert_eq!(TrustedProxies::parse(" ,").unwrap(), TrustedProxies::default());
        for text in ["proxy", "10.0.0.0/33", "10.0.0/8", "10.0.0.1;10.0.0.2", "::/129"] {
            let error = TrustedProxies::parse(text).unwrap_err();
            assert!(error.to_string().contains(text), "{error}");
        }
    }

    #[test]
    fn an_ipv6_address_is_limited_as_its_network() {
        let of = |address: &str| subject(address.parse().unwrap());
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(of("2001:db8:1:2::"), of("2001:db8:1:2:ffff::1"));
        assert_ne!(of("2001:db8:1:3::"), of("2001:db8:1:2::"));
        assert_eq!(of("192.0.2.1"), "192.0.2.1");
    }
}
