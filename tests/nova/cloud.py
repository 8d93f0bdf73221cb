# SPDX-License-Identifier: LGPL-2.1-or-later
"""What surrounds nova-compute in a cloud, as far as its libvirt driver asks for it: configuration, images, network
ports and their events, the instance's record in the database."""

import contextlib
import fcntl
import os
import shutil
import socket
import struct
import time
import uuid

NODE = "compute1"
BRIDGE = "br-nova"
IMAGE_PROPERTIES = {"hw_firmware_type": "uefi", "hw_machine_type": "q35", "hw_disk_bus": "virtio", "hw_vif_model": "virtio"}
RECORD = ("flavor", "system_metadata", "metadata", "numa_topology", "pci_requests", "pci_devices", "trusted_certs",
          "resources", "info_cache", "vcpu_model", "migration_context")


def write_configuration(state, more=()):
    """A nova.conf for one compute node whose databases are files; @more: lines like “libvirt.cpu_mode=none”."""
    sections = {
        "DEFAULT": {"state_path": state, "instances_path": f"{state}/instances", "my_ip": "127.0.0.1", "host": NODE,
                    "transport_url": "fake:/", "use_stderr": "true", "compute_driver": "libvirt.LibvirtDriver"},
        "libvirt": {"virt_type": "kvm", "cpu_mode": "none", "hw_machine_type": "x86_64=q35", "images_type": "qcow2",
                    "wait_soft_reboot_seconds": "2"},
        "database": {"connection": f"sqlite:///{state}/nova.sqlite"},
        "api_database": {"connection": f"sqlite:///{state}/nova-api.sqlite"},
        "oslo_concurrency": {"lock_path": f"{state}/locks"},
        "vnc": {"server_listen": "127.0.0.1"},
    }
    for line in more:
        place, _, value = line.partition("=")
        section, _, key = place.partition(".")
        sections.setdefault(section, {})[key] = value
    for directory in (state, f"{state}/instances", f"{state}/locks"):
        os.makedirs(directory, mode=0o755, exist_ok=True)
    path = f"{state}/nova.conf"
    with open(path, "w", encoding="utf-8") as f:
        for section, values in sections.items():
            f.write("\n".join([f"[{section}]", *(f"{key} = {value}" for key, value in values.items()), ""]))
    return path


class Images:
    """In the place of nova.image.glance.API: images are files."""

    def __init__(self, state):
        self.state, self.files = state, {}

    def add(self, identity=None, path=None, kind="raw", properties=None):
        """An image; without a file an empty disk of 8 MiB. Its id."""
        identity = identity or str(uuid.uuid4())
        if path is None:
            path = f"{self.state}/empty.raw"
            with open(path, "wb") as f:
                f.truncate(8 << 20)
        self.files[identity] = (path, kind, properties or {})
        return identity

    def get(self, _context, image_id, **_):
        path, kind, properties = self.files[image_id]
        return {"id": image_id, "name": kind, "status": "active", "visibility": "private", "owner": None, "checksum": None,
                "disk_format": kind, "container_format": "bare" if kind == "raw" else kind, "min_disk": 0, "min_ram": 0,
                "size": os.path.getsize(path), "properties": properties}

    def download(self, _context, image_id, data=None, dest_path=None, **_):  # pylint: disable=unused-argument
        shutil.copyfile(self.files[image_id][0], dest_path)


class Ports:
    """In the place of neutron, and of nova.virt.virtapi.VirtAPI: ports, and the event that a port has been plugged."""

    def __init__(self, delay=0.3):
        self.delay = delay

    @contextlib.contextmanager
    def wait_for_instance_event(self, _instance, event_names, **_):
        yield
        if event_names:
            time.sleep(self.delay)

    def exit_wait_early(self, events):
        pass

    def update_compute_provider_status(self, context, rp_uuid, enabled):
        pass

    @staticmethod
    def of(instance, kind, bridged=True):
        """@kind: "none", "plugged", or "new", for which Nova waits with a paused guest.

        bridged=False: a vhost-user socket, for versions of Nova that have no Linux bridge any more."""
        from nova.network import model
        if kind == "none":
            return model.NetworkInfo([])
        begin = instance.uuid[:8]
        subnet = model.Subnet(cidr="192.0.2.0/24", version=4, ips=[model.FixedIP(address="192.0.2.7", version=4)])
        network = model.Network(id=str(uuid.uuid5(uuid.NAMESPACE_OID, "network")), label="private", subnets=[subnet],
                                bridge=make_bridge() if bridged else None)
        how = {"type": model.VIF_TYPE_BRIDGE} if bridged else {
            "type": model.VIF_TYPE_VHOSTUSER,
            "details": {model.VIF_DETAILS_VHOSTUSER_MODE: "server",
                        model.VIF_DETAILS_VHOSTUSER_SOCKET: f"/var/lib/libvirt/qemu/port-{begin}"}}
        return model.NetworkInfo([model.VIF(
            id=str(uuid.uuid5(uuid.NAMESPACE_OID, instance.uuid)), network=network, devname=f"tap{begin}",
            address=":".join(["fa", "16", "3e", begin[0:2], begin[2:4], begin[4:6]]), active=kind == "plugged",
            vnic_type=model.VNIC_TYPE_NORMAL, profile={}, **how)])


