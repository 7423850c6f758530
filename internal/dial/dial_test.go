package dial_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"

	"pgregory.net/rapid"

	"switchyard/internal/dial"
)

func TestPublic(t *testing.T) {
	for addr, want := range map[string]bool{
		"1.1.1.1":         true,
		"8.8.8.8":         true,
		"100.63.255.255":  true,
		"100.128.0.0":     true,
		"172.15.255.255":  true,
		"172.32.0.0":      true,
		"223.255.255.255": true,

		"0.0.0.0":         false,
		"0.1.2.3":         false,
		"10.0.0.1":        false,
		"100.64.0.1":      false,
		"100.100.100.200": false, // Alibaba's metadata service
		"127.0.0.1":       false,
		"127.255.255.254": false,
		"168.63.129.16":   false,
		"169.254.169.254": false,
		"172.16.0.1":      false,
		"172.31.255.255":  false,
		"192.0.0.192":     false, // Oracle's metadata service
		"192.0.2.1":       false,
		"192.88.99.1":     false,
		"192.168.1.1":     false,
		"198.18.0.1":      false,
		"198.51.100.7":    false,
		"203.0.113.9":     false,
		"224.0.0.1":       false,
		"240.0.0.1":       false,
		"255.255.255.255": false,

		"2606:4700:4700::1111": true,
		"2a00:1450::1":         true,

		"::":                 false,
		"::1":                false,
		"::7f00:1":           false, // IPv4-compatible
		"fc00::1":            false,
		"fd00:ec2::254":      false, // AWS's metadata service
		"fe80::1":            false,
		"fe80::1%eth0":       false,
		"fec0::1":            false,
		"ff02::1":            false,
		"100::1":             false, // discard
		"2001::1":            false, // Teredo
		"2001:db8::1":        false,
		"3fff::1":            false,
		"64:ff9b:1::1":       false, // local NAT64
		"::ffff:0:127.0.0.1": false, // translated, RFC 2765

		"::ffff:1.1.1.1":             true,
		"::ffff:127.0.0.1":           false,
		"::ffff:10.0.0.1":            false,
		"::ffff:169.254.169.254":     false,
		"64:ff9b::1.1.1.1":           true,
		"64:ff9b::10.0.0.1":          false,
		"64:ff9b::169.254.169.254":   false,
		"2002:0101:0101::1":          true,
		"2002:7f00:0001::1":          false,
		"2002:a9fe:a9fe::1":          false,
		"2002:c0a8:0101::c0a8:0101":  false,
		"2002:0a00:0001:1234::aaaa":  false,
		"2002:6440:0001::1":          false,
		"64:ff9b::100.64.0.1":        false,
		"::ffff:224.0.0.1":           false,
		"::ffff:255.255.255.255":     false,
		"2001:1ff:ffff:ffff::1":      false,
		"2001:200::1":                true,
		"64:ff9b::203.0.113.1":       false,
		"2002:cb00:7101::1":          false,
		"64:ff9b:0:0:0:1:7f00:0001":  false, // outside the /96
		"4000::1":                    false,
		"1fff:ffff:ffff:ffff::1":     false,
		"3ffe:ffff:ffff:ffff:ffff::": true,
	} {
		if got := dial.Public(netip.MustParseAddr(addr)); got != want {
			t.Errorf("Public(%s) = %v, want %v", addr, got, want)
		}
	}
	if dial.Public(netip.Addr{}) {
		t.Error("the zero address is public")
	}
}

// Law: nothing that the standard library calls loopback, private, link-local,
// multicast or unspecified is public, however it is written.
func TestPublicAgreesWithNetip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v4 := netip.AddrFrom4([4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "v4")))
		b := v4.As4()
		for _, addr := range []netip.Addr{
			v4,
			netip.AddrFrom16(v4.As16()),
			netip.AddrFrom16([16]byte{0, 0x64, 0xff, 0x9b, 12: b[0], 13: b[1], 14: b[2], 15: b[3]}),
			netip.AddrFrom16([16]byte{0x20, 2, b[0], b[1], b[2], b[3]}),
		} {
			if dial.Public(addr) != dial.Public(v4) {
				t.Fatalf("%s and %s are judged differently", addr, v4)
			}
		}
		inner := v4.IsLoopback() || v4.IsPrivate() || v4.IsMulticast() || v4.IsLinkLocalUnicast() || v4.IsUnspecified()
		if inner && dial.Public(v4) {
			t.Fatalf("%s is public", v4)
		}
	})
}

func TestGuardRefusesNamesThatResolveToLoopback(t *testing.T) {
	ln, port := listen(t)
	for _, host := range []string{"localhost", "127.0.0.1", "::ffff:127.0.0.1"} {
		conn, err := dial.Guard(false).DialContext(context.Background(), "tcp", net.JoinHostPort(host, port))
		if err == nil {
			conn.Close()
		}
		var private *dial.PrivateTargetError
		if !errors.Is(err, dial.ErrPrivateTarget) || !errors.As(err, &private) || !private.Addr.Unmap().IsLoopback() {
			t.Errorf("dial %s: %v, want ErrPrivateTarget for a loopback address", host, err)
		}
	}
	ln.Close()
	if conn, err := ln.Accept(); err == nil {
		conn.Close()
		t.Error("a refused dial reached the listener")
	}
}

func TestGuardAllowsPrivateWhenTold(t *testing.T) {
	_, port := listen(t)
	conn, err := dial.Guard(true).DialContext(context.Background(), "tcp", net.JoinHostPort("localhost", port))
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	conn.Close()
}

func listen(t *testing.T) (ln net.Listener, port string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	_, port, err = net.SplitHostPort(ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return ln, port
}

func BenchmarkPublic(b *testing.B) {
	addr := netip.MustParseAddr("2606:4700:4700::1111")
	for b.Loop() {
		dial.Public(addr)
	}
}
