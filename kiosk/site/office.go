// Package site knows the place the kiosk stands in: the profile file that office staff edit, its windows and
// hours, and how a Report's paths become a window with an opening or a list of shops. It must never decide which
// way is right (diagnosis does) and never make a sentence for visitors (page does); sentences about mistakes in
// the profile are for staff and are made here.
package site

import (
	"time"

	"kagimado/card"
	"kagimado/kiosk/content"
	"kagimado/kiosk/diagnosis"
)

// OpeningState tells whether a window can be used now. The zero state means that the time is not known.
type OpeningState uint8

// Opening states.
const (
	OpeningUnknown OpeningState = iota
	Open
	ClosedNow   // before opening, in the lunch break, or after the last entry: Next says when
	ClosedToday // no opening on this day: weekend, holiday, year-end or nation-wide stop
)

// ClosedReason tells why a window is closed all day.
type ClosedReason uint8

// Reasons, the more telling one first where several hold.
const (
	NoReason ClosedReason = iota
	NationwideStop
	YearEnd
	PublicHoliday
	NoHours      // the weekly hours have none for this weekday
	LocalClosure // the office itself closes this window on this day
)

// Opening is what can be said of a window's hours at one moment.
type Opening struct {
	State     OpeningState
	ClosesIn  time.Duration // until the last entry, when Open
	LastEntry string        // 16:45, of today when Open, of the day of Next otherwise; empty when neither is known
	Lunch     string        // 12:00-13:00 when Open and a lunch break is still to come; ClosesIn then counts to its start
	Next      time.Time     // next opening when not Open; zero when unknown or none within the known calendar
	Reason    ClosedReason  // when ClosedToday
	Hours     string        // the weekly hours in which people are taken, in one line: 月-金 8:30-12:00 13:00-16:45
}

// Window is one counter window: what a visitor needs to know of it, and in a Profile when it is open and for what.
type Window struct {
	Name        string
	Building    string // where the window is, if not where the kiosk stands; empty = here
	Address     string // of Building
	Floor       string
	Directions  string
	Phone       string
	Appointment string // empty, or the rule in the office's own words
	Opening     Opening

	Hours          []Hours
	Closed         []content.Date // days on which the office closes this window
	OpenOnHolidays bool
	Serves         []diagnosis.Action // a reset without a key stands for every key; empty = everything
	Whom           []diagnosis.Who    // empty = everybody
}

// Here tells whether the window is in the building the kiosk stands in.
func (w Window) Here() bool { return w.Building == "" }

// Store is one chain that resets a key, with the dated facts about it.
type Store struct {
	ID         string // seven-eleven
	Name       string // セブン-イレブン
	Latin      string // 7-Eleven
	Reach      string // where, in Japanese: 全国, 一部店舗 …
	Nationwide bool
	Nearby     []Nearby // branches the profile names
}

// Nearby is one shop near the kiosk.
type Nearby struct {
	Name    string
	Minutes int // on foot
}

// Office is everything page needs to know about the place, resolved for one report and one moment.
type Office struct {
	Name         string // where the kiosk stands
	Municipality string
	Kiosk        string    // the kiosk's own name on slips
	Primary      *Window   // the window of the first counter path in the report, if this office has one
	Counter      *Window   // the window for cards and PINs of whoever lives here, with its weekly hours and without a moment
	Stores       []Store   // chains for the key of the store path, safest first: those the path names
	MoreStores   []Store   // further chains of which only some shops do it and the profile names none
	StoreHours   string    // 6:30-23:00
	StoresDate   card.Date // when the store list was checked
	StoresOld    bool      // the list is older than a year
	StopToday    bool      // no counter in Japan can do anything today: the nation-wide stop
	StoreFirst   bool      // of two possible ways the store stands first
	Official     string    // address of the official page, for the QR code
	Bring        []string  // the profile's own list of what to bring; empty = the usual
	QueueTicket  string    // hint about a queue ticket, in the office's own words
	ReadAt       time.Time // when the card was read; zero when the clock is not believed
	InfoDate     card.Date // oldest date of the dated facts used

	Now diagnosis.Now // the moment it was resolved for
}

// Resolved is a Report whose paths name stores and places, and the office as page needs it.
type Resolved struct {
	Report diagnosis.Report
	Office Office
}
