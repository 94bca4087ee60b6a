package page

import (
	"strconv"
	"strings"
	"time"

	"kagimado/kiosk/content"
)

// Actions of the update.
const (
	ActUpdate     Action = "update"      // look for one on a USB stick
	ActInstall    Action = "install"     // what was found; asks once more
	ActInstallNow Action = "install-now" // yes
	ActAgain      Action = "again"       // look once more
)

// UpdateStage is how far an update is. The names are stable; the zero stage is the first.
type UpdateStage string

// Stages of an update, in order.
const (
	UpdateLooking    UpdateStage = ""
	UpdateFound      UpdateStage = "found"
	UpdateConfirm    UpdateStage = "confirm" // staff are asked whether they want it
	UpdateInstalling UpdateStage = "installing"
	UpdateInstalled  UpdateStage = "installed"
	UpdateRebooting  UpdateStage = "rebooting"
	UpdateRefused    UpdateStage = "refused" // for the reason Code
)

// UpdateStages returns all of them, in order.
func UpdateStages() []UpdateStage {
	return []UpdateStage{UpdateLooking, UpdateFound, UpdateConfirm, UpdateInstalling, UpdateInstalled, UpdateRebooting, UpdateRefused}
}

// Kinds of an update.
const (
	UpdateSystem  = "system"
	UpdateContent = "content"
)

// UpdateState is what is known of an update. Version and Running are of what was found and of what it replaces, as
// 2026-11-29.165101.4c01c99; empty where nobody told.
type UpdateState struct {
	Stage            UpdateStage
	Kind             string
	Version, Running string
	Code             string
	Percent          int // of the installation; 0 = not yet told
}

// Update is the update as staff see it. Lying tells that a card lies on the reader, which is not read while something is
// installed: then its owner comes first.
type Update struct {
	UpdateState
	Lying   bool
	Content *content.Content
}

func (Update) subject() {}

func (v voice) update(s Update) Page {
	var p Page
	switch s.Stage {
	case UpdateLooking:
		p = v.scene(NoMark, "update-looking")
	case UpdateFound:
		p = v.scene(Fine, "update-found-"+s.Kind)
		p.Rows = v.versions(s.UpdateState)
		p.Buttons = []Button{v.main(ActInstall)}
	case UpdateConfirm:
		p = v.scene(Attention, "update-confirm")
		p.Buttons = []Button{v.main(ActInstallNow)}
	case UpdateInstalling:
		p = v.scene(Attention, "update-installing")
		if s.Lying {
			p = v.scene(Attention, "update-card")
			break
		}
		if s.Percent > 0 {
			p.Headline += "　" + v.Say("staff.percent", "n", strconv.Itoa(s.Percent))
		}
	case UpdateInstalled:
		p = v.scene(Fine, "update-installed-"+s.Kind)
		p.Buttons = []Button{v.main(ActRestart)}
	case UpdateRebooting:
		p = v.scene(NoMark, "update-rebooting")
	case UpdateRefused:
		p = Page{Mark: Attention, Headline: v.Say("scene.update-refused.headline", "code", s.Code)}
		p.Sections = remedies(s.Content, s.Code)
		p.Buttons = []Button{v.main(ActAgain)}
	}
	if s.Stage != UpdateInstalling && s.Stage != UpdateRebooting {
		p.Buttons = append(p.Buttons, v.button(ActBack))
	}
	return p
}

// versions are what was found and what it replaces, as far as they are known.
func (v voice) versions(s UpdateState) []Row {
	rows := []Row{{Name: v.Say("staff.version-new"), State: v.version(s.Version)}}
	if s.Running != "" {
		rows = append(rows, Row{Name: v.Say("staff.version-old"), State: v.version(s.Running)})
	}
	return rows
}

// version says when that was made, and its commit; a version of another form as it is.
func (v voice) version(version string) string {
	const stamp = len("2026-11-29.165101")
	if len(version) > stamp && version[stamp] == '.' {
		if at, err := time.Parse("2006-01-02.150405", version[:stamp]); err == nil {
			return v.Say("staff.version", "moment", v.moment(at), "commit", version[stamp+1:])
		}
	}
	return strings.TrimSpace(version)
}
