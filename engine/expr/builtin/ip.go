package builtin

import (
	"math/big"
	"net/netip"
	"strconv"
	"strings"

	"runner/engine/expr"
	"runner/engine/expr/value"
)

// ipFilters ask about addresses and networks. Without a question they tell
// whether there is one: the text itself, or false.
func ipFilters() []expr.Operation {
	const doc = "the address, or what a query asks of it: network, prefix, netmask, host, size …"
	return []expr.Operation{
		{Names: "ipaddr", Params: "query=''", Doc: doc, How: expr.Plugin, Do: ipFilter(0)},
		{Names: "ipv4", Params: "query=''", Doc: "as ipaddr, of IPv4 alone", How: expr.Plugin, Do: ipFilter(4)},
		{Names: "ipv6", Params: "query=''", Doc: "as ipaddr, of IPv6 alone", How: expr.Plugin, Do: ipFilter(6)},
	}
}

// ipFilter makes the filter for one version of IP, or 0 for both. Of a list it
// keeps what is an address and gives an answer.
func ipFilter(version int) func(*expr.Call) (value.Value, error) {
	return func(u *expr.Call) (value.Value, error) {
		l, ok := u.In.([]value.Value)
		if !ok {
			return ipAnswer(u, u.In, version)
		}
		out := []value.Value{}
		for _, v := range l {
			a, err := ipAnswer(u, v, version)
			if err != nil {
				return nil, err
			}
			if isSet(a) {
				out = append(out, a)
			}
		}
		return out, u.Context.Count(len(l))
	}
}

func ipAnswer(u *expr.Call, v value.Value, version int) (value.Value, error) {
	p, single, ok := parseIP(value.Text(v))
	if !ok || version == 4 && !p.Addr().Is4() || version == 6 && p.Addr().Is4() {
		return false, nil
	}
	question := value.Text(u.Arg(0))
	if n, err := strconv.Atoi(question); err == nil {
		return nthAddress(p, n), nil
	}
	if within, _, ok := parseIP(question); ok {
		if within.Contains(p.Addr()) && within.Bits() <= p.Bits() {
			return v, nil
		}
		return false, nil
	}
	return ipQuestion(ipNet{p, single, v}, question)
}

// parseIP reads an address, or one with a prefix or a mask behind a slash.
func parseIP(s string) (p netip.Prefix, single, ok bool) {
	host, suffix, has := strings.Cut(strings.TrimSpace(s), "/")
	a, err := netip.ParseAddr(host)
	if err != nil || a.Zone() != "" {
		return p, false, false
	}
	bits := a.BitLen()
	if has {
		if bits, ok = prefixLength(suffix, a.BitLen()); !ok {
			return p, false, false
		}
	}
	return netip.PrefixFrom(a, bits), bits == a.BitLen(), true
}

// prefixLength reads 24 or 255.255.255.0.
func prefixLength(s string, most int) (int, bool) {
	if mask, err := netip.ParseAddr(s); err == nil && mask.Is4() && most == 32 {
		b := mask.As4()
		n := new(big.Int).SetBytes(b[:])
		ones := 0
		for ones < 32 && n.Bit(31-ones) == 1 {
			ones++
		}
		return ones, n.TrailingZeroBits() == uint(32-ones) || ones == 0 && n.Sign() == 0
	}
	n, err := strconv.Atoi(s)
	return n, err == nil && n >= 0 && n <= most
}

// An ipNet is an address in its network, and how it was written.
type ipNet struct {
	p      netip.Prefix
	single bool
	text   value.Value
}

func (n ipNet) network() netip.Addr { return n.p.Masked().Addr() }

// isHost reports an address that is not just the name of its network.
func (n ipNet) isHost() bool { return n.single || n.p.Addr() != n.network() }

func (n ipNet) size() *big.Int {
	return new(big.Int).Lsh(big.NewInt(1), uint(n.p.Addr().BitLen()-n.p.Bits()))
}

