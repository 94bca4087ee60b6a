# Kagimado. `make help` lists what can be done; `make run` and `make test` install what they need themselves.

GO          ?= go
STATICCHECK  = honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK  = golang.org/x/vuln/cmd/govulncheck@v1.9.0

# Debian packages by what needs them. gcc and libpcsclite-dev are for PC/SC, the only cgo in the tree.
BUILD_PACKAGES = gcc libc6-dev pkg-config libpcsclite-dev
PCSC_PACKAGES  = $(BUILD_PACKAGES) pcscd vsmartcard-vpcd util-linux iproute2
TEST_PACKAGES  = $(PCSC_PACKAGES) opensc zbar-tools tmux tesseract-ocr tesseract-ocr-jpn systemd

FUZZTIME ?= 30s

# Packages that start no goroutine: the race detector has nothing to find in them, and would need half of all its time.
PURE = card kiosk/diagnosis kiosk/guide kiosk/session kiosk/screen kiosk/slip kiosk/replay

BUILD_DATE = $(shell git log -1 --format=%cI 2>/dev/null)
# The version of the program's own data and words, as the image's: the commit's time in UTC, and the commit.
VERSION    = $(shell TZ=UTC0 git log -1 --date=format-local:%Y-%m-%d.%H%M%S --format=%cd.%h 2>/dev/null)$(if $(DEVELOP),.develop)
LDFLAGS    = -s -w -X kagimado/hw/clock.built=$(BUILD_DATE) -X kagimado/kiosk/edition.built=$(VERSION)

.PHONY: help run run-pcsc build test race lint bench faults soak fuzz mutate image content image-test clean go pictures sheets
.DEFAULT_GOAL = help

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1\t\2/' | expand -t 14

run: go ## start the kiosk in this terminal on simulated hardware
	CGO_ENABLED=0 $(GO) build -tags sim -ldflags '$(LDFLAGS)' -o bin/kiosk-sim ./cmd/kiosk
	./bin/kiosk-sim -state out/state

run-pcsc: go ## start pcscd, a virtual reader, simulated cards and the kiosk, privately
	@./.ci/packages $(PCSC_PACKAGES)
	@$(MAKE) --no-print-directory build
	$(GO) build -tags sim -ldflags '$(LDFLAGS)' -o bin/kiosk-sim ./cmd/kiosk
	./hw/hwtest/pcscd/kiosk.sh ./bin/kiosk-sim -cardsim out/cardsim.sock -log out/kiosk.log

build: go ## build bin/kiosk, bin/kioskctl and bin/cardsim
	@./.ci/packages $(BUILD_PACKAGES)
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/kiosk ./cmd/kioskctl ./cmd/updater ./cmd/cardsim

test: go ## run every test, the real pcscd included
	@./.ci/packages $(TEST_PACKAGES)
	@./.ci/oracle/install bin/oracle
	$(GO) test ./...
	$(GO) test -race $$($(GO) list ./... | grep -vxF "$$(printf 'kagimado/%s\n' $(PURE))")
	CGO_ENABLED=0 $(GO) build ./...
	$(GO) test -tags sim ./cmd/kiosk
	$(GO) test -tags sim -run Sheets ./cmd/kioskctl
	$(GO) test -tags terminal -count 1 ./cmd/kiosk
	$(GO) test -tags tools ./hw/hwtest ./systemd
	$(GO) test -tags tools -run 'AreRead$$' ./kiosk/slip
	$(GO) test -tags pcscd -count 1 ./hw/reader ./hw/hwtest/pcscd ./cmd/cardsim ./cmd/kioskctl ./cmd/kiosk

race: go ## run every test of ./... under the race detector, the pure packages' too
	$(GO) test -race ./...

