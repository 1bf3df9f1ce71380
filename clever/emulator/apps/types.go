package apps

import (
	"fmt"
	"slices"
	"strings"

	"runner/clever/emulator/catalogue"
	"runner/clever/emulator/rest"
)

// A variant is what an application can be written for. Slugs, names and types are
// those that the vendor's clients know; ids and versions are made up, but Node's.
type variant struct {
	Slug, Name, Type string
}

// variants returns all of them.
func variants() []variant {
	return []variant{
		{"docker", "Docker", "docker"}, {"dotnet", ".NET", "dotnet"}, {"elixir", "Elixir", "elixir"},
		{"frankenphp", "FrankenPHP", "frankenphp"}, {"go", "Go", "go"}, {"gradle", "Java or Groovy + Gradle", "java"},
		{"haskell", "Haskell", "haskell"}, {"jar", "Java + JAR", "java"}, {"linux", "Linux", "linux"},
		{"maven", "Java + Maven", "java"}, {"meteor", "Meteor.js", "node"}, {"node", "Node", "node"}, {"php", "PHP", "php"},
		{"play1", "Java + Play! 1", "java"}, {"play2", "Java or Scala + Play! 2", "java"}, {"python", "Python", "python"},
		{"ruby", "Ruby", "ruby"}, {"rust", "Rust", "rust"}, {"sbt", "Scala", "java"}, {"static", "Static", "static"},
		{"static-apache", "Static (Apache)", "apache"}, {"v", "V", "v"}, {"war", "Java + WAR", "java"},
	}
}

// instanceVersion is that of all types.
const instanceVersion = "20260101"

func (v variant) id() string {
	if v.Slug == "node" {
		return "395103fb-d6e2-4fdd-93bc-bc99146f1ea2" // the only one that was published
	}
	return catalogue.UUIDOf("variant " + v.Slug)
}

func (v variant) logo() string { return "https://assets.example.test/logos/" + v.Slug + ".svg" }

func (v variant) view() map[string]any {
	return map[string]any{"id": v.id(), "slug": v.Slug, "name": v.Name, "deployType": v.Type, "logo": v.logo()}
}

// variantOf returns the variant of a slug; the zero one if there is none.
func variantOf(slug string) variant {
	all := variants()
	i := slices.IndexFunc(all, func(v variant) bool { return v.Slug == slug })
	if i < 0 {
		return variant{}
	}
	return all[i]
}

// variantByID returns the variant of an id and a type, as an order names it.
func variantByID(id, kind string) (variant, error) {
	for _, v := range variants() {
		if v.id() == id && (kind == "" || v.Type == kind) {
			return v, nil
		}
	}
	return variant{}, rest.BadField(90080, "emulator.bad-application", "instanceVariant",
		fmt.Sprintf("there is no %q of type %q", id, kind))
}

// A flavor is a size of instances.
type flavor struct {
	Name  string
	Mem   int // MiB
	CPUs  int
	Price float64
}

func flavors() []flavor {
	return []flavor{
		{"pico", 256, 1, 0.1875}, {"nano", 512, 1, 0.25}, {"XS", 1024, 1, 0.6667}, {"S", 2048, 2, 1.3333}, {"M", 4096, 4, 2.6667},
		{"L", 8192, 6, 5.3333}, {"XL", 16384, 8, 10.6667}, {"2XL", 24576, 12, 16}, {"3XL", 32768, 16, 21.3333},
	}
}

// flavorRank returns where in the order of sizes a flavor is; -1 if there is none.
func flavorRank(name string) int {
	return slices.IndexFunc(flavors(), func(f flavor) bool { return strings.EqualFold(f.Name, name) })
}

func badFlavor(field, name string) error {
	var all []string
	for _, f := range flavors() {
		all = append(all, f.Name)
	}
	return rest.BadField(90080, "emulator.bad-application", field, fmt.Sprintf("%q is none of %s", name, strings.Join(all, ", ")))
}

func (f flavor) view() map[string]any {
	return map[string]any{
		"name": f.Name, "mem": f.Mem, "cpus": f.CPUs, "gpus": 0, "disk": 0, "price": f.Price, "available": true,
		"microservice": f.Name == "pico" || f.Name == "nano", "machine_learning": false, "nice": 0,
		"price_id": "apps." + f.Name, "memory": map[string]any{"unit": "B", "value": f.Mem << 20, "formatted": fmt.Sprintf("%d MiB", f.Mem)},
	}
}

func flavorView(name string) map[string]any {
	if i := flavorRank(name); i >= 0 {
		return flavors()[i].view()
	}
	return flavors()[2].view()
}

func flavorViews() []any {
	list := []any{}
	for _, f := range flavors() {
		list = append(list, f.view())
	}
	return list
}

// listInstanceTypes answers what applications can be written for.
func (s *Server) listInstanceTypes(*rest.Call) (rest.Response, error) {
	list := []any{}
	for _, v := range variants() {
		list = append(list, map[string]any{
			"type": v.Type, "version": instanceVersion, "name": v.Name, "variant": v.view(), "description": v.Name,
			"enabled": true, "comingSoon": false, "maxInstances": 40, "tags": []string{}, "deployments": []string{"git"},
			"flavors": flavorViews(), "defaultFlavor": flavorView("XS"), "buildFlavor": flavorView("M"),
		})
	}
	return rest.Response{Body: list}, nil
}
