package diagnosis

import "kagimado/card"

// Diagnose gives the verdict on one reading: what is wrong (rules §8.2), the ways out (§8.3), the questions whose answer
// could change them, what was found and on which rule it rests, what cannot be known (§8.6), and what the clerk
// has to look at. It is pure, never changes its arguments, and answers the zero Facts with read-again.
//
// Stores and Place of every path stay empty and Resident is never among the questions: both need the profile, so
// site adds them.
func Diagnose(f card.Facts, now Now, a Answers) Report {
	s := situationOf(f, now, a)
	r := Report{
		Headline:  s.headline(),
		Kind:      f.Kind,
		Findings:  s.findings(),
		Questions: s.questions(),
		Limits:    s.limits(),
		Clerk:     s.clerk(),
	}
	r.Primary, r.Alternative = s.ways()
	return r
}
