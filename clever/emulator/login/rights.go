package login

import (
	"net/http"
	"slices"
	"strings"

	"runner/clever/emulator/rest"
)

// What a consumer can be allowed to do (docs/platform.md §1.5), as far as
// something here depends on it. "Services" are add-ons.
const (
	rightToAll           = "almighty" // of command lines; no consumer of a user's own has it
	rightToSeeOneself    = "access_personal_information"
	rightToChangeOneself = "manage_personal_information"
	rightToSeeAddons     = "access_organisations"
	rightToOrderAddons   = "manage_organisations_services"
)

// rights are all there are, save "almighty".
func rights() []string {
	return []string{
		rightToSeeAddons, "access_organisations_bills", "access_organisations_consumption_statistics",
		"access_organisations_credit_count", rightToSeeOneself, "manage_organisations",
		"manage_organisations_applications", "manage_organisations_members", rightToOrderAddons,
		rightToChangeOneself, "manage_ssh_keys",
	}
}

// allowed returns rights as the platform shows them: by name, yes or no.
func allowed(some []string) map[string]bool {
	if slices.Contains(some, rightToAll) {
		return map[string]bool{rightToAll: true}
	}
	all := map[string]bool{}
	for _, r := range rights() {
		all[r] = slices.Contains(some, r)
	}
	return all
}

// RightFor returns the right that a token needs for a route; "" for none. Which
// calls need which is not documented: this is what the names say. What is about
// the token itself needs none, so that it can always be asked about, and ended.
func RightFor(method, path string) string {
	switch {
	case path == "/v2/self/id", strings.HasPrefix(path, "/v2/self/tokens/"):
		return ""
	case path == "/v2/self/tokens" && method != http.MethodGet:
		return rightToChangeOneself
	case path == "/v2/self", path == "/v2/self/tokens":
		return rightToSeeOneself
	case strings.HasPrefix(path, "/api-tokens"):
		return rightToChangeOneself
	case strings.Contains(path, "/consumers"):
		return "manage_organisations"
	case method == http.MethodGet:
		return rightToSeeAddons
	case strings.Contains(path, "/applications"):
		return "manage_organisations_applications"
	}
	return rightToOrderAddons
}

// Permit refuses what the user did not allow the token that a login ended with. A
// lax emulator's other tokens, and the strict one's own, may do everything.
func Permit(c *rest.Call, right string) error {
	if right == "" || c.Token == nil || slices.Contains(c.Token.Rights, right) || slices.Contains(c.Token.Rights, rightToAll) {
		return nil
	}
	return rest.MissingRight(right)
}
