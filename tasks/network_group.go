package tasks

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"runner/clever"
	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr/value"
)

func networkGroup(cloud *Cloud) engine.Kind {
	return engine.Kind{
		Name: "network_group",
		Full: "noa.clevercloud.network_group",
		Doc: "Sees to it that a network group exists, in which add-ons and applications reach each other, and that they are in it. It is found by owner and name. " +
			"Members that are not named stay; with exact: true there are just those that are declared, and taking others out needs consent (delete). " +
			"With state: absent it is removed: naming it is consent enough.",
		New: func() engine.Task { return &NetworkGroup{State: "present", cloud: cloud} },
		Example: `- name: Let the shop reach its database without leaving the platform
  noa.clevercloud.network_group:
    name: backbone
    members: [shop, shop-db]
`,
		Returns: []engine.Return{
			{Name: "group_id", Type: engine.TextParam, Null: true, Doc: "its id, ng_…; null if it is not there"},
			{Name: "name", Type: engine.TextParam, Doc: "its name"},
			{Name: "organisation", Type: engine.TextParam, Null: true, Doc: "who owns it; null for the personal space"},
			{Name: "members", Type: engine.NestedListParam, Doc: "its members", Fields: []engine.Return{
				{Name: "id", Type: engine.TextParam, Doc: "the id of what is a member"},
				{Name: "kind", Type: engine.TextParam, Doc: "ADDON, APPLICATION or EXTERNAL"},
				{Name: "label", Type: engine.TextParam, Doc: "what it is called"},
				{Name: "domain_name", Type: engine.TextParam, Null: true, Doc: "under which name the others reach it"},
			}},
		},
	}
}

// NetworkGroup is a network group with its members.
type NetworkGroup struct {
	Name         string    `arg:"name" alias:"label" required:"true" doc:"its name, which the platform calls its label"`
	State        string    `arg:"state" choices:"present,absent" default:"present" doc:"whether it is to be there"`
	Organisation string    `arg:"organisation" doc:"who owns it: orga_…, user_…, or an organisation's name; the personal space if left out"`
	Members      *[]string `arg:"members" doc:"add-ons, by id, real id or name, and applications, by id or name, that are to be in it"`
	Exact        bool      `arg:"exact" default:"false" doc:"whether there are to be just these members; machines elsewhere stay in any case"`
	Description  *string   `arg:"description" doc:"what it is for; as it is if left out"`
	Tags         *[]string `arg:"tags" doc:"its tags, just these; those that it has are left alone if left out"`
	Auth         Auth      `arg:"auth" doc:"the credentials; the run's own if left out"`

	cloud *Cloud
}

var (
	_ engine.ResourceUser = (*NetworkGroup)(nil)
	_ engine.Checker      = (*NetworkGroup)(nil)
)

// Resources names the group, and its members, which are only read.
func (t *NetworkGroup) Resources() []engine.Resource {
	list := []engine.Resource{{Path: "groups/" + t.Name}}
	for _, word := range t.members() {
		list = append(list, addonResources(word, true)...)
	}
	return list
}

func (t *NetworkGroup) members() []string {
	if t.Members == nil {
		return nil
	}
	return *t.Members
}

// Check notes what is wrong with the parameters.
func (t *NetworkGroup) Check(c *engine.Checking) {
	named(c, "name", t.Name, "a network group's name")
	notBlank(c, "organisation", t.Organisation, "an organisation's name")
	allNamed(c, "members", t.members(), "an add-on's or application's id or name")
	t.Auth.check(c)
	if t.Tags != nil {
		checkTags(c, *t.Tags)
	}
	if t.State == "absent" && c.Known("state") {
		for _, a := range []struct {
			name  string
			given bool
		}{{"members", t.Members != nil}, {"description", t.Description != nil}, {"tags", t.Tags != nil}} {
			if a.given {
				c.Addf(a.name, "a network group that is to be absent has no %s", a.name)
			}
		}
	}
	if t.Exact && t.Members == nil && c.Known("members") {
		c.Addf("exact", "exact says that there are just the members that are declared: give members, an empty list for none")
	}
}

// Plan compares the group with what is declared.
func (t *NetworkGroup) Plan(ctx context.Context, h *engine.Host) (engine.Change, error) {
	client, err := t.cloud.client(h, t.Auth)
	if err != nil {
		return engine.Change{}, err
	}
	owner, err := client.Owner(ctx, t.Organisation)
	if err != nil {
		return engine.Change{}, engine.About("organisation", err)
	}
	groups, err := client.Groups(ctx, owner)
	if err != nil {
		return engine.Change{}, err
	}
	named := slices.DeleteFunc(slices.Clone(groups), func(g clever.Group) bool { return g.Label != t.Name })
	g := grouping{NetworkGroup: t, client: client, owner: owner}
	switch {
	case len(named) > 1:
		return engine.Change{}, engine.About("name", severalGroups(t.Name, named))
	case t.State == "absent" && len(named) == 0:
		return engine.Change{Result: g.result(clever.Group{Label: t.Name}, h.Task)}, nil
	case t.State == "absent":
		return g.removal(named[0]), nil
	}
	wanted, err := g.find(ctx)
	if err != nil {
		return engine.Change{}, err
	}
	if len(named) == 0 {
		return g.create(h, wanted), nil
	}
	return g.update(h, named[0], wanted), nil
}