def make_bridge():
    """The bridge that an agent of neutron would have made, in this network namespace."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        with contextlib.suppress(FileExistsError):
            fcntl.ioctl(control, 0x89a0, BRIDGE.encode() + b"\0")  # SIOCBRADDBR
        fcntl.ioctl(control, 0x8914, struct.pack("16sH14x", BRIDGE.encode(), 0x1 | 0x40))  # SIOCSIFFLAGS: IFF_UP, IFF_RUNNING
    return BRIDGE


def completed(thing, **values):
    """A versioned object with @values; what is unset and may be empty is empty, whatever fields its version has."""
    for name, value in values.items():
        if name in thing.fields:
            setattr(thing, name, value)
    for name, field in thing.fields.items():
        if not thing.obj_attr_is_set(name) and field.nullable:
            setattr(thing, name, None)
    return thing


def make_flavor(objects, context, name, vcpus, memory, extra_specs):
    return completed(objects.Flavor(context), id=1, flavorid="1", name=name, vcpus=vcpus, memory_mb=memory, root_gb=1,
                     ephemeral_gb=0, swap=0, rxtx_factor=1.0, vcpu_weight=0, disabled=False, is_public=True, projects=[],
                     extra_specs=extra_specs, deleted=False)


def make_disks(objects, context, instance, image):
    """One local disk of an image, as the driver wants it."""
    from nova.virt import driver
    disk = completed(objects.BlockDeviceMapping(context), id=1, uuid=str(uuid.uuid4()), instance_uuid=instance.uuid,
                     source_type="image", destination_type="local", boot_index=0, device_type="disk", image_id=image,
                     device_name="/dev/vda", delete_on_termination=True, no_device=False, encrypted=False)
    return driver.get_block_device_info(instance, objects.BlockDeviceMappingList(objects=[disk]))


def make_instance(objects, context, name, image, flavor):
    """A new record in the database. @image: what Images.get() says of it."""
    from nova import utils
    properties = image["properties"]
    metadata = utils.get_system_metadata_from_image(image, flavor)
    metadata |= {"image_base_image_ref": image["id"], "owner_user_name": "tenant", "owner_project_name": "tenant"}
    instance = objects.Instance(
        context, uuid=str(uuid.uuid4()), user_id=context.user_id, project_id=context.project_id, image_ref=image["id"],
        kernel_id=properties.get("kernel_id", ""), ramdisk_id=properties.get("ramdisk_id", ""), display_name=name,
        hostname=name, host=NODE, node=NODE, launched_on=NODE, vm_state="building", power_state=0, config_drive="",
        root_device_name="/dev/vda", flavor=flavor, memory_mb=flavor.memory_mb, vcpus=flavor.vcpus, root_gb=flavor.root_gb,
        ephemeral_gb=0, instance_type_id=flavor.id, ephemeral_key_uuid=None, os_type=None, architecture=None,
        old_flavor=None, new_flavor=None, numa_topology=None, trusted_certs=None, resources=None, metadata={},
        system_metadata=metadata, reservation_id="r-1", launch_index=0,
        pci_requests=objects.InstancePCIRequests(requests=[]), info_cache=objects.InstanceInfoCache(network_info=Ports.of(None, "none")))
    if "compute_id" in instance.fields:
        instance.compute_id = 1
    instance.create()
    return load_instance(objects, context, instance.uuid)


def load_instance(objects, context, identity):
    known = objects.instance.INSTANCE_OPTIONAL_ATTRS
    return objects.Instance.get_by_uuid(context, identity, [name for name in RECORD if name in known])
