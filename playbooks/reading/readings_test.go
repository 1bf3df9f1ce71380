package reading

import (
	"encoding/json"
	"math"
	"math/big"
	"os"
	"slices"
	"strconv"
	"testing"

	"runner/engine/expr/value"
)

// TestReadings holds the reading of small texts to what Ansible (2.14, with PyYAML)
// makes of them. Numbers with a fraction, large ones and maps are written in
// readings.json in a way that keeps their types and the order of their keys; an error
// is any error. differs lists the texts that are read otherwise on purpose.
func TestReadings(t *testing.T) {
	data, err := os.ReadFile("testdata/readings.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []struct {
		Text  string
		Want  any
		Error bool
	}
	if err := json.Unmarshal(data, &all); err != nil || len(all) < 200 {
		t.Fatalf("%d readings, %v", len(all), err)
	}
	for _, r := range all {
		if _, ours := differs[r.Text]; ours {
			continue
		}
		want, _ := json.Marshal(r.Want)
		got := "error"
		if v, err := read(r.Text); err == nil {
			text, _ := json.Marshal(written(v))
			got = string(text)
		}
		if r.Error {
			want = []byte("error")
		}
		if got != string(want) {
			t.Errorf("%q is %s, want %s", r.Text, got, want)
		}
	}
}

// read reads a text as a file is read.
func read(text string) (value.Value, error) {
	src, p := SourceOf("x.yml", []byte(text), nil)
	if p != nil {
		return nil, p
	}
	n, problems := NewDocument(src, nil).Parse()
	for _, p := range problems {
		if Failed(problems) {
			return nil, p
		}
	}
	return ValueOf(n), nil
}

// written writes a value as readings.json has it.
func written(v value.Value) any {
	switch v := v.(type) {
	case float64:
		if math.IsInf(v, 1) {
			return map[string]any{"$float": "inf"}
		}
		if math.IsInf(v, -1) {
			return map[string]any{"$float": "-inf"}
		}
		text := strconv.FormatFloat(v, 'f', -1, 64)
		if v == math.Trunc(v) {
			text = strconv.FormatFloat(v, 'f', 1, 64)
		}
		return map[string]any{"$float": text}
	case int:
		if v > 1<<53 || v < -1<<53 {
			return map[string]any{"$big": strconv.Itoa(v)}
		}
	case value.Date, value.Moment:
		return value.Text(v)
	case *big.Int:
		return map[string]any{"$big": v.String()}
	case []value.Value:
		list := []any{}
		for _, item := range v {
			list = append(list, written(item))
		}
		return list
	case *value.Map:
		pairs := [][2]any{}
		for k, item := range v.All() {
			pairs = append(pairs, [2]any{written(k), written(item)})
		}
		return map[string]any{"$map": pairs}
	}
	return v
}

// differs says why a text is not read as Ansible reads it.
var differs = map[string]string{
	"a: =\nb: <<":             "a lone = or << is text here; Ansible stops with an error of Python's",
	"a: &x 1\nb: &x 2\nc: *x": "YAML lets an anchor be set again; Python's reader does not",
	"a: !!merge x":            "the tag says nothing about a value",
	"... \n":                  "an empty document",
}

func TestDifferencesAreReadings(t *testing.T) {
	data, _ := os.ReadFile("testdata/readings.json")
	var all []struct{ Text string }
	_ = json.Unmarshal(data, &all)
	for text, why := range differs {
		if why == "" || !slices.ContainsFunc(all, func(r struct{ Text string }) bool { return r.Text == text }) {
			t.Errorf("%q is no reading, or differs for no reason", text)
		}
	}
}
