//! Which addresses a request may go to, held as a rule about lists of addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use holdpoint::sandbox::{AddressError, AddressKind, check_addresses};
use ipnet::IpNet;
use proptest::prelude::*;

use super::ranges;

#[test]
fn addresses_lead_where_the_registry_says() {
    use AddressKind as Kind;
    for (address, kind) in [
        ("8.8.8.8", Kind::Public),
        ("0.0.0.0", Kind::Unspecified),
        ("0.1.2.3", Kind::Unspecified),
        ("127.255.255.255", Kind::Loopback),
        ("10.0.0.0", Kind::Private),
        ("172.15.255.255", Kind::Public),
        ("172.16.0.0", Kind::Private),
        ("172.31.255.255", Kind::Private),
        ("172.32.0.0", Kind::Public),
        ("192.168.0.1", Kind::Private),
        ("100.63.255.255", Kind::Public),
        ("100.64.0.0", Kind::Shared),
        ("100.127.255.255", Kind::Shared),
        ("100.128.0.0", Kind::Public),
        ("169.254.1.1", Kind::LinkLocal),
        ("192.0.0.1", Kind::Reserved),
        ("192.0.2.1", Kind::Documentation),
        ("192.88.99.1", Kind::Reserved),
        ("198.17.255.255", Kind::Public),
        ("198.18.0.0", Kind::Reserved),
        ("198.19.255.255", Kind::Reserved),
        ("198.51.100.1", Kind::Documentation),
        ("203.0.113.1", Kind::Documentation),
        ("224.0.0.1", Kind::Multicast),
        ("239.255.255.255", Kind::Multicast),
        ("240.0.0.1", Kind::Reserved),
        ("255.255.255.255", Kind::Reserved),
        ("::", Kind::Unspecified),
        ("::1", Kind::Loopback),
        ("::2", Kind::Reserved),
        ("::8.8.8.8", Kind::Reserved),
        ("::ffff:8.8.8.8", Kind::Public),
        ("64:ff9b::8.8.8.8", Kind::Public),
        ("64:ff9b:1::8.8.8.8", Kind::Reserved),
        ("100::1", Kind::Reserved),
        ("2001::1", Kind::Reserved),
        ("2001:1ff::1", Kind::Reserved),
        ("2001:200::1", Kind::Public),
        ("2001:db8::1", Kind::Documentation),
        ("2002:808:808::1", Kind::Public),
        ("2606:4700::1111", Kind::Public),
        ("3fff::1", Kind::Documentation),
        ("3fff:1000::1", Kind::Public),
        ("4000::1", Kind::Reserved),
        ("5f00::1", Kind::Reserved),
        ("fc00::1", Kind::Private),
        ("fdff::1", Kind::Private),
        ("fe80::1", Kind::LinkLocal),
        ("febf::1", Kind::LinkLocal),
        ("fec0::1", Kind::Private),
        ("ff02::1", Kind::Multicast),
        ("169.254.169.254", Kind::Metadata),
        ("169.254.170.2", Kind::Metadata),
        ("100.100.100.200", Kind::Metadata),
        ("168.63.129.16", Kind::Metadata),
        ("fd00:ec2::254", Kind::Metadata),
        ("fd20:ce::254", Kind::Metadata),
        ("fe80::a9fe:a9fe", Kind::Metadata),
        // NAT64 prefixes of a network's own, of 48, 56, 64 and 96 bits.
        ("64:ff9b:1:a9fe:a9:fe00::", Kind::Metadata),
        ("64:ff9b:1:a9:fe:a9fe::", Kind::Metadata),
        ("64:ff9b:1:0:a9:fea9:fe00::", Kind::Metadata),
        ("64:ff9b:1::169.254.169.254", Kind::Metadata),
        ("2620:0:1::169.254.169.254", Kind::Metadata),
        // Teredo turns every bit.
        ("2001:0:1::5601:5601", Kind::Metadata),
    ] {
        let parsed: IpAddr = address.parse().expect("an address");
        assert_eq!(AddressKind::of(parsed), kind, "{address}");
    }
}

/// Every form in which an IPv6 address carries an IPv4 one and leads to it.
fn forms(address: Ipv4Addr) -> [IpAddr; 4] {
    let [a, b, c, d] = address.octets().map(u16::from);
    let (high, low) = (a << 8 | b, c << 8 | d);
    [
        address.into(),
        Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, high, low).into(),
        Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low).into(),
        Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1).into(),
    ]
}

fn everything() -> Vec<IpNet> {
    ranges(&["0.0.0.0/0", "::/0"])
}

