#!/bin/sh
# private.sh kiosk.sh [PROGRAM [ARG…]]
# Starts pcscd with the virtual reader, cardsim, and PROGRAM (usually bin/kiosk) in this terminal. Cards are laid from a
# second terminal; the line printed at the start says how. Everything ends with PROGRAM.
#
# CARD=NAME lays a card at the start. OUT=DIR is where the control socket and the logs go; default out/.
set -eu
if [ "${KAGIMADO_PRIVATE_PCSCD:-}" != furnished ]; then
	exec "$(dirname "$0")/private.sh" "$0" "$@"
fi
root=$(cd "$(dirname "$0")/../../.." && pwd)
out=${OUT:-$root/out}
if [ $# = 0 ]; then
	set -- "$root/bin/kiosk"
fi
pcscd=$(PATH=$PATH:/usr/sbin:/usr/local/sbin command -v pcscd) || {
	echo "pcscd is not installed: apt-get install pcscd vsmartcard-vpcd" >&2
	exit 1
}
driver=$(sed -n 's/^LIBPATH[[:space:]]*//p' /etc/reader.conf.d/vpcd 2>/dev/null) || true
if [ -z "$driver" ]; then
	echo "the virtual reader is not installed: apt-get install vsmartcard-vpcd" >&2
	exit 1
fi
mkdir -p "$out" /run/pcscd/conf
printf 'FRIENDLYNAME "Virtual PCD"\nDEVICENAME /dev/null:0x8C7B\nLIBPATH %s\nCHANNELID 0x8C7B\n' "$driver" >/run/pcscd/conf/vpcd
# From pcsc-lite 2.0 on pcscd may ask polkit, which is not in these namespaces.
polkit=
if "$pcscd" --help 2>&1 | grep -q -e --disable-polkit; then
	polkit=--disable-polkit
fi
PCSCLITE_HP_DROPDIR=/run/pcscd/conf "$pcscd" --foreground --config /run/pcscd/conf $polkit >"$out/pcscd.log" 2>&1 &
tries=0
until [ -S /run/pcscd/pcscd.comm ] && grep -q ':8C7C .* 0A ' /proc/net/tcp; do
	tries=$((tries + 1))
	if [ $tries -gt 200 ]; then
		echo "pcscd does not start; $out/pcscd.log says:" >&2
		cat "$out/pcscd.log" >&2
		exit 1
	fi
	sleep 0.05
done
socket=$out/cardsim.sock
rm -f "$socket"
"$root/bin/cardsim" -listen "$socket" ${CARD:+-card "$CARD"} </dev/null >"$out/cardsim.log" 2>&1 &
echo "In another terminal: $root/bin/cardsim -to $socket lay all-fine   (also: list, lift, swap NAME, fault KIND, status)" >&2
"$@"
