#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""OpenStack Nova's own libvirt driver on this machine's libvirtd, without a cloud around it.

    driver.py STATE-DIRECTORY [SECTION.KEY=VALUE...]          (more lines for nova.conf)

Real are nova.virt.libvirt with all that it uses (configuration of guests, image cache, firmware choice, os-vif,
os-brick), Nova's objects and its database schema. cloud.py stands in for the rest: nova-api, scheduler, conductor,
message queue, placement, keystone, glance and neutron. What is privileged runs in this process, so run it as root.

Reads one request per line in JSON, and answers each with one line: {"ok": true, ...} or {"ok": false, "error": TEXT}, with
the calls into libvirt that changed something ("calls": name, flags, milliseconds, error). Requests:

    {"do": "image", "id": UUID, "kernel": FILE, "ramdisk": FILE, "properties": {...}}       gives "id"
    {"do": "spawn", "name": NAME, "image": ID, "project": HEX, "encryption": "amd-sev", "ports": "new", "flavor": NAME,
     "vcpus": 1, "memory": MIB, "specs": {...}}                                            gives "uuid" and "domain"
    {"do": ACTION, "name": NAME}: the methods of Instances that begin with “do_”
    {"do": "host"}                                                                         what the driver finds here

A spawn that failed is cleaned up as nova-compute does. Nova's log is on standard error. Works with Nova 26 (Zed); written
with 34 (2026.2) in mind.
"""
import inspect
import json
import os
import sys
import time
import traceback

# First, as in nova-compute: it decides between green and native threads for everything that is imported later.
import nova.cmd.compute  # noqa: F401  pylint: disable=unused-import

import cloud

WATCHED = {
    "virConnect": ("defineXML", "defineXMLFlags", "createXML"),
    "virDomain": ("create", "createWithFlags", "resume", "suspend", "destroy", "destroyFlags", "shutdown", "shutdownFlags",
                  "reboot", "undefine", "undefineFlags", "managedSave"),
}
USER, PROJECT = "0ddba11000004000800000000000beef", "5ca1ab1e000040008000000000000001"


class Calls:
    """Notes the calls into libvirt that change a domain."""

    def __init__(self):
        import libvirt
        self.error, self.noted = libvirt.libvirtError, []
        for kind, names in WATCHED.items():
            for name in names:
                self.watch(getattr(libvirt, kind), name)

    def watch(self, kind, name):
        original = getattr(kind, name)

        def watched(this, *arguments, **options):
            began, entry = time.monotonic(), {"name": name, "flags": next((a for a in arguments if isinstance(a, int)), 0)}
            self.noted.append(entry)
            try:
                return original(this, *arguments, **options)
            except self.error as error:
                entry["error"] = str(error)
                raise
            finally:
                entry["ms"] = round((time.monotonic() - began) * 1000)
        setattr(kind, name, watched)

    def take(self):
        noted, self.noted = self.noted, []
        return noted


def privileges_in_this_process():
    """privsep would start a helper process for each of its contexts."""
    import importlib
    for module, names in (("nova.privsep", ("sys_admin_pctxt", "dacnet_admin_pctxt")), ("os_brick.privileged", ("default",)),
                          ("vif_plug_linux_bridge.privsep", ("vif_plug",)), ("vif_plug_ovs.privsep", ("vif_plug",))):
        try:
            found = importlib.import_module(module)
        except ImportError:
            continue
        for name in names:
            if hasattr(found, name):
                getattr(found, name).set_client_mode(False)


class Instances:
    """A compute node's driver and the instances that it was asked for, by name."""

    def __init__(self, state, more):
        configuration = cloud.write_configuration(state, more)
        import os_vif
        import nova.conf
        from nova import config, context, objects, version
        config.parse_args(["nova-compute", "--config-file", configuration])
        for part in (nova.conf.neutron, nova.conf.devices):
            part.register_dynamic_opts(nova.conf.CONF)
        objects.register_all()
        os_vif.initialize()
        privileges_in_this_process()
        from nova.db.main import api, models
        models.BASE.metadata.create_all(api.get_engine())
        self.objects, self.request_context = objects, context.RequestContext
        self.version = version.version_string()
        self.calls, self.images, self.known = Calls(), cloud.Images(state), {}
        self.driver = self.make_driver()

    def make_driver(self):
        from nova.virt import images
        from nova.virt.libvirt import driver, imagebackend
        images.IMAGE_API = imagebackend.IMAGE_API = self.images
        made = driver.LibvirtDriver(cloud.Ports())
        made._image_api = self.images
        made.init_host(cloud.NODE)
        return made

    # -- requests without an instance

    def do_host(self, _):
        host = self.driver._host
        return {"version": self.version, "sev": host.supports_amd_sev, "uefi": host.supports_uefi}

    def do_image(self, request):
        properties = cloud.IMAGE_PROPERTIES | request.get("properties", {})
        for key, kind in (("kernel", "aki"), ("ramdisk", "ari")):
            if key in request:
                properties[f"{key}_id"] = self.images.add(path=request[key], kind=kind)
        return {"id": self.images.add(request.get("id"), request.get("disk"), properties=properties)}

    # -- requests about one

    def do_spawn(self, request):
        context = self.request_context(user_id=USER, project_id=request.get("project", PROJECT), is_admin=True,
                                       user_name="tenant", project_name="tenant")
        encryption, specs = request.get("encryption", "amd-sev"), dict(request.get("specs", {}))
        if encryption != "none":
            specs["hw:mem_encryption"] = "true"
        if encryption not in ("none", "amd-sev"):
            specs["hw:mem_encryption_model"] = encryption
        flavor = cloud.make_flavor(self.objects, context, request.get("flavor", "confidential"), request.get("vcpus", 1),
                                   request.get("memory", 128), specs)
        image = self.images.get(context, request["image"])
        instance = cloud.make_instance(self.objects, context, request["name"], image, flavor)
        self.known[request["name"]] = (context, instance.uuid, image["id"], request.get("ports", "new"))
        try:
            self.start_new(request["name"])
        except Exception:
            self.do_delete(request)  # as the compute manager does
            raise
        return self.do_state(request) | {"uuid": instance.uuid, "domain": instance.name}

    def start_new(self, name):
        context, instance, ports, disks = self.parts(name)
        self.driver.spawn(context, instance, instance.image_meta, [], None, {}, network_info=ports, block_device_info=disks)

    def parts(self, name):
        """Context, instance, ports and disks of an instance: what most of the driver's methods begin with."""
        context, identity, image, ports = self.known[name]
        instance = cloud.load_instance(self.objects, context, identity)
        return (context, instance, cloud.Ports.of(instance, ports, bridged=int(self.version.split(".")[0]) < 30),
                cloud.make_disks(self.objects, context, instance, image))

    def method(self, name, *arguments, **options):
        """A method of the driver; of @options those that this version of it has."""
        method = getattr(self.driver, name)
        accepted = inspect.signature(method).parameters
        return method(*arguments, **{key: value for key, value in options.items() if key in accepted})

    def do_state(self, request):
        from nova.compute import power_state
        instance = self.parts(request["name"])[1]
        return {"state": power_state.STATE_MAP[self.driver.get_info(instance, use_cache=False).state]}

    def do_reboot(self, request, kind="HARD"):
        context, instance, ports, disks = self.parts(request["name"])
        self.driver.reboot(context, instance, ports, kind, block_device_info=disks)
        return self.do_state(request)

    def do_soft_reboot(self, request):
        return self.do_reboot(request, "SOFT")

    def do_pause(self, request):
        self.driver.pause(self.parts(request["name"])[1])
        return self.do_state(request)

    def do_unpause(self, request):
        self.driver.unpause(self.parts(request["name"])[1])
        return self.do_state(request)

    def do_stop(self, request):
        context, instance, _, _ = self.parts(request["name"])
        wanted = inspect.signature(self.driver.power_off).parameters
        self.driver.power_off(*([context] if "context" in wanted else []), instance)
        return self.do_state(request)

    def do_start(self, request):
        context, instance, ports, disks = self.parts(request["name"])
        self.driver.power_on(context, instance, ports, disks)
        return self.do_state(request)

    def do_host_boot(self, request):
        """As nova-compute starts an instance again when its host has been rebooted."""
        context, instance, ports, disks = self.parts(request["name"])
        self.method("resume_state_on_host_boot", context, instance, ports, block_device_info=disks, share_info=self.no_shares())
        return self.do_state(request)

    def do_rescue(self, request):
        context, instance, ports, disks = self.parts(request["name"])
        self.method("rescue", context, instance, ports, instance.image_meta, "password", disks, share_info=self.no_shares())
        return self.do_state(request)

    def do_unrescue(self, request):
        context, instance, _, _ = self.parts(request["name"])
        self.driver.unrescue(context, instance)
        return self.do_state(request)

    def do_rebuild(self, request):
        """As the compute manager does, where the driver has no way of its own: destroy, then spawn."""
        self.driver.destroy(*self.parts(request["name"]))
        self.start_new(request["name"])
        return self.do_state(request)

    def do_migrate(self, request):
        """Cold migration, or resize, with this host as its own target."""
        context, instance, ports, disks = self.parts(request["name"])
        instance.old_flavor = instance.new_flavor = instance.flavor
        moved = self.driver.migrate_disk_and_power_off(context, instance, "127.0.0.1", instance.flavor, ports, disks)
        migration = self.objects.Migration(context, source_compute=cloud.NODE, dest_compute=cloud.NODE,
                                           instance_uuid=instance.uuid, status="migrating", migration_type="migration")
        self.driver.finish_migration(context, migration, instance, moved, ports, instance.image_meta, False, {}, disks,
                                     power_on=True)
        return self.do_state(request)

    def do_delete(self, request):
        self.driver.destroy(*self.parts(request["name"]))
        del self.known[request["name"]]
        return {}

    def no_shares(self):
        kind = getattr(self.objects, "ShareMappingList", None)
        return kind() if kind is not None else None


def answer(instances, line):
    began = time.monotonic()
    try:
        request = json.loads(line)
        reply = {"ok": True} | getattr(instances, "do_" + request["do"].replace("-", "_"))(request)
    except Exception as error:  # pylint: disable=broad-except
        traceback.print_exc()
        reply = {"ok": False, "error": f"{type(error).__name__}: {error}"}
    return reply | {"calls": instances.calls.take(), "seconds": round(time.monotonic() - began, 3)}


def main():
    # What anything in Nova prints goes to the log; the answers have the real standard output to themselves.
    with os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1) as out:
        os.dup2(2, 1)
        instances = Instances(os.path.abspath(sys.argv[1]), sys.argv[2:])
        print(json.dumps({"ok": True, "version": instances.version}), file=out)
        for line in sys.stdin:
            print(json.dumps(answer(instances, line)), file=out)
        out.flush()
    os._exit(0)  # threads of libvirt's events do not end by themselves


if __name__ == "__main__":
    main()