proptest! {
    #[test]
    fn an_address_leads_to_the_same_in_every_form(bits in any::<u32>()) {
        let address = Ipv4Addr::from_bits(bits);
        let kind = AddressKind::of(address.into());
        for form in forms(address) {
            prop_assert_eq!(AddressKind::of(form), kind, "{}", form);
            let allowed = check_addresses(&[form], &[], true).is_ok();
            prop_assert_eq!(allowed, kind == AddressKind::Public, "{}", form);
        }
    }

    #[test]
    fn a_refused_address_is_refused_in_every_form(
        net in prop::sample::select(vec![
            "10.0.0.0/8", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16",
            "100.64.0.0/10", "224.0.0.0/4", "240.0.0.0/4", "0.0.0.0/8", "192.0.2.0/24",
        ]),
        bits in any::<u32>(),
        before in 0_usize..4,
    ) {
        let net: ipnet::Ipv4Net = net.parse().expect("a range");
        let host = bits & u32::from(net.hostmask());
        let address = Ipv4Addr::from_bits(net.network().to_bits() | host);
        for form in forms(address) {
            // Wherever it stands among public ones.
            let mut addresses = vec![IpAddr::from([8, 8, 8, 8]); 4];
            addresses[before] = form;
            prop_assert!(check_addresses(&addresses, &[], true).is_err(), "{}", form);
        }
    }

    #[test]
    fn metadata_is_refused_whatever_is_named(which in 0_usize..6, prefix in any::<[u16; 6]>()) {
        let [a, b, c, d] = [
            [169, 254, 169, 254], [169, 254, 170, 2], [169, 254, 170, 23], [100, 100, 100, 200],
            [168, 63, 129, 16], [192, 0, 0, 192],
        ][which];
        let address = Ipv4Addr::new(a, b, c, d);
        let [p, q, r, s, t, u] = prefix;
        let [high, low] = [u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])];
        let own = Ipv6Addr::new(p, q, r, s, t, u, high, low).into();
        for form in forms(address).into_iter().chain([own]) {
            for is_tls in [true, false] {
                let checked = check_addresses(&[form], &everything(), is_tls);
                prop_assert!(matches!(checked, Err(AddressError::Metadata(_))), "{}", form);
            }
        }
    }

    #[test]
    fn a_named_range_holds_its_own_addresses_only(bits in any::<u128>(), length in 0_u8..=64) {
        let address = IpAddr::from(Ipv6Addr::from_bits(bits));
        prop_assume!(AddressKind::of(address) != AddressKind::Metadata);
        prop_assume!(address.to_canonical() == address);
        let range = IpNet::new(address, length).expect("a length").trunc();
        prop_assert!(check_addresses(&[address], &[range], false).is_ok());
        let other = Ipv6Addr::from_bits(!bits).into();
        prop_assume!(!range.contains(&other));
        prop_assert!(check_addresses(&[address, other], &[range], false).is_err());
    }
}

#[test]
fn one_refused_address_refuses_them_all() {
    let addresses = |texts: &[&str]| -> Vec<IpAddr> {
        texts
            .iter()
            .map(|text| text.parse().expect("an address"))
            .collect()
    };
    let check = |texts: &[&str], named: &[&str], is_tls| {
        check_addresses(&addresses(texts), &ranges(named), is_tls)
    };
    assert_eq!(check(&[], &["0.0.0.0/0"], true), Err(AddressError::None));
    assert_eq!(check(&["8.8.8.8", "2606:4700::1111"], &[], true), Ok(()));
    let refused = AddressError::Refused {
        address: IpAddr::from([10, 2, 3, 4]),
        kind: AddressKind::Private,
    };
    for texts in [
        ["8.8.8.8", "10.2.3.4"],
        ["10.2.3.4", "8.8.8.8"],
        ["1.1.1.1", "::ffff:10.2.3.4"],
    ] {
        assert_eq!(check(&texts, &[], true), Err(refused));
        assert_eq!(check(&texts, &["10.3.0.0/16"], true), Err(refused));
        assert_eq!(check(&texts, &["10.2.0.0/16"], true), Ok(()));
    }
    // Without TLS only where a range is named, and public addresses count as any other then.
    let public = IpAddr::from([8, 8, 8, 8]);
    assert_eq!(
        check(&["8.8.8.8"], &[], false),
        Err(AddressError::Plain(public))
    );
    assert_eq!(check(&["8.8.8.8"], &["8.8.8.0/24"], false), Ok(()));
    assert_eq!(
        check(&["10.2.3.4", "8.8.8.8"], &["10.2.0.0/16"], false),
        Err(AddressError::Plain(public))
    );
    // A range of IPv4 addresses does not hold what is translated to one of them.
    assert!(check(&["64:ff9b::10.2.3.4"], &["10.2.0.0/16"], true).is_err());
    assert_eq!(
        check(&["64:ff9b::10.2.3.4"], &["64:ff9b::/96"], true),
        Ok(())
    );
}