func severalGroups(name string, groups []clever.Group) error {
	var ids []string
	for _, g := range groups {
		ids = append(ids, g.ID)
	}
	return &diagnostic.Problem{Msg: fmt.Sprintf("%d network groups are called %q: %s", len(groups), name, strings.Join(ids, ", ")),
		Hint: "rename or remove the others"}
}

// A grouping is a task with its client and owner at hand.
type grouping struct {
	*NetworkGroup
	client platform
	owner  string
}

// find returns the add-ons and applications that are named. All that are unknown are reported
// at once.
func (g grouping) find(ctx context.Context) ([]clever.GroupMember, error) {
	var members []clever.GroupMember
	var wrong engine.Mistakes
	for i, word := range g.members() {
		m, err := g.member(ctx, word)
		wrong.Add(fmt.Sprintf("members[%d]", i), err)
		if !slices.ContainsFunc(members, func(o clever.GroupMember) bool { return o.ID == m.ID }) {
			members = append(members, m)
		}
	}
	return members, wrong.Err()
}

// member returns what a word means: an add-on or an application, and not both.
func (g grouping) member(ctx context.Context, word string) (clever.GroupMember, error) {
	addons, err := g.client.LocateIn(ctx, g.owner, word)
	if err != nil {
		return clever.GroupMember{}, err
	}
	apps, err := g.client.Applications(ctx, g.owner)
	if err != nil {
		return clever.GroupMember{}, err
	}
	var found []clever.GroupMember
	var names, ids []string
	for _, a := range addons {
		found = append(found, clever.GroupMember{ID: a.Addon.RealID, Label: a.Addon.Name, Kind: "ADDON"})
		ids = append(ids, "add-on "+a.Addon.ID)
	}
	for _, a := range apps {
		names = append(names, a.Name)
		if a.Means(word) {
			found = append(found, clever.GroupMember{ID: a.ID, Label: a.Name, Kind: "APPLICATION"})
			ids = append(ids, "application "+a.ID)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		all, err := g.client.Addons(ctx, g.owner)
		if err != nil {
			return clever.GroupMember{}, err
		}
		for _, a := range all {
			names = append(names, a.Name)
		}
		return clever.GroupMember{}, clever.Unknown("add-on or application", word, ownerName(g.owner), names)
	}
	return clever.GroupMember{}, &clever.AmbiguousError{What: "member", Word: word, All: ids}
}

// result returns what register holds.
func (g grouping) result(group clever.Group, task string) *value.Map {
	members := []engine.Value{}
	_, _, planned := g.client.planned.groups.find(g.client.space(g.owner), group.ID)
	for _, m := range group.Members {
		domain := orNothing(m.DomainName)
		if planned && domain == nil { // it gets one when it is a member
			domain = &value.Unknown{Task: task}
		}
		members = append(members, value.MapOf("id", idValue(m.ID, task), "kind", m.Kind, "label", m.Label, "domain_name", domain))
	}
	id := orNothing(group.ID)
	if isMadeUp(group.ID) {
		id = idValue(group.ID, task)
	}
	return value.MapOf("group_id", id, "name", group.Label, "organisation", orNothing(g.owner), "members", members)
}

// create plans a group that is not there.
func (g grouping) create(h *engine.Host, members []clever.GroupMember) engine.Change {
	group := clever.Group{ID: g.client.planned.newID(), Label: g.Name, Members: members, Tags: []string{}}
	attrs := []engine.Attr{{Path: "name", After: g.Name}}
	if len(members) > 0 {
		attrs = append(attrs, engine.Attr{Path: "members", After: labels(members)})
	}
	if g.Description != nil {
		group.Description = *g.Description
		attrs = append(attrs, engine.Attr{Path: "description", After: group.Description})
	}
	if g.Tags != nil {
		group.Tags = *g.Tags
		attrs = append(attrs, engine.Attr{Path: "tags", After: texts(group.Tags)})
	}
	return engine.Change{
		Action: engine.Create, Object: fmt.Sprintf("network group %q", g.Name), Attrs: attrs, Result: g.result(group, h.Task),
		Assume: func() { g.client.planned.groups.put(g.client.space(g.owner), group.ID, group) },
		Do: func(ctx context.Context, h *engine.Host) (engine.Value, error) {
			made, err := via(g.client, h).CreateGroup(ctx, g.owner, group)
			return g.result(made, h.Task), err
		},
	}
}

func labels(members []clever.GroupMember) []engine.Value {
	list := []string{}
	for _, m := range members {
		list = append(list, m.Label)
	}
	slices.Sort(list)
	return texts(list)
}

// removal plans that a group goes.
func (g grouping) removal(group clever.Group) engine.Change {
	result := g.result(clever.Group{Label: g.Name}, "")
	return engine.Change{
		Action: engine.Delete, Object: fmt.Sprintf("network group %q (%s)", group.Label, group.ID), Result: result,
		Attrs:  []engine.Attr{{Path: "name", Before: group.Label}, {Path: "members", Before: labels(group.Members)}},
		Assume: func() { g.client.planned.groups.remove(g.client.space(g.owner), group.ID) },
		Do: func(ctx context.Context, h *engine.Host) (engine.Value, error) {
			return result, via(g.client, h).RemoveGroup(ctx, g.owner, group.ID)
		},
	}
}

// update plans what makes a group as declared.
func (g grouping) update(h *engine.Host, now clever.Group, wanted []clever.GroupMember) engine.Change {
	after, joining, leaving := now, []clever.GroupMember{}, []clever.GroupMember{}
	after.Members = nil
	for _, m := range now.Members {
		if g.Exact && g.Members != nil && m.Kind != "EXTERNAL" && !isMember(wanted, m.ID) {
			leaving = append(leaving, m)
		} else {
			after.Members = append(after.Members, m)
		}
	}
	for _, m := range wanted {
		if !isMember(now.Members, m.ID) {
			joining, after.Members = append(joining, m), append(after.Members, m)
		}
	}
	edited := g.edit(&after)
	change := engine.Change{Object: fmt.Sprintf("network group %q (%s)", now.Label, now.ID), Result: g.result(after, h.Task), Attrs: groupDifferences(now, after)}
	if len(change.Attrs) == 0 {
		return change
	}
	change.Action = engine.Update
	if len(leaving) > 0 {
		change.Risk, change.Allow = fmt.Sprintf("%s cannot be reached in it any more", value.Text(labels(leaving))), "delete"
	}
	change.Assume = func() { g.client.planned.groups.put(g.client.space(g.owner), now.ID, after) }
	change.Do = func(ctx context.Context, h *engine.Host) (engine.Value, error) {
		return g.carryOut(ctx, h, after, edited, joining, leaving)
	}
	return change
}

func isMember(members []clever.GroupMember, id string) bool {
	return slices.ContainsFunc(members, func(m clever.GroupMember) bool { return m.ID == id })
}

// edit makes description and tags as declared, and reports whether they were not.
func (g grouping) edit(group *clever.Group) bool {
	edited := false
	if g.Description != nil && group.Description != *g.Description {
		group.Description, edited = *g.Description, true
	}
	if g.Tags != nil {
		is, wanted := slices.Sorted(slices.Values(group.Tags)), slices.Sorted(slices.Values(*g.Tags))
		if !slices.Equal(is, wanted) {
			group.Tags, edited = wanted, true
		}
	}
	return edited
}

func groupDifferences(now, after clever.Group) []engine.Attr {
	var attrs []engine.Attr
	if was, is := labels(now.Members), labels(after.Members); !slices.Equal(memberIDs(now), memberIDs(after)) {
		attrs = append(attrs, engine.Attr{Path: "members", Before: was, After: is})
	}
	if now.Description != after.Description {
		attrs = append(attrs, engine.Attr{Path: "description", Before: orNothing(now.Description), After: orNothing(after.Description)})
	}
	if !slices.Equal(slices.Sorted(slices.Values(now.Tags)), slices.Sorted(slices.Values(after.Tags))) {
		attrs = append(attrs, engine.Attr{Path: "tags", Before: texts(now.Tags), After: texts(after.Tags)})
	}
	return attrs
}

func memberIDs(g clever.Group) []string {
	var ids []string
	for _, m := range g.Members {
		ids = append(ids, m.ID)
	}
	slices.Sort(ids)
	return ids
}

// carryOut changes a group.
func (g grouping) carryOut(ctx context.Context, h *engine.Host, after clever.Group, edited bool, joining, leaving []clever.GroupMember) (engine.Value, error) {
	client := via(g.client, h)
	for _, m := range joining {
		h.Progress("adding " + m.Label)
		if err := client.AddMember(ctx, g.owner, after.ID, m); err != nil {
			return nil, fmt.Errorf("%s was not added: %w", m.Label, err)
		}
	}
	for _, m := range leaving {
		h.Progress("taking out " + m.Label)
		if err := client.RemoveMember(ctx, g.owner, after.ID, m.ID); err != nil {
			return nil, fmt.Errorf("%s was not taken out: %w", m.Label, err)
		}
	}
	if edited {
		if err := client.EditGroup(ctx, g.owner, after); err != nil {
			return nil, err
		}
	}
	return g.result(after, h.Task), nil
}
