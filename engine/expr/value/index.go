package value

import "unicode/utf8"

// Position makes an offset of an index, which may count from the end.
func Position(key Value, n int) (int, bool) {
	i, ok := key.(int)
	if b, isBool := key.(bool); isBool {
		i, ok = BoolInt(b), true
	}
	if i < 0 {
		i += n
	}
	return i, ok && i >= 0 && i < n
}

// ItemAt returns the item at an index, which may count from the end.
func ItemAt(l []Value, key Value) (Value, bool) {
	if i, ok := Position(key, len(l)); ok {
		return l[i], true
	}
	return nil, false
}

// CharAt returns the character at an index, which may count from the end.
func CharAt(s string, key Value) (Value, bool) {
	i, ok := Position(key, utf8.RuneCountInString(s))
	if !ok {
		return nil, false
	}
	for _, r := range s {
		if i == 0 {
			return string(r), true
		}
		i--
	}
	return nil, false
}
