#!/bin/sh
# private.sh PROGRAM [ARG…]
# Runs PROGRAM in mount, network and process namespaces of its own, fit for a private pcscd: the machine's own PC/SC
# service is neither seen nor disturbed, and everything started in here ends with PROGRAM. It starts no pcscd itself.
# Works as root and, where user namespaces are allowed, as any user. pcscd.Isolate does the same for Go tests.
set -eu
if [ $# = 0 ]; then
	echo "usage: $0 PROGRAM [ARG...]" >&2
	exit 2
fi
if [ "${KAGIMADO_PRIVATE_PCSCD:-}" = furnished ]; then
	exec "$@"
fi
user=
if [ "$(id -u)" != 0 ]; then
	user=--map-root-user
fi
export KAGIMADO_PRIVATE_PCSCD=furnished
# The program stays a child of the shell, so that it is not process 1, for which signals have no default effect.
exec unshare $user --mount --net --pid --fork --kill-child --mount-proc sh -c '
	set -eu
	if mkdir -p /run/pcscd 2>/dev/null; then
		mount -t tmpfs -o mode=0755 tmpfs /run/pcscd
	else
		mount -t tmpfs -o mode=0755 tmpfs /run
		mkdir /run/pcscd
	fi
	ip link set lo up
	"$@" || exit $?' private "$@"
