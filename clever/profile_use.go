package clever

import (
	"context"
	"encoding/json"
)

// Profiles returns all profiles that are kept in a file, the active one first. Those
// that are no whole ones have no token.
func Profiles(path string) ([]Profile, error) {
	b, err := openBook(path)
	if err != nil {
		return nil, err
	}
	var all []Profile
	for _, o := range b.profiles {
		one := Profile{Alias: o.text("alias"), UserID: o.text("userId"), Email: o.text("email")}
		var p profile
		if json.Unmarshal(o.encoded(), &p) == nil {
			one.Credentials = p.credentials(path)
		}
		all = append(all, one)
	}
	return all, nil
}

// UseProfile makes a profile the active one. It fails with *UnknownError where there
// is none of that name.
func UseProfile(ctx context.Context, path, alias string) error {
	return changeBook(ctx, path, func(b *book) error {
		i := b.find(alias)
		if i < 0 {
			return Unknown("profile", alias, "", b.aliases())
		}
		chosen := b.profiles[i]
		b.remove(alias)
		b.profiles = append([]object{chosen}, b.profiles...)
		return nil
	})
}
