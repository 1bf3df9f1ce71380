package builtin

import (
	"strings"

	"runner/engine/expr"
	"runner/engine/expr/value"
)

// configLookup knows the settings that playbooks ask for, with Ansible's defaults.
func configLookup(u *expr.Call) (value.Value, error) {
	known := map[string]value.Value{
		"DEFAULT_BECOME": false, "DEFAULT_BECOME_METHOD": "sudo", "DEFAULT_BECOME_USER": "root", "DEFAULT_FORKS": 5, "DEFAULT_TIMEOUT": 10,
		"DEFAULT_TRANSPORT": "ssh", "DEFAULT_STRATEGY": "linear", "DEFAULT_GATHERING": "implicit", "DEFAULT_HASH_BEHAVIOUR": "replace",
		"DEFAULT_REMOTE_USER": nil, "DEFAULT_REMOTE_PORT": nil, "DEFAULT_VERBOSITY": 0, "DEFAULT_POLL_INTERVAL": 15,
		"DEFAULT_JINJA2_NATIVE": true, "DEFAULT_KEEP_REMOTE_FILES": false, "HOST_KEY_CHECKING": true, "RETRY_FILES_ENABLED": false,
		"COLOR_OK": "green", "COLOR_CHANGED": "yellow", "COLOR_SKIP": "cyan", "UNSAFE_WRITES": false,
	}
	out := []value.Value{}
	for _, t := range u.Rest {
		name, ok := t.(string)
		if !ok {
			return nil, value.Errorf(value.LookupError, "a setting's name is text, not %s", value.Describe(t))
		}
		v, ok := known[name]
		if !ok && u.Str(0) == "error" {
			return nil, value.Errorf(value.LookupError, "there is no setting %s here", value.Quote(name)).WithHint("give on_missing='skip', or set a variable")
		}
		if ok {
			out = append(out, v)
		}
	}
	return out, nil
}

// inventoryHostnames returns the hosts of groups: "all", "web:!db", "web:&east".
func inventoryHostnames(u *expr.Call) (value.Value, error) {
	v, _, err := u.Context.Lookup("groups")
	if err == nil {
		v, err = u.Context.Force(v)
	}
	if err != nil {
		return nil, err
	}
	groups, _ := v.(*value.Map)
	all, _ := groups.Get("all")
	hosts := asList(all)
	if all == nil {
		hosts = []value.Value{"localhost"}
	}
	chosen := &value.Map{}
	for _, t := range u.Rest {
		for part := range strings.FieldsFuncSeq(value.Text(t), func(r rune) bool { return r == ':' || r == ',' }) {
			sign := strings.TrimLeft(part, "!&")
			among := hostsNamed(sign, groups, hosts)
			switch {
			case strings.HasPrefix(part, "!"):
				chosen = keptHosts(chosen, among, false)
			case strings.HasPrefix(part, "&"):
				chosen = keptHosts(chosen, among, true)
			default:
				for _, h := range among {
					chosen.Set(h, true)
				}
			}
		}
	}
	return chosen.Keys(), nil
}

func hostsNamed(name string, groups *value.Map, hosts []value.Value) []value.Value {
	if name == "all" || name == "*" {
		return hosts
	}
	if l, ok := groups.Get(name); ok {
		return asList(l)
	}
	for _, h := range hosts {
		if h == name {
			return []value.Value{h}
		}
	}
	return nil
}

func keptHosts(chosen *value.Map, among []value.Value, inside bool) *value.Map {
	out := &value.Map{}
	in := value.MapOf()
	for _, h := range among {
		in.Set(h, true)
	}
	for h := range chosen.All() {
		if _, ok := in.Get(h); ok == inside {
			out.Set(h, true)
		}
	}
	return out
}