lint: go ## gofmt, go vet, staticcheck, govulncheck
	@./.ci/packages $(BUILD_PACKAGES)
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$unformatted" || { echo "gofmt wants: $$unformatted"; exit 1; }
	$(GO) vet ./...
	$(GO) vet -tags sim,pcscd,tools,terminal,faults,image ./...
	CGO_ENABLED=0 $(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...
	$(GO) run $(STATICCHECK) -tags sim,pcscd,tools,terminal,faults,image ./...
	@./.ci/vulncheck $(GO) $(GOVULNCHECK)

bench: go ## measure what the README claims, as ratios within one run
	@./.ci/packages $(PCSC_PACKAGES) tmux
	@$(MAKE) --no-print-directory build
	$(GO) test -tags pcscd -run '^$$' -bench . -benchtime 7x ./cmd/kioskctl
	$(GO) test -run '^$$' -bench . ./kiosk ./kiosk/slip ./hw/printer
	$(GO) test -tags terminal -run '^$$' -bench Start -benchtime 7x ./cmd/kiosk
	$(GO) test -tags terminal -run '^$$' -bench Attract -benchtime 1x ./cmd/kiosk

faults: go ## lay every fault at every moment, a few minutes; FLAGS=-update writes the table anew
	$(GO) test -tags faults -run 'TestFaults' -count 1 ./kiosk $(FLAGS)
	$(GO) test -tags faults -run 'TestEvery' -count 1 ./card $(FLAGS)

TAPS ?= 50000
SEED ?= 1
soak: go ## lay 50,000 cards with random faults, a quarter of an hour; TAPS=… SEED=…
	$(GO) test -run 'TestSoak$$' -count 1 -timeout 90m -v ./kiosk -taps $(TAPS) -seed $(SEED)

fuzz: go ## fuzz the guard and every parser, FUZZTIME (30s) each
	@grep -roE '^func Fuzz[A-Za-z0-9_]+' --include='*_test.go' . | sed -E 's|/[^/]*:func | |' | sort -u | while read -r package target; do \
		echo "$$package $$target"; \
		$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 100x "$$package" </dev/null || \
			{ echo "fuzz: $$target of $$package failed" >&2; exit 1; }; done

mutate: go ## flip every condition of kiosk/diagnosis and see a test fail
	$(GO) run ./.ci/mutate kiosk/diagnosis

# The README's pictures, drawn by the tool itself from the documents beside them.
CASE = --now 2026-11-24T10:15 --profile kiosk/site/profiles/city-hall.toml
pictures: build ## draw the README's pictures anew
	for card in locked-sign expiring all-fine; do \
		./bin/kioskctl screen --show result --size 64x20 $(CASE) --facts .pictures/$$card.json --png .pictures/$$card.png; done
	./bin/kioskctl slip $(CASE) --facts .pictures/locked-sign.json --png .pictures/slip-locked-sign.png
	./bin/kioskctl screen --show attract --size 64x20 $(CASE) --png .pictures/attract.png
	./bin/kioskctl screen --show guides --size 64x20 $(CASE) --png .pictures/guides.png
	./bin/kioskctl screen --show guide-step --guide portal/q2 --size 64x20 $(CASE) --png .pictures/guide-step.png
	./bin/kioskctl screen --show staff --room self-test --size 64x20 $(CASE) --png .pictures/staff.png
	./bin/kioskctl slip --guide portal/extension-off $(CASE) --png .pictures/slip-guide.png
	./bin/kioskctl slip --guide memo/insurance $(CASE) --png .pictures/slip-memo.png
	./bin/kioskctl screen --show question --size 64x20 $(CASE) --facts .pictures/locked-sign.json --png .pictures/question.png

sheets: go ## draw all screens and all slips into out/sheets, to look at
	CGO_ENABLED=0 $(GO) run -tags sim ./cmd/kioskctl sheets out/sheets

export SIGN_KEY SIGN_CERT KEYRING
image: go ## build the SD-card image and its update into out/image, a quarter of an hour at first; DEVELOP=1
	@# Here, and not by the image's tools, whose root knows Debian's certificates and none of this machine's.
	@$(GO) mod download
	LDFLAGS='$(LDFLAGS)' VERSION='$(VERSION)' DEVELOP='$(DEVELOP)' ./image/build

content: go ## build an update of the content alone into out/image/content.raucb, in seconds
	@mkdir -p out/image
	CGO_ENABLED=0 $(GO) run ./cmd/kioskctl content pack out/image/content.zip --version '$(VERSION)'
	./image/bundle content out/image/content.zip '$(VERSION)' out/image/content.raucb

IMAGE_TEST_PACKAGES = zbar-tools tesseract-ocr tesseract-ocr-jpn
image-test: image ## boot the image in QEMU: visits, faults, updates, doors, an hour and more; writes image/RESULTS.md
	@./.ci/packages $(IMAGE_TEST_PACKAGES)
	$(GO) test -tags image -count 1 -timeout 150m -v ./image

clean: ## remove what was built
	rm -rf bin out

go:
	@./.ci/go $(GO)
