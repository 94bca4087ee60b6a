package diagnosis

import "reflect"

// asked is the order in which questions are asked (design.md §6).
var asked = []Question{FaceCard, Under15, LimitedStay, NFCPhone, OtherPINKnown, UnchangedSinceIssue}

// storeQuestions are the last three, whose first "no" ends the store route (rules §8.3).
var storeQuestions = asked[3:]

// questions lists, in the order in which they are asked, those whose answer could change the ways: yes
// and no lead to different ones. An S certificate is as a rule not issued to a child, so nobody is asked for the
// owner's age over a card that has one. Resident is not among them: whether it is asked is the profile's choice, so
// site adds it.
func (s *situation) questions() []Question {
	var open []Question
	for _, q := range asked {
		if q == Under15 && s.hasSign() {
			continue
		}
		if s.answers.Of(q) == Unknown && s.turnsOn(q) {
			open = append(open, q)
		}
	}
	return open
}

// turnsOn tells whether the ways differ with the answer to q.
func (s *situation) turnsOn(q Question) bool {
	yes, yesOther := s.with(q, Yes).ways()
	no, noOther := s.with(q, No).ways()
	return !reflect.DeepEqual(yes, no) || !reflect.DeepEqual(yesOther, noOther)
}
