# SPDX-License-Identifier: LGPL-2.1-or-later
# The inner part of test-units.sh, run by systemd in a throw-away copy of the machine.
set -u
cd /units || exit 1
exec >result.tap 2>log
. /units/tap.sh
daemon=$(cat daemon)
# Without virtproxyd, virsh has to be told whom to ask.
export HOME=/root LC_ALL=C.UTF-8 LIBVIRT_DEFAULT_URI=qemu:///system

# The first shell block after a heading of INSTALL.md.
install_block () # HEADING
{
  awk -v heading="$1" 'index ($0, heading) == 1 { found = 1 } found && /^```$/ && inside { exit }
                       found && inside { print } found && /^```sh$/ { inside = 1 }' INSTALL.md
}

follow_install () # HEADING
{
  install_block "$1" | sed "s/systemctl restart libvirtd /systemctl restart $daemon /" >block.sh
  test -s block.sh && bash -eu block.sh
}

install_packages_for () # MACHINE
{
  install_block "### Packages for $1" >block.sh
  # A root for tests leaves documentation out, and with it the examples that INSTALL names.
  echo 'path-include=/usr/share/doc/virt-attest/*' >/etc/dpkg/dpkg.cfg.d/zz-units
  echo 'APT::Get::Assume-Yes "true";' >/etc/apt/apt.conf.d/99units
  test -s block.sh && (cd packages && bash -eu ../block.sh)
}

main_pid () { systemctl show --property MainPID --value "$1"; }

# Kernel's view of the process: system call filter, no new privileges, and the capabilities that the unit leaves.
is_confined () # UNIT CAPABILITIES
{
  local status=/proc/$(main_pid "$1")/status
  grep -E '^(Seccomp|NoNewPrivs|CapBnd|CapEff):' "$status"
  grep -q '^Seccomp:.*2$' "$status" && grep -q '^NoNewPrivs:.*1$' "$status" && grep -q "^CapBnd:.*$2$" "$status"
}

runs_as () # UNIT USER
{
  test "$(stat -c %U "/proc/$(main_pid "$1")")" = "$2"
}

refused_with () # WORDS COMMAND…
{
  local words=$1 output
  shift
  if output=$("$@" 2>&1); then
    echo "did not fail: $output"
    return 1
  fi
  echo "$output" | grep -F "$words"
}

wait_for () # COMMAND…: at most 20 s
{
  local i
  for i in $(seq 100); do
    "$@" >/dev/null 2>&1 && return 0
    sleep 0.2
  done
  "$@"
}

launch_is () # STATE
{
  virt-attest launch list --limit 1 --json >launches.json
  grep -E "\"state\" *: *\"$1\"" launches.json || { cat launches.json; return 1; }
}

no_trace_of () # UUID
{
  ! ls -d "/run/virt-attest/qmp/libvirt-$1" "/run/virt-attest/monitors/$1" "/run/virt-attest/domains/$1" 2>/dev/null
}

# The value of a metric, asked as Prometheus does it.
metric () # NAME-AND-LABELS
{
  /usr/bin/python3 -B - "$1" <<'END'
import ssl, sys, urllib.request
context = ssl.create_default_context(cafile='/root/attest-ca/ca.pem')
context.load_cert_chain('/root/attest-ca/metrics-prometheus.pem', '/root/attest-ca/metrics-prometheus.key')
with urllib.request.urlopen('https://attest.example.org:8443/metrics', context=context, timeout=10) as page:
    lines = page.read().decode().splitlines()
value, = [line.rpartition(' ')[2] for line in lines if line.startswith(sys.argv[1] + ' ')]
print(value)
END
}

metric_is () # VALUE NAME-AND-LABELS
{
  local value
  value=$(metric "$2") && echo "$2 $value" && test "$value" = "$1"
}

# From the sentence that virsh prints to the service's line in the journal.
virsh_leads_to_the_journal () # VERDICT
{
  local request
  request=$(virsh start db1 2>&1 | sed -n 's/.*; request \([0-9a-f-]\{36\}\).*/\1/p')
  echo "request $request"
  test -n "$request" && journalctl --sync \
    && journalctl -u virt-attestd -o cat "VIRT_ATTEST_REQUEST=$request" | grep "verdict=$1" \
    && journalctl -u virt-attest-hostd -o cat "VIRT_ATTEST_REQUEST=$request" | grep "$1"
}

# A copy of the service's unit that runs units-probe.sh instead, with a key as a credential.
run_probe ()
{
  local unit=/etc/systemd/system/probe.service
  softhsm2-util --version && mkdir -p /var/lib/virt-attest-hsm \
    && echo 'directories.tokendir = /var/lib/virt-attest-hsm' >/etc/virt-attest/softhsm2.conf \
    && SOFTHSM2_CONF=/etc/virt-attest/softhsm2.conf softhsm2-util --init-token --free --label attest --pin 1234 --so-pin 1234 \
    && chown -R virt-attest: /var/lib/virt-attest-hsm || return
  systemctl start "postgresql@$(ls /usr/lib/postgresql | sort -V | tail -n 1)-main" && runuser -u postgres -- createuser virt-attest || return
  sed -e 's|^ExecStart=.*|ExecStart=/bin/bash /units/units-probe.sh|' -e 's|^Type=.*|Type=oneshot|' \
    -e '/^\(Restart\|RestartSec\|WatchdogSec\|ExecReload\|StateDirectoryMode\)=/d' \
    -e 's|^UMask=.*|&\nLoadCredential=kek:/etc/virt-attest/service.kek\nStandardOutput=truncate:/units/probe.out|' \
    "$(systemctl show --property FragmentPath --value virt-attestd)" >$unit
  systemctl daemon-reload && systemctl start probe
}

# The same probe as root without a unit: what it says to be denied is so because of the unit. What the container itself
# denies is left out.
control_is_free ()
{
  bash /units/units-probe.sh >control.out 2>/dev/null
  rm -f /etc/virt-attest/probe
  ! grep -vxE 'holds: (store|pkcs11|no keyrings|devices are hidden|the kernel.s settings are hidden)' control.out
}

# The network has nothing but the loopback; a name with an address that is not 127.0.0.1 stands for the service machine.
ip address add 10.99.0.1/32 dev lo && echo '10.99.0.1 attest.example.org' >>/etc/hosts
if [ -d /units/packages ]; then
  for machine in 'the service machine' 'a compute node'; do
    check "INSTALL's step with packages on $machine" install_packages_for "$machine"
  done
  check "nothing runs before it is configured" sh -c '! systemctl is-active virt-attestd virt-attest-hostd'
  dpkg --install packages/virt-attest-platform_*.deb
else
  systemd-sysusers && systemd-tmpfiles --create && systemctl daemon-reload
fi

# 1. The service machine; then it is made to trust the software platform.
virt-attest-platform init /opt/platform >/dev/null 2>&1
virt-attest-platform wrapper /opt/platform /usr/local/bin/qemu-system-x86_64 2>/dev/null
chmod -R a+rX /opt/platform
check "INSTALL's steps on the service machine" follow_install '## 1. The service machine'
check "virt-attestd is active" systemctl is-active virt-attestd
printf '[roots]\ntrusted-folder = /opt/platform/roots\n' >>/etc/virt-attest/service.conf
sed -i 's|^key = .*/service\.kek.*|key-credential = service.kek|' /etc/virt-attest/service.conf
check "its configuration names a credential" grep '^key-credential = ' /etc/virt-attest/service.conf
mkdir -p /etc/systemd/system/virt-attestd.service.d
printf '[Service]\nLoadCredential=service.kek:/etc/virt-attest/service.kek\n' >/etc/systemd/system/virt-attestd.service.d/key.conf
systemctl daemon-reload
check "virt-attestd restarts with another configuration, its key a credential" systemctl restart virt-attestd
check "virt-attestd runs as its own user" runs_as virt-attestd virt-attest
check "virt-attestd is confined, without any capability" is_confined virt-attestd 0000000000000000

check "a copy of its unit runs a probe" run_probe
for what in credential pkcs11 postgresql store user "system is read-only" "homes are hidden" "other processes are hidden" \
            "the kernel's settings are hidden" "devices are hidden" "no new namespaces" "no writable code" "no raw sockets" \
            "no netlink" "no keyrings" "no debugging" "no core files"; do
  check "under virt-attestd's unit: $what" grep -x "holds: $what" /units/probe.out
done

check "without the unit, nothing of that is denied" control_is_free

# 2. The compute node. The copy has neither /dev/kvm nor device cgroups.
: >/dev/kvm && chmod 666 /dev/kvm
printf 'namespaces = []\ncgroup_controllers = []\nsecurity_driver = "none"\nremember_owner = 0\n' >>/etc/libvirt/qemu.conf
# A host has one or the other: their units conflict.
use_modular_daemon ()
{
  systemctl disable --now libvirtd.service libvirtd.socket libvirtd-ro.socket libvirtd-admin.socket \
    && systemctl daemon-reload && systemctl enable --now "$daemon.socket" "$daemon-ro.socket" "$daemon-admin.socket" virtlogd.socket
}
[ "$daemon" = libvirtd ] || check "$daemon runs in libvirtd's place" use_modular_daemon
cd /root/attest-ca || exit 1
cp /units/INSTALL.md .
check "INSTALL's steps on a compute node" follow_install '## 2. Each compute node'
check "virt-attest-hostd is active" systemctl is-active virt-attest-hostd
check "virt-attest-hostd is confined, with two capabilities" is_confined virt-attest-hostd 0000000000000006
check "the hook in libvirt's directory is a link to the program" \
  test "$(readlink /etc/libvirt/hooks/qemu.d/virt-attest)" = /usr/sbin/virt-attest-hook
check "$daemon has loaded the gate" grep "^$(main_pid "$daemon") " /run/virt-attest/gate

# 3. The guest owner.
mkdir -p /root/.config/virt-attest
cat >/root/.config/virt-attest/client.conf <<'END'
url = "https://attest.example.org:8443"
ca = /root/attest-ca/ca.pem
certificate = /root/attest-ca/owner-alice.pem
key = /root/attest-ca/owner-alice.key
END
cat >db1.xml <<'END'
<domain type='kvm'>
  <name>db1</name>
  <uuid>6a1c2b2e-1f6a-4a5e-9d0d-0d4c6f0a7c11</uuid>
  <memory unit='MiB'>128</memory>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <loader type='rom'>/usr/share/ovmf/units.fd</loader>
  </os>
  <cpu mode='custom' check='none'><model>qemu64</model></cpu>
  <devices><controller type='usb' model='none'/><memballoon model='none'/></devices>
  <launchSecurity type='sev'>
    <cbitpos>51</cbitpos>
    <reducedPhysBits>1</reducedPhysBits>
    <policy>0x0001</policy>
  </launchSecurity>
</domain>
END
uuid=6a1c2b2e-1f6a-4a5e-9d0d-0d4c6f0a7c11
check "a secret is stored" sh -c 'head -c 24 /dev/urandom | base64 | virt-attest secret put db1-disk --strip-newline'
check "the VM is registered" \
  virt-attest vm register $uuid --name db1 --policy 0x1 --firmware /usr/share/ovmf/units.fd --secret db1-disk --max-running 1
check "the domain is prepared" virt-attest domain prepare db1.xml --output db1-attested.xml

# 4. Start it, with the agent restarted in between.
check "the domain is defined" virsh define db1-attested.xml
check "a plain virsh start is attested" virsh start db1
check "the service knows that it runs" wait_for launch_is running
check "the agent restarts under a running domain" systemctl restart virt-attest-hostd
check "the marker outlives that" grep '^attested ' /run/virt-attest/domains/$uuid
check "it is suspended" virsh suspend db1
check "it resumes without another launch" sh -c 'virsh resume db1 && test "$(virt-attest launch list | wc -l)" = 2'
check "a certificate for Prometheus" \
  virt-attest ca issue metrics prometheus --dir /root/attest-ca --out /root/attest-ca
check "Prometheus sees the granted launch" metric_is 1 'virt_attest_launches_total{call="launch",verdict="granted",rule=""}'
check "Prometheus sees the validated launch" \
  metric_is 1 'virt_attest_launches_total{call="validate",verdict="validated",rule=""}'
check "virt-attestd is reloaded" systemctl reload virt-attestd
check "systemd knows its state" wait_for sh -c 'test "$(systemctl show --property StatusText --value virt-attestd)" = Ready'
check "the decision is in the journal, with fields" \
  sh -c 'journalctl -u virt-attestd -o cat VIRT_ATTEST_CALL=validate VIRT_ATTEST_VERDICT=validated | grep verdict=validated'
check "it is destroyed" virsh destroy db1
check "the service knows that it ended" wait_for launch_is ended
check "marker and monitor folder are gone" wait_for no_trace_of $uuid
cp /usr/share/ovmf/units.fd /usr/share/ovmf/units.orig
printf '\252' | dd of=/usr/share/ovmf/units.fd bs=1 seek=4096 conv=notrunc 2>/dev/null
check "another firmware is refused, and virsh says why" refused_with firmware-not-allowed virsh start db1
check "virsh's error leads to both journals" virsh_leads_to_the_journal firmware-not-allowed
check "virt-attestd ends well" sh -c 'systemctl stop virt-attestd && test "$(systemctl show --property Result --value virt-attestd)" = success'
check "without the service it is refused, and virsh says why" refused_with 'cannot reach the service' virsh start db1
systemctl stop virt-attest-hostd
check "without the agent it is refused, and virsh says why" refused_with 'virt-attest-hostd' virsh start db1
[ ! -d /units/packages ] || . /units/packages-inside.sh
check "nobody was killed by the sandbox" sh -c '! journalctl --no-pager | grep -E "SIGSYS|code=dumped|core-dump"'
journalctl --no-pager -u virt-attestd -u virt-attest-hostd >&2
finish