// offset returns the address so far into the network; from the end if negative.
func (n ipNet) offset(i int64) (netip.Addr, bool) {
	at := big.NewInt(i)
	if i < 0 {
		at.Add(at, n.size())
	}
	if at.Sign() < 0 || at.Cmp(n.size()) >= 0 {
		return netip.Addr{}, false
	}
	base := new(big.Int).SetBytes(n.network().AsSlice())
	buf := make([]byte, n.p.Addr().BitLen()/8)
	return netip.AddrFromSlice(base.Add(base, at).FillBytes(buf))
}

func nthAddress(p netip.Prefix, i int) value.Value {
	if a, ok := (ipNet{p: p}).offset(int64(i)); ok {
		return a.String() + "/" + strconv.Itoa(p.Bits())
	}
	return false
}

// mask returns the netmask, or with host the bits that it leaves.
func (n ipNet) mask(host bool) value.Value {
	total := n.p.Addr().BitLen()
	m := new(big.Int).Sub(n.size(), big.NewInt(1))
	if !host {
		all := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), uint(total)), big.NewInt(1))
		m.Xor(all, m)
	}
	a, _ := netip.AddrFromSlice(m.FillBytes(make([]byte, total/8)))
	return a.String()
}

// ipQuestion answers a question by name; none where there is no answer.
func ipQuestion(n ipNet, question string) (value.Value, error) {
	addr := n.p.Addr()
	switch question {
	case "", "bool":
		if question == "bool" {
			return true, nil
		}
		return n.text, nil
	case "address", "ip":
		return when(n.isHost(), addr.String()), nil
	case "network":
		return when(!n.single, n.network().String()), nil
	case "prefix":
		return n.p.Bits(), nil
	case "netmask":
		return n.mask(false), nil
	case "hostmask", "wildcard":
		return n.mask(true), nil
	case "broadcast":
		last, _ := n.offset(-1)
		return when(n.size().Cmp(big.NewInt(2)) > 0 && addr.Is4(), last.String()), nil
	case "host", "host/prefix":
		return when(n.isHost(), n.p.String()), nil
	case "net":
		return when(!n.single && !n.isHost(), n.p.String()), nil
	case "subnet", "cidr", "network/prefix":
		return n.p.Masked().String(), nil
	case "size":
		return value.Normal(n.size()), nil
	case "version":
		return 4 + 2*value.BoolInt(addr.Is6()), nil
	case "type":
		if n.isHost() {
			return "address", nil
		}
		return "network", nil
	case "int":
		return value.Normal(new(big.Int).SetBytes(addr.AsSlice())), nil
	}
	return ipKind(n, question)
}

// when returns v if it holds, else none.
func when(holds bool, v value.Value) value.Value {
	if holds {
		return v
	}
	return nil
}

// ipKind answers questions that keep or drop the address, and the usable range.
func ipKind(n ipNet, question string) (value.Value, error) {
	addr := n.p.Addr()
	keep := func(holds bool) (value.Value, error) {
		if holds {
			return n.text, nil
		}
		return false, nil
	}
	small := n.size().Cmp(big.NewInt(2)) <= 0
	first, last := int64(1), int64(-2)
	if small {
		first, last = 0, -1
	}
	switch question {
	case "private":
		return keep(addr.IsPrivate())
	case "public":
		return keep(!addr.IsPrivate() && addr.IsGlobalUnicast() && !addr.IsLoopback())
	case "loopback":
		return keep(addr.IsLoopback())
	case "multicast":
		return keep(addr.IsMulticast())
	case "unicast":
		return keep(!addr.IsMulticast())
	case "link-local":
		return keep(addr.IsLinkLocalUnicast())
	case "ipv4":
		return keep(addr.Is4())
	case "ipv6":
		return keep(addr.Is6())
	case "first_usable":
		a, _ := n.offset(first)
		return when(!n.single, a.String()), nil
	case "last_usable":
		a, _ := n.offset(last)
		return when(!n.single, a.String()), nil
	case "range_usable":
		a, _ := n.offset(first)
		b, _ := n.offset(last)
		return when(!n.single, a.String()+"-"+b.String()), nil
	}
	return nil, value.Errorf(value.FilterError, "'ipaddr' does not know the question %s", value.Quote(question)).
		WithHint("address, network, prefix, netmask, broadcast, host, subnet or size")
}
