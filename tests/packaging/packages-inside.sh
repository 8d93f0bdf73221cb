# SPDX-License-Identifier: LGPL-2.1-or-later
# The end of units-inside.sh where the programs come from packages: an upgrade and a removal while guests run. Sourced.
hook=/etc/libvirt/hooks/qemu.d/virt-attest
emulator=/usr/lib/virt-attest/emulator/qemu-system-x86_64

# The same packages with another version: what dpkg replaces is new, and what runs must be made to notice.
make_newer ()
{
  local deb tree
  mkdir -p newer
  for deb in /units/packages/*.deb; do
    tree=newer/tree
    rm -rf $tree
    dpkg-deb --raw-extract "$deb" $tree || return
    sed -i -e 's/^Version: .*/&+newer/' -e 's/\(virt-attest (= [^)]*\))/\1+newer)/' $tree/DEBIAN/control
    dpkg-deb -Znone --root-owner-group --build $tree "newer/$(basename "$deb")" || return
  done
}

qemu_pid () # DOMAIN
{
  cat "/run/libvirt/qemu/$1.pid"
}

# An ordinary domain that was defined while ours was the first emulator in libvirtd's PATH.
define_plain ()
{
  sed -e "s/'kvm'/'qemu'/; s/db1/plain/; s/-0d4c6f0a7c11/-0d4c6f0a7c12/; /<launchSecurity/,/<\/launchSecurity>/d" \
    -e "/<loader/d; s|<devices>|&<emulator>$emulator</emulator>|" db1.xml >plain.xml && virsh define plain.xml
}

# Both guests are the processes that they were, and libvirt manages them.
guests_survived ()
{
  local guest
  for guest in db1 plain; do
    test "$(qemu_pid $guest)" = "${before[$guest]}" && kill -0 "${before[$guest]}" && virsh suspend $guest && virsh resume $guest \
      || return
  done
}

remove_line () { sed -i '/^lock_manager/d' /etc/libvirt/qemu.conf; }

is_new () # UNIT PID-BEFORE
{
  systemctl is-active "$1" && test "$(main_pid "$1")" != "$2"
}

gate_is_new () { grep "^$(main_pid libvirtd) " /run/virt-attest/gate && ! grep '(deleted)' "/proc/$(main_pid libvirtd)/maps" | grep virt-attest; }

host_is_gone ()
{
  local path
  for path in "$hook" /usr/sbin/virt-attest-hook /usr/sbin/virt-attest-hostd /usr/lib/*/libvirt/lock-driver/virt-attest.so; do
    ! test -e "$path" -o -L "$path" || { echo "$path is left"; return 1; }
  done
  ! systemctl is-active virt-attest-hostd
}

# The domain that the definition names starts where ours was, because its definition is not changed by a removal.
link_stands_for_the_emulator () { test "$(readlink $emulator)" = /usr/bin/qemu-system-x86_64; }

# What README.Debian promises to leave: keys, certificates and the store.
only_keys_are_left ()
{
  find / -xdev \( -path /units -o -path /proc -o -path /sys -o -path /root -o -path /opt -o -path /tmp -o -path /var/log \
    -o -path /var/cache/libvirt \) -prune -o -name '*virt-attest*' -print >left.txt
  find /etc/virt-attest /var/lib/virt-attest /run/virt-attest -type f 2>/dev/null >>left.txt
  cat left.txt
  ! grep -vE '^/(etc|var/lib)/virt-attest$|^/etc/virt-attest/[^/]*\.(pem|key|kek)$|^/etc/virt-attest/softhsm2\.conf$|^/var/lib/virt-attest/service/|^/var/lib/virt-attest-hsm|^/etc/systemd/system/virt-attestd\.service\.d' left.txt
}

# The site as it was before the last refusals.
cp /usr/share/ovmf/units.orig /usr/share/ovmf/units.fd
check "service and agent run again" systemctl start virt-attestd virt-attest-hostd
check "an attested guest runs" virsh start db1
check "an ordinary guest is defined" define_plain
check "an ordinary guest runs" virsh start plain
declare -A before=([db1]=$(qemu_pid db1) [plain]=$(qemu_pid plain))

# Upgrade.
daemon=$(main_pid libvirtd) agent=$(main_pid virt-attest-hostd) service=$(main_pid virt-attestd)
check "newer packages are made" make_newer
check "an upgrade passes while lock_manager names the gate" dpkg --install newer/*.deb
check "libvirtd was restarted by the upgrade" wait_for is_new libvirtd "$daemon"
check "libvirtd has loaded the new gate" wait_for gate_is_new
check "the agent was restarted by the upgrade" is_new virt-attest-hostd "$agent"
check "the service was restarted by the upgrade" is_new virt-attestd "$service"
check "both guests survived the upgrade" guests_survived
check "an attested start works with the newer packages" sh -c 'virsh destroy db1 && virsh start db1'
before[db1]=$(qemu_pid db1)

touch -d '1 hour ago' $emulator
check "a new QEMU touches the emulator program, which libvirt's cache goes by" \
  sh -c "dpkg-trigger --by-package=qemu-system-x86 /usr/bin/qemu-system-x86_64 && dpkg --triggers-only virt-attest-host &&
    test $emulator -nt plain.xml"

# Removal.
check "removal is refused while lock_manager names the gate" \
  refused_with 'cannot be removed while /etc/libvirt/qemu.conf says' dpkg --remove virt-attest-host
check "nothing of the host is gone" sh -c 'dpkg-query -s virt-attest-host | grep "^Status: install ok installed" &&
  test -x /usr/sbin/virt-attest-hook && systemctl is-active virt-attest-hostd'
remove_line
check "libvirtd starts without the gate" systemctl restart libvirtd
check "then the package is removed" dpkg --remove virt-attest-host
check "hook, gate and agent are gone" host_is_gone
check "a link stands for the emulator that a domain names" link_stands_for_the_emulator
check "both guests survived the removal" guests_survived
check "the attested guest ends" virsh destroy db1
check "a guest that opted in does not start any more" refused_with LAUNCH_START virsh start db1
check "an ordinary guest starts" sh -c 'virsh destroy plain && virsh start plain && virsh destroy plain'
check "the ordinary guest is not defined any more" virsh undefine plain
check "all packages are purged" dpkg --purge virt-attest-host virt-attest-service virt-attest-platform virt-attest
check "keys, certificates and the store are all that is left" only_keys_are_left
