package cardtest

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"time"
)

type subjectKey struct {
	Algorithm pkix.AlgorithmIdentifier
	Key       asn1.BitString
}

type tbs struct {
	Version    int `asn1:"explicit,tag:0"`
	Serial     *big.Int
	Signature  pkix.AlgorithmIdentifier
	Issuer     asn1.RawValue
	Validity   asn1.RawValue
	Subject    asn1.RawValue
	PublicKey  subjectKey
	Extensions []pkix.Extension `asn1:"explicit,tag:3"`
}

type certificate struct {
	TBS       tbs
	Algorithm pkix.AlgorithmIdentifier
	Signature asn1.BitString
}

// Certificate makes a certificate of the size and layout of an auth certificate (card.md §3): the issuer has the
// real authority's length, so that with a four-octet serial number the validity begins at byte 167. Key and
// signature are filler and the subject is invented; nothing here was ever anybody's.
func Certificate(notAfter, notBefore time.Time, serialOctets int) []byte {
	if serialOctets == 0 {
		serialOctets = 4
	}
	sha256RSA := pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}, Parameters: asn1.NullRawValue}
	rsa := pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}, Parameters: asn1.NullRawValue}
	c := certificate{
		TBS: tbs{
			Version: 2, Serial: new(big.Int).SetBytes(bytes.Repeat([]byte{0x11}, serialOctets)), Signature: sha256RSA,
			Issuer: name(part{2, 5, 4, 6, "JP"}, part{2, 5, 4, 10, "JPKI"}, part{2, 5, 4, 11, "JPKI for user authentication"},
				part{2, 5, 4, 11, "Japan Agency for Local Authority Information Systems"}),
			Validity:  validity(notBefore, notAfter),
			Subject:   name(part{2, 5, 4, 6, "JP"}, part{2, 5, 4, 3, "SIMULATED00000000000000"}),
			PublicKey: subjectKey{rsa, bits(270)},
			Extensions: []pkix.Extension{
				{Id: asn1.ObjectIdentifier{2, 5, 29, 15}, Critical: true, Value: []byte{0x03, 0x02, 0x07, 0x80}},
				{Id: asn1.ObjectIdentifier{2, 5, 29, 31}, Value: bytes.Repeat([]byte{0x05, 0x00}, 270)},
			},
		},
		Algorithm: sha256RSA,
		Signature: bits(256),
	}
	der, err := asn1.Marshal(c)
	if err != nil {
		panic(err) // the shape above is constant
	}
	return der
}

func bits(n int) asn1.BitString {
	return asn1.BitString{Bytes: bytes.Repeat([]byte{0x5A}, n), BitLength: 8 * n}
}

type part struct {
	a, b, c, d int
	value      string
}

func name(parts ...part) asn1.RawValue {
	var body []byte
	for _, p := range parts {
		tag := asn1.TagUTF8String
		if p.d == 6 {
			tag = asn1.TagPrintableString
		}
		attribute := sequence(tlv(asn1.TagOID, []byte{byte(p.a*40 + p.b), byte(p.c), byte(p.d)}), tlv(tag, []byte(p.value)))
		body = append(body, tlv(0x31, attribute)...)
	}
	return asn1.RawValue{FullBytes: sequence(body)}
}

// validity follows RFC 5280 §4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050 on.
func validity(times ...time.Time) asn1.RawValue {
	var body []byte
	for _, t := range times {
		t = t.UTC()
		if t.Year() < 2050 {
			body = append(body, tlv(asn1.TagUTCTime, []byte(t.Format("060102150405Z")))...)
		} else {
			body = append(body, tlv(asn1.TagGeneralizedTime, []byte(t.Format("20060102150405Z")))...)
		}
	}
	return asn1.RawValue{FullBytes: sequence(body)}
}

func sequence(parts ...[]byte) []byte { return tlv(0x30, bytes.Join(parts, nil)) }

func tlv(tag int, body []byte) []byte {
	if len(body) < 0x80 {
		return append([]byte{byte(tag), byte(len(body))}, body...)
	}
	return append([]byte{byte(tag), 0x81, byte(len(body))}, body...)
}
