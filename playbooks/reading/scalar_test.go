package reading

import (
	"fmt"
	"math"
	"math/big"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"runner/engine/expr/value"
)

func bigInt(s string) *big.Int {
	n, _ := new(big.Int).SetString(s, 10)
	return n
}

// scalars are as Ansible reads them (ansible-core 2.19 with PyYAML). Bytes are text.
var scalars = []struct {
	raw  string
	want value.Value
}{
	{"yes", true}, {"no", false}, {"on", true}, {"off", false}, {"Yes", true}, {"ON", true},
	{"y", "y"}, {"n", "n"},
	{"true", true}, {"True", true}, {"TRUE", true},
	{"~", nil}, {"null", nil}, {"Null", nil}, {"", nil},
	{"15", 15}, {"15.10", 15.1}, {"1.10", 1.1}, {"15.2.1", "15.2.1"},
	{"0644", 420}, {"0o644", "0o644"}, {"0x1F", 31}, {"0b101", 5}, {"1_000", 1000},
	{"12:30", 750}, {"12:30:45", 45045},
	{"1e3", "1e3"}, {"1.5e+3", 1500.0}, {".5", 0.5}, {"1.", 1.0}, {".inf", math.Inf(1)},
	{"+12", 12}, {"-0", 0}, {"08", "08"},
	{"2023-10-26", value.Date{Time: time.Date(2023, 10, 26, 0, 0, 0, 0, time.UTC)}}, {"2023-10-26T10:00:00Z", at("2023-10-26 10:00:00+00:00")},
	{"!!str 15", "15"}, {"'15'", "15"},
	{"9223372036854775808", bigInt("9223372036854775808")},
	{"par", "par"}, {"1__0", 10}, {"0.0", 0.0}, {"1,000", "1,000"}, {"00", 0}, {"1:2", 62},
	{"190:20:30.15", 685230.15}, {"!!int '3'", 3}, {"!!float 3", 3.0}, {"!!binary aGk=", "hi"},

	// More of the same, by the patterns.
	{"NO", false}, {"Off", false}, {"oN", "oN"}, {"NULL", nil}, {"nULL", "nULL"}, {"none", "none"},
	{"-0x1f", -31}, {"-1:30", -90}, {"-190:20:30.5", -685230.5}, {"1:60", "1:60"},
	{"0b", "0b"}, {"0b_", "0b_"}, {"0x_", "0x_"}, {"0_7", 7}, {"+", "+"}, {".", "."}, {"--1", "--1"},
	{"1.0e+400", math.Inf(1)}, {"-.INF", math.Inf(-1)}, {"+.inf", math.Inf(1)}, {"1.5e3", "1.5e3"}, {"1._5", 1.5},
	{"-9223372036854775808", math.MinInt64}, {"-9223372036854775809", bigInt("-9223372036854775809")},
	{"2023-1-2 3:04:05", at("2023-01-02 03:04:05")}, {"2023-01-02t03:04:05.6789 +2", at("2023-01-02 03:04:05.678900+02:00")},
	{"2023-01-02 03:04:05-05:30", at("2023-01-02 03:04:05-05:30")}, {"2023-01-02 03:04:05.1234567+00", at("2023-01-02 03:04:05.123456+00:00")},
	{"2023-02-30 00:00:00", "2023-02-30 00:00:00"}, {"2023-02-30", "2023-02-30"},
	{"!!timestamp '2023-01-02T03:04:05Z'", at("2023-01-02 03:04:05+00:00")},
	{"!!bool 'yes'", true}, {"!!null ''", nil}, {"!!str yes", "yes"}, {"!!str", ""}, {"!unsafe 15", "15"},
	{"!!float 9223372036854775808", 9223372036854775808.0}, {"!!float 1.5", 1.5},
	{"\"15\"", "15"}, {"|\n  15", "15"}, {">-\n  yes", "yes"}, {"=", "="},
}

func TestScalars(t *testing.T) {
	for _, s := range scalars {
		t.Run(s.raw, func(t *testing.T) {
			got, err := FromYAML("key: " + s.raw)
			if err != nil {
				t.Fatal(err)
			}
			v, _ := got.(*value.Map).Get("key")
			if typed(v) != typed(s.want) {
				t.Errorf("%q is %s, want %s", s.raw, typed(v), typed(s.want))
			}
		})
	}
}

// at is the moment of a text, whose zone may be left out.
func at(text string) value.Moment {
	for _, layout := range []string{"2006-01-02 15:04:05", "2006-01-02 15:04:05-07:00"} {
		if t, err := time.Parse(layout, text); err == nil && layout[len(layout)-1] == '5' {
			return value.Moment{Time: t.UTC()}
		} else if err == nil {
			_, seconds := t.Zone()
			return value.Moment{Time: t.In(time.FixedZone("", seconds))}
		}
	}
	panic(text)
}

func typed(v value.Value) string { return fmt.Sprintf("%T %v", v, v) }

func TestNotANumber(t *testing.T) {
	v, err := FromYAML(".nan")
	if f, ok := v.(float64); err != nil || !ok || !math.IsNaN(f) {
		t.Errorf(".nan is %v, %v", v, err)
	}
}

func TestScalarsKeepWhatWasWritten(t *testing.T) {
	n, problems := ParseYAML("vars.yml", []byte("- 15.10\n- yes\n- '0644'\n- >-\n  a\n  b\n- 2023-10-26T10:00:00Z\n-\n"), nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var got []string
	for _, item := range n.Items {
		got = append(got, item.Text)
	}
	if diff := cmp.Diff([]string{"15.10", "yes", "0644", "a b", "2023-10-26T10:00:00Z", ""}, got); diff != "" {
		t.Error(diff)
	}
}

func TestWrongTags(t *testing.T) {
	for _, raw := range []string{
		"!!int 1.5", "!!int yes", "!!bool 1", "!!float x", "!!binary '%'", "!!binary gA==",
		"!!seq a", "!!map [a]", "!!python/object:x y", "!<tag:example.org,2000:x> y", "!vault x",
	} {
		if v, err := FromYAML("key: " + raw); err == nil {
			t.Errorf("%s is %v", raw, v)
		}
	}
}
