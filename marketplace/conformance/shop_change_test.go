package conformance_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

func (s *shop) change(w http.ResponseWriter, r *http.Request, id string) {
	text, _ := io.ReadAll(r.Body)
	var order map[string]any
	bad := json.Unmarshal(text, &order) != nil
	plan, _ := order["plan"].(string)
	a := s.find(http.MethodPut, id)
	switch {
	case s.at("put.status") == "500":
		s.refuse(w, r, 500, "oh")
	case s.at("put.status") == "302":
		http.Redirect(w, r, "/", http.StatusFound)
	case s.at("put.status") == "404":
		s.refuse(w, r, 404, "no")
	case s.at("put.unknown") == "200" && a == nil:
		s.reply(w, 200, map[string]string{})
	case s.at("put.unknown") == "500" && a == nil:
		s.refuse(w, r, 500, "oh")
	case a == nil:
		s.refuse(w, r, 404, "no such add-on")
	case a.gone && s.at("put.gone") != "200":
		s.refuse(w, r, 410, "it was removed")
	case bad || plan == "":
		s.refuse(w, r, map[bool]int{true: 500, false: 400}[s.at("put.json") == "500"], "no plan")
	case !shopPlans[plan] && s.at("put.plan") == "":
		s.refuse(w, r, 422, "there is no such plan")
	case !shopPlans[plan] && s.at("put.plan") == "500":
		s.refuse(w, r, 500, "oh")
	case plan == a.plan && s.at("put.same") == "422":
		s.refuse(w, r, 422, "it has that plan")
	case plan == a.plan && s.at("put.same") == "500":
		s.refuse(w, r, 500, "oh")
	case plan != a.plan && s.at("put.effect") == "refused":
		s.refuse(w, r, 400, "not this way")
	default:
		s.changed(w, a, plan)
	}
}

func (s *shop) changed(w http.ResponseWriter, a *addon, plan string) {
	differs := plan != a.plan
	switch s.at("put.effect") {
	case "none":
	case "the first's":
		s.addons[0].plan = plan
	case "all":
		for _, other := range s.addons {
			other.plan = plan
		}
	default:
		a.plan = plan
	}
	if s.at("put.rotates") != "" && differs {
		a.password = token()
	}
	body := map[string]any{"message": "changed"}
	if s.at("put.rotates") == "and says so" || s.at("put.answer") == "config" {
		body["config"] = s.variables(a)
	}
	switch s.at("put.answer") {
	case "list config":
		body["config"] = []string{"x"}
	case "numbers":
		body["config"] = map[string]any{"TINYKV_TOKEN": 7}
	case "another's id":
		body["id"] = token()
	case "plan":
		body["plan"] = a.plan
	case "ok":
		fmt.Fprint(w, "ok")
		return
	case "204":
		w.WriteHeader(204)
		return
	case "202":
		s.reply(w, 202, body)
		return
	}
	s.reply(w, 200, body)
}

func (s *shop) remove(w http.ResponseWriter, r *http.Request, id string) {
	a := s.find(http.MethodDelete, id)
	status := map[string]int{"": 200, "204": 204, "202": 202, "201": 201, "206": 206, "404": 404, "500": 500, "422": 422}[s.at("delete.status")]
	switch {
	case a == nil && s.at("delete.unknown") == "200":
		s.reply(w, 200, map[string]string{})
	case a == nil && s.at("delete.unknown") == "500":
		s.refuse(w, r, 500, "oh")
	case a == nil && s.at("delete.unknown") == "400":
		s.refuse(w, r, 400, "no such add-on")
	case a == nil:
		s.refuse(w, r, 404, "no such add-on")
	case a.gone && s.at("delete.again") == "500":
		s.refuse(w, r, 500, "oh")
	case a.gone && s.at("delete.again") == "401":
		s.refuse(w, r, 401, "no")
	case a.gone && s.at("delete.again") == "200":
		s.reply(w, 200, map[string]string{})
	case a.gone && s.at("delete.again") == "404":
		s.refuse(w, r, 404, "no such add-on")
	case a.gone:
		s.refuse(w, r, 410, "it was removed")
	case s.at("delete.status") == "302":
		http.Redirect(w, r, "/", http.StatusFound)
	default:
		s.removed(a)
		switch {
		case status == 204:
			w.WriteHeader(204)
		case s.at("delete.body") == "plain":
			fmt.Fprint(w, "ok")
		case s.at("delete.body") == "empty":
			w.WriteHeader(status)
		default:
			s.reply(w, status, map[string]string{})
		}
	}
}

func (s *shop) removed(a *addon) {
	switch s.at("delete.effect") {
	case "none":
		return
	case "another's too":
		for _, other := range s.addons {
			if other != a && !other.gone {
				other.gone = true
				break
			}
		}
	case "the owner's":
		for _, other := range s.addons {
			other.gone = other.gone || other.org == a.org
		}
	case "all":
		for _, other := range s.addons {
			other.gone = true
		}
	case "another's":
		for _, other := range s.addons {
			if other != a && !other.gone {
				other.gone = true
				return
			}
		}
	}
	a.gone = true
}

// callBack calls the marketplace before the order is answered.
func (s *shop) callBack(_, address string, _ *addon) {
	if resp, err := s.out.Get(address); err == nil {
		_ = resp.Body.Close()
	}
}
