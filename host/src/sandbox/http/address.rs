use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// Where clouds give a machine its own credentials. No operator can mean to have a message sent
/// there, so no range that is named holds them.
const METADATA_V4: [Ipv4Addr; 8] = [
    // Most clouds.
    Ipv4Addr::new(169, 254, 169, 254),
    // Credentials of containers and pods of AWS.
    Ipv4Addr::new(169, 254, 170, 2),
    Ipv4Addr::new(169, 254, 170, 23),
    // Tencent Cloud, Scaleway, Alibaba Cloud, Oracle Cloud (classic).
    Ipv4Addr::new(169, 254, 0, 23),
    Ipv4Addr::new(169, 254, 42, 42),
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(192, 0, 0, 192),
    // The wire server of Azure, which is a public address.
    Ipv4Addr::new(168, 63, 129, 16),
];

/// The same in IPv6: AWS (machines, pods), Google Cloud, Scaleway.
const METADATA_V6: [Ipv6Addr; 4] = [
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42),
];

/// Where an address leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AddressKind {
    /// Anywhere in the internet.
    Public,
    /// No address at all, or one of the network that the machine is in.
    Unspecified,
    /// This machine.
    Loopback,
    /// A network of somebody's own.
    Private,
    /// The link that the machine hangs on.
    LinkLocal,
    /// The network of a provider, shared by its customers.
    Shared,
    /// Many machines.
    Multicast,
    /// Examples in texts.
    Documentation,
    /// Kept for other uses, or for none yet.
    Reserved,
    /// Where a cloud gives the machine its own credentials.
    Metadata,
}

impl fmt::Display for AddressKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Public => "a public address",
            Self::Unspecified => "an unspecified address",
            Self::Loopback => "a loopback address",
            Self::Private => "a private address",
            Self::LinkLocal => "a link-local address",
            Self::Shared => "an address of a provider's own network",
            Self::Multicast => "a multicast address",
            Self::Documentation => "an address for documentation",
            Self::Reserved => "a reserved address",
            Self::Metadata => "where the cloud hands out this machine's credentials",
        })
    }
}

impl AddressKind {
    /// Where an address leads, in whichever form it is written: an IPv4 address in an IPv6 one
    /// (mapped, NAT64, 6to4) leads where the IPv4 address does.
    ///
    /// ```
    /// use holdpoint::sandbox::AddressKind;
    ///
    /// let kind = |text: &str| AddressKind::of(text.parse().unwrap());
    /// assert_eq!(kind("10.1.2.3"), AddressKind::Private);
    /// assert_eq!(kind("64:ff9b::10.1.2.3"), AddressKind::Private);
    /// assert_eq!(kind("::ffff:169.254.169.254"), AddressKind::Metadata);
    /// assert_eq!(kind("2606:4700::1111"), AddressKind::Public);
    /// ```
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => of_v4(address),
            IpAddr::V6(address) => of_v6(address),
        }
    }
}

/// By the registry of special-purpose addresses (RFC 6890 and after).
fn of_v4(address: Ipv4Addr) -> AddressKind {
    if METADATA_V4.contains(&address) {
        return AddressKind::Metadata;
    }
    let [first, second, third, _] = address.octets();
    match (first, second, third) {
        (0, ..) => AddressKind::Unspecified,
        (127, ..) => AddressKind::Loopback,
        (10, ..) | (172, 16..=31, _) | (192, 168, _) => AddressKind::Private,
        (100, 64..=127, _) => AddressKind::Shared,
        (169, 254, _) => AddressKind::LinkLocal,
        (192, 0, 2) | (198, 51, 100) | (203, 0, 113) => AddressKind::Documentation,
        // Protocol assignments, the old relays of 6to4, benchmarks, and what was never given out.
        (192, 0, 0) | (192, 88, 99) | (198, 18..=19, _) | (240..=255, ..) => AddressKind::Reserved,
        (224..=239, ..) => AddressKind::Multicast,
        _ => AddressKind::Public,
    }
}

