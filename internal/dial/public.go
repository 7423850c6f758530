package dial

import "net/netip"

// Public reports whether addr is a globally reachable unicast address of the
// open Internet. Addresses that embed an IPv4 address (IPv4-mapped, NAT64,
// 6to4) are judged by the embedded one. A NAT64 prefix of the operator's own
// choice (RFC 6052 section 2.2) cannot be recognised.
func Public(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	if addr.Is4() {
		return !within(addr, specialIPv4())
	}
	if embedded, ok := embeddedIPv4(addr); ok {
		return !within(embedded, specialIPv4())
	}
	return globalUnicast().Contains(addr) && !within(addr, specialIPv6())
}

// embeddedIPv4 returns the IPv4 address that a translator or relay would
// forward a packet for addr to.
func embeddedIPv4(addr netip.Addr) (netip.Addr, bool) {
	b := addr.As16()
	switch {
	case netip.MustParsePrefix("64:ff9b::/96").Contains(addr): // NAT64, RFC 6052
		return netip.AddrFrom4([4]byte(b[12:16])), true
	case netip.MustParsePrefix("2002::/16").Contains(addr): // 6to4, RFC 3056
		return netip.AddrFrom4([4]byte(b[2:6])), true
	}
	return netip.Addr{}, false
}

func within(addr netip.Addr, prefixes []netip.Prefix) bool {
	for _, p := range prefixes {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// globalUnicast is all of IPv6 that IANA has opened for global unicast; what
// lies outside (loopback, unique local, link-local, multicast, IPv4-compatible,
// local NAT64) is refused without being listed.
func globalUnicast() netip.Prefix { return netip.MustParsePrefix("2000::/3") }

// specialIPv4 is the IANA IPv4 special-purpose registry without the entries
// that are globally reachable, plus multicast, plus the one cloud metadata
// service that hides behind a public address.
func specialIPv4() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/8"),        // this network, unspecified
		netip.MustParsePrefix("10.0.0.0/8"),       // private
		netip.MustParsePrefix("100.64.0.0/10"),    // carrier-grade NAT
		netip.MustParsePrefix("127.0.0.0/8"),      // loopback
		netip.MustParsePrefix("168.63.129.16/32"), // Azure's host agent
		netip.MustParsePrefix("169.254.0.0/16"),   // link-local, metadata services
		netip.MustParsePrefix("172.16.0.0/12"),    // private
		netip.MustParsePrefix("192.0.0.0/24"),     // IETF protocol assignments
		netip.MustParsePrefix("192.0.2.0/24"),     // documentation
		netip.MustParsePrefix("192.88.99.0/24"),   // 6to4 relays, deprecated
		netip.MustParsePrefix("192.168.0.0/16"),   // private
		netip.MustParsePrefix("198.18.0.0/15"),    // benchmarking
		netip.MustParsePrefix("198.51.100.0/24"),  // documentation
		netip.MustParsePrefix("203.0.113.0/24"),   // documentation
		netip.MustParsePrefix("224.0.0.0/4"),      // multicast
		netip.MustParsePrefix("240.0.0.0/4"),      // reserved, broadcast
	}
}

// specialIPv6 is what is not reachable globally within globalUnicast.
func specialIPv6() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("2001::/23"),     // IETF protocol assignments, Teredo
		netip.MustParsePrefix("2001:db8::/32"), // documentation
		netip.MustParsePrefix("3fff::/20"),     // documentation
	}
}
