#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Installs this build into a throw-away copy of the machine, boots it with a systemd of its own, follows INSTALL.md's
# steps there, and starts an attested domain under the units' sandboxes. What runs inside is units-inside.sh. With
# VA_PACKAGES, a directory of Debian packages, these are installed inside instead, and upgraded and removed at the end. With
# VA_DAEMON=virtqemud that daemon runs inside, with libvirt's own units: what tests/root/build-virtqemud made, in PATH.
set -u
daemon=${VA_DAEMON:-libvirtd}
top=${VA_TOP_SRCDIR:?} build=${VA_TOP_BUILDDIR:?}

skip_all () { echo "1..0 # SKIP $*"; exit 0; }
[ "$(id -u)" = 0 ] || skip_all "needs root"
command -v systemd-nspawn >/dev/null || skip_all "systemd-nspawn is missing: install systemd-container"
[ -x /usr/sbin/libvirtd ] || skip_all "libvirtd is missing"
command -v "$daemon" >/dev/null || skip_all "$daemon is missing: tests/root/build-virtqemud builds it"
# What is installed must be where libvirt and systemd look for it.
build_fits ()
{
  for folder in prefix=/usr sysconfdir=/etc localstatedir=/var; do
    grep -q "^${folder%=*}='${folder#*=}'" "$build/config.log" || skip_all "configured with another ${folder%=*} than ${folder#*=}"
  done
  qemu_driver=$(find /usr/lib* -name libvirt_driver_qemu.so -path '*/libvirt/connection-driver/*' | head -n 1)
  [ -n "$qemu_driver" ] || { echo "Bail out! libvirt is installed without its QEMU driver"; exit 99; }
  drivers=${qemu_driver%/connection-driver/*}/lock-driver
  [ -e "$build/config.status" ] && [ "$(make -s --no-print-directory -C "$build" print-lockdriverdir)" = "$drivers" ] \
    || skip_all "configured with another --libdir than libvirt, which has its lock drivers in $drivers"
  grep -q '^#define VA_SANITIZERS' "$build/config.h" && skip_all "libvirtd cannot load a gate with sanitizers"
}
[ -n "${VA_PACKAGES:-}" ] || build_fits

if [ -z "${VA_UNITS_INSIDE:-}" ]; then
  VA_UNITS_INSIDE=1 exec unshare --mount --propagation private bash "$0"
fi

# A copy of the machine: all changes go to memory. /dev, /run and /tmp begin empty.
box=$TMPDIR/box
mkdir "$box" && mount -t tmpfs -o mode=755 tmpfs "$box" && mkdir "$box/upper" "$box/work" "$box/root" || exit 99
for folder in dev run tmp; do
  mkdir "$box/upper/$folder"
  /usr/bin/python3 -c 'import os, sys; os.setxattr(sys.argv[1], "trusted.overlay.opaque", b"y")' "$box/upper/$folder" || exit 99
done
chmod 1777 "$box/upper/tmp"
mount -t overlay overlay -o "lowerdir=/,upperdir=$box/upper,workdir=$box/work" "$box/root" 2>"$TMPDIR/mount.log" \
  || skip_all "no overlay file system over the machine's root: $(head -n 1 "$TMPDIR/mount.log")"
root=$box/root

# What is left of another version or of a test is no part of a fresh machine.
rm -rf "$root/etc/virt-attest" "$root/var/lib/virt-attest"
mkdir "$root/units"
echo "$daemon" >"$root/units/daemon"
if [ "$daemon" != libvirtd ]; then
  built=$(command -v "$daemon")
  cp "$built" "$root/usr/sbin" && cp "$(dirname "$built")"/../units/* "$root/etc/systemd/system" || exit 99
fi
if [ -n "${VA_PACKAGES:-}" ]; then
  mkdir "$root/units/packages" && cp "$VA_PACKAGES"/*.deb "$root/units/packages" \
    && cp "$top/tests/packaging/packages-inside.sh" "$root/units" || exit 99
else
  make -C "$build" install DESTDIR="$root" >"$TMPDIR/install.log" 2>&1 \
    || { tail "$TMPDIR/install.log" | sed 's/^/# /'; exit 99; }
fi
cp "$top/docs/INSTALL.md" "$top/tests/integration/units-inside.sh" "$top/tests/integration/units-probe.sh" \
  "$top/tests/lib/tap.sh" "$root/units"
if [ -s "${VA_FIRMWARE:-}" ]; then
  cp "$VA_FIRMWARE" "$root/usr/share/ovmf/units.fd"
else
  "$top/tests/platform/make-firmware" /usr/share/ovmf/OVMF.fd "$root/usr/share/ovmf/units.fd" \
    --secret 0x810000:0xc00 --hashes 0x810c00:0x400 || exit 99
fi
cat >"$root/etc/systemd/system/units-inside.service" <<'END'
[Unit]
After=basic.target
[Service]
Type=oneshot
ExecStart=/bin/bash /units/units-inside.sh
ExecStopPost=/bin/systemctl poweroff --force --force
END
cat >"$root/etc/systemd/system/units-inside.target" <<'END'
[Unit]
Requires=basic.target units-inside.service
END
ln -sf /dev/null "$root/etc/systemd/system/console-getty.service"

timeout --kill-after=5 "${VA_UNITS_TIMEOUT:-200}" systemd-nspawn --quiet --register=no --keep-unit --directory="$root" --private-network \
  --boot systemd.unit=units-inside.target </dev/null >"$TMPDIR/boot.log" 2>&1
[ -e "$root/units/result.tap" ] \
  || skip_all "systemd-nspawn cannot boot a copy of this machine: $(grep -v '^ *$' "$TMPDIR/boot.log" | tail -n 1 | tr -dc '[:print:]')"
if ! grep -qs '^1\.\.' "$root/units/result.tap"; then
  cat "$root/units/result.tap" "$root/units/log" 2>/dev/null | tail -n 40 | sed 's/^/# /'
  tail -n 20 "$TMPDIR/boot.log" | sed 's/^/# /'
  echo "Bail out! the copy of the machine did not boot, or did not get to the end"
  exit 99
fi
cat "$root/units/result.tap"
grep -q '^not ok' "$root/units/result.tap" && { sed 's/^/# /' "$root/units/log"; exit 1; }
exit 0
