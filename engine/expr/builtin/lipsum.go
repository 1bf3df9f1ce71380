package builtin

import (
	"strings"

	"runner/engine/expr"
	"runner/engine/expr/value"
)

// fillerWords are what texts of lipsum are made of.
var fillerWords = strings.Fields(`ad aenean aliquam ante arcu at auctor augue bibendum blandit commodo
	condimentum consequat cras curabitur cursus dapibus diam dictum dignissim dolor donec dui egestas eget
	eleifend elit enim erat eros est et etiam eu fames felis fermentum feugiat fringilla fusce
	gravida habitant hendrerit iaculis id imperdiet in integer ipsum justo lacinia lacus laoreet lectus leo
	libero ligula lobortis lorem luctus maecenas magna malesuada massa mattis mauris metus mi molestie mollis
	morbi nam nec neque nibh nisl non nulla nunc odio orci ornare pede pellentesque pharetra placerat porta
	praesent pretium primis proin purus quam quis rhoncus risus rutrum sagittis sapien sed sem semper sit
	sociis sodales suscipit tellus tempor tincidunt tortor tristique turpis ultrices urna ut varius vel velit
	vestibulum vitae vivamus viverra volutpat vulputate`)

// lipsum returns paragraphs of words without a meaning, each of at least min and less than
// max words.
func lipsum(u *expr.Call) (value.Value, error) {
	n, least, most := u.Int(0), u.Int(2), u.Int(3)
	html, _, err := value.Truth(u.Arg(1))
	if err != nil {
		return nil, err
	}
	if n > 0 && least >= most {
		return nil, value.Errorf(value.FilterError, "'lipsum' wants a max that is more than min")
	}
	if err := u.Context.Count(max(n, 0) * max(most, 0)); err != nil {
		return nil, err
	}
	random, err := newTwister(nil)
	if err != nil {
		return nil, err
	}
	below := func(n int) int { return int(random.below(uint64(n))) }
	var paragraphs []string
	for range n {
		text := paragraph(least+below(most-least), below)
		if html {
			text = "<p>" + text + "</p>"
		}
		paragraphs = append(paragraphs, text)
	}
	if html {
		return strings.Join(paragraphs, "\n"), nil
	}
	return strings.Join(paragraphs, "\n\n"), nil
}

// paragraph returns sentences of so many words in all.
func paragraph(words int, below func(int) int) string {
	var text []string
	last, left := "", 0 // left of the sentence
	for i := range words {
		word := last
		for word == last {
			word = fillerWords[below(len(fillerWords))]
		}
		last = word
		if left == 0 {
			left, word = 4+below(12), strings.ToUpper(word[:1])+word[1:]
		}
		left--
		switch {
		case left == 0 || i == words-1:
			word += "."
		case left > 1 && below(6) == 0:
			word += ","
		}
		text = append(text, word)
	}
	if len(text) == 0 {
		return "."
	}
	return strings.Join(text, " ")
}
