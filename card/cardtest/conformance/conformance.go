// Package conformance holds any way of reaching a card, in memory or through a real PC/SC service, against the library
// of simulated cards. It is a package of its own because it needs testing and a diff, which simulated hardware in a
// running program must not bring along.
package conformance

import (
	"context"
	"testing"
	"time"

	"kagimado/card"
	"kagimado/card/cardtest"

	"github.com/google/go-cmp/cmp"
)

// Lay brings a simulated card to where it can be read and returns the way there; the test takes it away again with
// t.Cleanup.
type Lay func(t *testing.T, c *cardtest.Card) card.Card

// Budgets of design.md and of the issue: exchanges and bytes sent.
const (
	standardExchanges, standardBytes = 21, 180
	healthyExchanges, healthyBytes   = 26, 200
)

// Run reads every named card of the library through lay and compares with what its description says. The
// same suite runs in memory and through a real PC/SC service.
func Run(t *testing.T, lay Lay) {
	for _, spec := range cardtest.Library() {
		t.Run(spec.Name, func(t *testing.T) {
			c := spec.New()
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			got, err := card.Read(ctx, lay(t, c), nil)
			if err != nil {
				t.Fatalf("Read(%s) = %v; want no error", spec.Name, err)
			}
			traffic := c.Traffic()
			if got.Exchanges != traffic.Commands {
				t.Errorf("Read(%s) counted %d exchanges; the card saw %d", spec.Name, got.Exchanges, traffic.Commands)
			}
			got.Exchanges = 0
			if d := cmp.Diff(spec.Want(), got); d != "" {
				t.Errorf("Read(%s): -want +got\n%s", spec.Name, d)
			}
			if traffic.VerifyWithData != 0 {
				t.Errorf("Read(%s) sent %d VERIFY with data", spec.Name, traffic.VerifyWithData)
			}
			if traffic.RepeatedCommand != 0 {
				t.Errorf("Read(%s) repeated %d commands", spec.Name, traffic.RepeatedCommand)
			}
			exchanges, bytes := healthyExchanges, healthyBytes
			if spec.Name == "all-fine" {
				exchanges, bytes = standardExchanges, standardBytes
			}
			if spec.Healthy() && (traffic.Commands > exchanges || traffic.Sent > bytes) {
				t.Errorf("Read(%s) took %d exchanges and %d bytes; want at most %d and %d", spec.Name, traffic.Commands,
					traffic.Sent, exchanges, bytes)
			}
		})
	}
}
