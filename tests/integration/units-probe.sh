# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs in the place of virt-attestd, under all that its unit demands: what the service needs is there, and what nobody
# needs is not. One line for each that holds: units-inside.sh looks for all of them.
holds () # NAME COMMAND…
{
  local name=$1
  shift
  "$@" >&2 && echo "holds: $name"
}

denied () # NAME COMMAND…
{
  local name=$1
  shift
  if "$@" >&2; then echo "not denied: $name" >&2; else echo "holds: $name"; fi
}

python () { /usr/bin/python3 -I -B -c "$1"; }

holds "credential" sh -c 'test "$(stat -c %s "$CREDENTIALS_DIRECTORY/kek")" = 32 && head -c 32 "$CREDENTIALS_DIRECTORY/kek" | cmp - "$CREDENTIALS_DIRECTORY/kek"'
holds "pkcs11" env SOFTHSM2_CONF=/etc/virt-attest/softhsm2.conf pkcs11-tool --module /usr/lib/softhsm/libsofthsm2.so \
  --token-label attest --login --pin 1234 --list-objects
holds "postgresql" sh -c 'test "$(psql -h /run/postgresql -d postgres -U virt-attest -Atc "select 40 + 2")" = 42'
holds "store" sh -c 'echo x >"$STATE_DIRECTORY/probe" && rm "$STATE_DIRECTORY/probe"'
holds "user" test "$(id -un)" = virt-attest
denied "system is read-only" sh -c 'echo x >/etc/virt-attest/probe'
denied "homes are hidden" sh -c 'ls /root/attest-ca'
denied "other processes are hidden" test -e /proc/1/status
denied "the kernel's settings are hidden" test -e /proc/sys/kernel
denied "devices are hidden" test -e /dev/kmsg
denied "no new namespaces" unshare --user true
denied "no writable code" python 'import mmap; mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)'
denied "no raw sockets" python 'import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)'
denied "no netlink" python 'import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)'
denied "no keyrings" python 'import ctypes, sys; sys.exit(ctypes.CDLL(None).syscall(250, 0, -3, 1) < 0)'
denied "no debugging" python 'import ctypes, sys; sys.exit(ctypes.CDLL(None).syscall(101, 0, 0, 0, 0) < 0)'
denied "no core files" sh -c 'ulimit -c 1'
exit 0