/// What is not known to be public is reserved: public addresses are `2000::/3`, less what the
/// registry takes out of it.
fn of_v6(address: Ipv6Addr) -> AddressKind {
    let within = within(address);
    let is_metadata = METADATA_V6.contains(&address)
        || within
            .iter()
            .any(|address| of_v4(*address) == AddressKind::Metadata);
    if is_metadata {
        return AddressKind::Metadata;
    }
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => AddressKind::Unspecified,
        [0, 0, 0, 0, 0, 0, 0, 1] => AddressKind::Loopback,
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => of_v4(last(address)),
        [0x2002, ..] => of_v4(after_prefix(address)),
        // Protocol assignments, and in them the tunnels of Teredo.
        [0x2001, 0..=0x1ff, ..] => AddressKind::Reserved,
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => AddressKind::Documentation,
        [0x2000..=0x3fff, ..] => AddressKind::Public,
        [0xfc00..=0xfdff | 0xfec0..=0xfeff, ..] => AddressKind::Private,
        [0xfe80..=0xfebf, ..] => AddressKind::LinkLocal,
        [0xff00..=0xffff, ..] => AddressKind::Multicast,
        _ => AddressKind::Reserved,
    }
}

/// Every IPv4 address that a translator could find in an IPv6 one. The last four bytes are looked
/// at whatever stands before them, because a network's own NAT64 prefix is not known here.
fn within(address: Ipv6Addr) -> Vec<Ipv4Addr> {
    let mut found = vec![last(address)];
    let bytes = address.octets();
    let v4 = |places: [usize; 4]| Ipv4Addr::from(places.map(|place| bytes[place]));
    match address.segments() {
        [0x2002, ..] => found.push(after_prefix(address)),
        // Teredo writes the address of the other end with every bit turned.
        [0x2001, 0, ..] => found.push(Ipv4Addr::from_bits(!last(address).to_bits())),
        // NAT64 prefixes of a network's own (RFC 8215), in the lengths that RFC 6052 (section 2.2)
        // has besides the one that puts the address last.
        [0x64, 0xff9b, 1, ..] => {
            found.extend([v4([6, 7, 9, 10]), v4([7, 9, 10, 11]), v4([9, 10, 11, 12])]);
        }
        _ => {}
    }
    found
}

fn last(address: Ipv6Addr) -> Ipv4Addr {
    let [.., first, second, third, fourth] = address.octets();
    Ipv4Addr::new(first, second, third, fourth)
}

fn after_prefix(address: Ipv6Addr) -> Ipv4Addr {
    let [_, _, first, second, third, fourth, ..] = address.octets();
    Ipv4Addr::new(first, second, third, fourth)
}

/// Why no connection is made to what a name resolved to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It resolved to nothing.
    #[error("the name has no address")]
    None,
    /// It leads where only a named range may lead.
    #[error("{address} is {kind}")]
    Refused {
        /// The address.
        address: IpAddr,
        /// Where it leads.
        kind: AddressKind,
    },
    /// It leads where nothing may lead.
    #[error("{0} is {kind}", kind = AddressKind::Metadata)]
    Metadata(IpAddr),
    /// Without TLS the content could be read and changed on the way.
    #[error("{0} is asked without TLS and lies in no named range")]
    Plain(IpAddr),
    /// The same, of a name whose addresses nobody here knows.
    #[error("it is asked without TLS, through a proxy")]
    PlainName,
}

/// Holds every address that a name resolved to against what is allowed. One that is refused
/// refuses them all: a name that leads to a public address and to a private one is a mistake or an
/// attack, and which of them a connection would be made to is chance.
///
/// `named` are the ranges that the operator names: they are allowed whatever they lead to, and only
/// there may TLS be left out. An IPv6 address that carries an IPv4 one is held by a range of IPv6
/// addresses, a mapped one by a range of IPv4 addresses. Metadata addresses are never allowed.
///
/// # Errors
///
/// With the first address that is refused, or when there is none at all.
pub fn check_addresses(
    addresses: &[IpAddr],
    named: &[IpNet],
    is_tls: bool,
) -> Result<(), AddressError> {
    if addresses.is_empty() {
        return Err(AddressError::None);
    }
    addresses.iter().try_for_each(|address| {
        let address = address.to_canonical();
        let is_named = named.iter().any(|range| range.contains(&address));
        match AddressKind::of(address) {
            AddressKind::Metadata => Err(AddressError::Metadata(address)),
            _ if is_named => Ok(()),
            AddressKind::Public if is_tls => Ok(()),
            AddressKind::Public => Err(AddressError::Plain(address)),
            kind => Err(AddressError::Refused { address, kind }),
        }
    })
}
