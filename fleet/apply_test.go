//go:build unix

package fleet_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"

	"runner/fleet/checkout"
	"runner/fleet/control"
	"runner/fleet/settings"
)

// schedule returns a schedule as the server has it; nil where there is none.
func (s *stage) schedule(c client.Client, id string) *client.ScheduleDescription {
	s.t.Helper()
	d, err := c.ScheduleClient().GetHandle(s.t.Context(), id).Describe(s.t.Context())
	if _, none := errors.AsType[*serviceerror.NotFound](err); none {
		return nil
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return d
}

// TestAnUpdatedScheduleStaysPaused: by whom, too; and one that is not paused is not.
func TestAnUpdatedScheduleStaysPaused(t *testing.T) {
	s := newStage(t)
	s.commit(map[string]string{"one.yml": "", "two.yml": ""})
	s.declare("  - {project: shop, files: \"*.yml\", every: 6h}\n")
	if code, out := s.run("apply"); code != 0 {
		t.Fatalf("exit %d\n%s", code, out)
	}
	c := s.fleet().Client
	if err := s.fleet().Pause(t.Context(), "shop/one.yml", "by ann"); err != nil {
		t.Fatal(err)
	}
	s.declare("  - {project: shop, files: \"*.yml\", every: 5h}\n")
	if code, out := s.run("apply"); code != 0 || !strings.Contains(out, "2 to update") {
		t.Fatalf("exit %d\n%s", code, out)
	}
	for name, note := range map[string]string{"one": "by ann", "two": ""} {
		d := s.schedule(c, "play/shop/"+name+".yml")
		if d == nil || d.Schedule.Spec.Intervals[0].Every != 5*time.Hour || d.Schedule.State.Paused != (note != "") || d.Schedule.State.Note != note {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

// TestAnInterruptedApplyLosesNoSchedule: a schedule is deleted and created anew where it is
// updated, and an interruption between the two does not count.
func TestAnInterruptedApplyLosesNoSchedule(t *testing.T) {
	s := newStage(t)
	s.commit(map[string]string{"site.yml": ""})
	s.declare("  - {project: shop, files: site.yml, every: 6h}\n")
	if code, out := s.run("apply"); code != 0 {
		t.Fatalf("exit %d\n%s", code, out)
	}
	s.declare("  - {project: shop, files: site.yml, every: 5h}\n")
	file, err := settings.Read(s.settings)
	if err != nil {
		t.Fatal(err)
	}
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	c, data, err := control.Dial(ctx, file.Server, nil, slog.New(slog.DiscardHandler), func(o *client.Options) {
		o.ConnectionOptions.DialOptions = append(o.ConnectionOptions.DialOptions, grpc.WithChainUnaryInterceptor(
			func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
				defer func() {
					if strings.HasSuffix(method, "/DeleteSchedule") {
						interrupt()
					}
				}()
				return invoke(ctx, method, req, reply, cc, opts...)
			}))
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	apply := control.Apply{Client: c, Data: data, Sources: &checkout.Repositories{Dir: t.TempDir(), Env: []string{"PATH=" + os.Getenv("PATH")}}}
	plan, err := apply.Plan(ctx, file)
	if err != nil {
		t.Fatal(err)
	}
	err = apply.CarryOut(ctx, plan)
	d := s.schedule(s.fleet().Client, "play/shop/site.yml")
	if ctx.Err() == nil || err != nil || d == nil || d.Schedule.Spec.Intervals[0].Every != 5*time.Hour {
		t.Errorf("%v, and there is %+v", err, d)
	}
}
