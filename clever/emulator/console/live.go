package console

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"runner/clever/emulator"
	"runner/clever/emulator/store"
)

const (
	lookEvery  = 150 * time.Millisecond // how late the page may be
	pulseEvery = 15 * time.Second       // so that a page that has gone is noticed
	sendWithin = 10 * time.Second       // how long a page may take to read
)

// A pageState is what a page knows.
type pageState struct {
	world  *store.World
	faults []string
	mark   emulator.Mark
}

// getEvents keeps a page up to date, by server-sent events: "requests" has the
// lines that are new, or all after a reset; "world" says that there is something
// new to ask for. What happens in short order is sent at once.
func (c *Console) getEvents(w http.ResponseWriter, r *http.Request) {
	select {
	case c.streams <- struct{}{}:
		defer func() { <-c.streams }()
	default:
		refuse(w, http.StatusServiceUnavailable, errors.New("too many pages are open"))
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	look, pulse := time.NewTicker(lookEvery), time.NewTicker(pulseEvery)
	defer look.Stop()
	defer pulse.Stop()
	s := pageState{mark: emulator.Mark{Epoch: -1}}
	text := s.next(c.e)
	for {
		if len(text) > 0 && push(w, text) != nil {
			return
		}
		select {
		case <-look.C:
			_ = c.e.CompleteMigrations() // what cannot be saved now is still migrating
			text = s.next(c.e)
		case <-pulse.C:
			text = []byte(": still here\n\n")
		case <-r.Context().Done():
			return
		case <-c.closed:
			return
		}
	}
}

func push(w http.ResponseWriter, text []byte) error {
	control := http.NewResponseController(w)
	if err := control.SetWriteDeadline(time.Now().Add(sendWithin)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := w.Write(text); err != nil {
		return err
	}
	return control.Flush()
}

// next returns the events since the last look; none if nothing happened.
func (s *pageState) next(e *emulator.Emulator) []byte {
	var text []byte
	list, mark := e.Since(s.mark)
	if mark != s.mark {
		data := struct {
			Fresh bool             `json:"fresh"`
			List  []consoleRequest `json:"list"`
		}{mark.Epoch != s.mark.Epoch, requests(e, list)}
		text = append(text, event("requests", data)...)
	}
	world, faults := e.World(), e.Faults()
	if world != s.world || !slices.Equal(faults, s.faults) {
		text = append(text, event("world", struct{}{})...)
	}
	*s = pageState{world, faults, mark}
	return text
}

func event(name string, data any) []byte {
	text, err := json.Marshal(data)
	if err != nil { // our own types can be written
		return nil
	}
	return fmt.Appendf(nil, "event: %s\ndata: %s\n\n", name, text)
}
