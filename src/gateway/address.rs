//! An address is that of the client: a proxy is believed only if it is known.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Who a TCP connection is from; whoever accepts connections puts it beside each request.
#[derive(Debug, Clone, Copy)]
pub struct PeerAddress(pub IpAddr);

/// The proxies whose headers count.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// The proxies of these networks.
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    fn contain(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The client's address: the rightmost of `X-Forwarded-For` that is no trusted proxy.
    pub(super) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let lines = headers.get_all(FORWARDED_FOR);
        let lines: Vec<_> = lines.iter().filter_map(|line| line.to_str().ok()).collect();
        let mut hops = lines.iter().rev().flat_map(|line| line.rsplit(','));
        // What a proxy that is not trusted says of those before it counts for nothing.
        while self.contain(client) {
            match hops.next().map(|hop| address(hop.trim())) {
                Some(Some(hop)) => client = hop,
                Some(None) | None => break,
            }
        }
        client
    }

    /// The host that the client asked for, where a trusted proxy says so.
    pub(super) fn host<'a>(&self, peer: IpAddr, headers: &'a HeaderMap) -> Option<&'a str> {
        if !self.contain(peer.to_canonical()) {
            return None;
        }
        // Each proxy adds its own at the end; the first is what the browser asked for.
        let line = headers.get(FORWARDED_HOST)?.to_str().ok()?;
        line.split(',').next().map(str::trim)
    }
}

fn address(text: &str) -> Option<IpAddr> {
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let address = text.parse().ok().or_else(with_port).or_else(bracketed);
    address.map(|address: IpAddr| address.to_canonical())
}

/// What counts as one address: of IPv6 the network of a household.
pub(super) fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &[&str]) -> String {
        let networks = ["10.0.0.0/8", "::1/128"].map(|network| network.parse().unwrap());
        let proxies = TrustedProxies::new(networks.into());
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(FORWARDED_FOR, line.parse().unwrap());
        }
        proxies.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn the_rightmost_untrusted_address_counts() {
        assert_eq!(client("1.2.3.4", &["9.9.9.9"]), "1.2.3.4", "no proxy");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["9.9.9.9"]), "9.9.9.9");
        assert_eq!(
            client("10.0.0.1", &["6.6.6.6, 9.9.9.9, 10.2.2.2"]),
            "9.9.9.9"
        );
        assert_eq!(
            client("10.0.0.1", &["6.6.6.6", "9.9.9.9,10.2.2.2"]),
            "9.9.9.9"
        );
        assert_eq!(client("::1", &["2001:db8::7"]), "2001:db8::7");
        assert_eq!(client("::ffff:10.0.0.1", &["9.9.9.9:555"]), "9.9.9.9");
        assert_eq!(client("10.0.0.1", &["[2001:db8::7]:555"]), "2001:db8::7");
        assert_eq!(client("10.0.0.1", &["6.6.6.6, unknown"]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["10.3.3.3"]), "10.3.3.3");
    }

    #[test]
    fn the_host_of_a_stranger_does_not_count() {
        let proxies = TrustedProxies::new(vec!["10.0.0.0/8".parse().unwrap()]);
        let mut headers = HeaderMap::new();
        headers.insert(FORWARDED_HOST, "a.example, b.example".parse().unwrap());
        let host = |peer: &str| proxies.host(peer.parse().unwrap(), &headers);
        assert_eq!(host("10.1.1.1"), Some("a.example"));
        assert_eq!(host("11.1.1.1"), None);
    }

    #[test]
    fn a_household_is_one_address() {
        let of = |address: &str| household(address.parse().unwrap());
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:3:4:5:6"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_ne!(of("1.2.3.4"), of("1.2.3.5"));
        assert_eq!(of("::ffff:1.2.3.4"), of("1.2.3.4"));
    }
}
