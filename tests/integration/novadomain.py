# SPDX-License-Identifier: LGPL-2.1-or-later
"""Domains as OpenStack's Nova makes them: nothing in them is virt-attest's."""

import uuid

PROJECT = "5ca1ab1e000040008000000000000001"
IMAGE = "a6d24f0c-c091-53bb-ae27-95b2b71c8f0c"
FLAVOR = "m1.confidential"
OID = uuid.UUID("6ba7b812-9dad-11d1-80b4-00c04fd430c8")


def id_by_image(project=PROJECT, image=IMAGE):
    """The registration's id of an image in a project, as docs/OPENSTACK.md has it."""
    return str(uuid.uuid5(OID, f"urn:virt-attest:nova:{project}:{image}"))


def id_by_flavor(project=PROJECT, flavor=FLAVOR):
    return str(uuid.uuid5(OID, f"urn:virt-attest:nova-flavor:{project}:{flavor}"))


def metadata(root=f"type='image' uuid='{IMAGE}'", extra_spec=None, version="1.1"):
    specs = f"""<nova:extraSpecs><nova:extraSpec name='hw:mem_encryption'>True</nova:extraSpec>
          <nova:extraSpec name='virt-attest:registration'>{extra_spec}</nova:extraSpec></nova:extraSpecs>""" if extra_spec else ""
    return f"""<metadata>
    <nova:instance xmlns:nova='http://openstack.org/xmlns/libvirt/nova/{version}'>
      <nova:package version='26.2.2'/>
      <nova:name>guest &lt;launchSecurity type='sev'&gt;</nova:name>
      <nova:flavor name='{FLAVOR}'>
        <nova:memory>128</nova:memory>
        {specs}
      </nova:flavor>
      <nova:owner>
        <nova:user uuid='0ddba11000004000800000000000beef'>demo</nova:user>
        <nova:project uuid='{PROJECT}'>demo</nova:project>
      </nova:owner>
      <nova:root {root}/>
    </nova:instance>
  </metadata>"""


def make(world, name, policy="0x0033", kernel=None, emulator=None, firmware=None, identity=None, inside="", **options):
    """Defines such a domain; its UUID. kernel: (kernel, initrd, cmdline). Nova locks the guest's memory as well, which
    needs a privilege that a sandbox may not have."""
    identity = identity or str(uuid.uuid4())
    direct = f"<kernel>{kernel[0]}</kernel><initrd>{kernel[1]}</initrd><cmdline>{kernel[2]}</cmdline>" if kernel else ""
    world.box.define(f"""<domain type='kvm'>
  <uuid>{identity}</uuid>
  <name>{name}</name>
  <memory unit='KiB'>131072</memory>
  <vcpu>1</vcpu>
  {metadata(**options)}
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <loader type='rom'>{firmware or world.firmware}</loader>
    {direct}
  </os>
  <features><acpi/><apic/></features>
  <cpu mode='custom' check='none'><model fallback='forbid'>qemu64</model></cpu>
  <devices>
    {f"<emulator>{emulator}</emulator>" if emulator else ""}
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
  </devices>
  <launchSecurity type='sev'>
    <cbitpos>51</cbitpos>
    <reducedPhysBits>1</reducedPhysBits>
    <policy>{policy}</policy>
    {inside}
  </launchSecurity>
</domain>
""")
    world.domains[name] = identity
    return identity
