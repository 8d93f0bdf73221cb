# SPDX-License-Identifier: LGPL-2.1-or-later
noinst_LTLIBRARIES += libva-host.la
libva_host_la_SOURCES = \
	src/host/agent.c src/host/agent.h \
	src/host/cek.c src/host/cek.h \
	src/host/certificate.c src/host/certificate.h \
	src/host/configuration.c src/host/configuration.h \
	src/host/launch/channel.c src/host/launch/channel.h \
	src/host/launch/channel-libvirt.c \
	src/host/launch/channel-qmp.c \
	src/host/launch/guard.c src/host/launch/guard.h \
	src/host/launch/launch.c src/host/launch/launch.h \
	src/host/launch/launch-private.h \
	src/host/launch/launches.c src/host/launch/launches.h \
	src/host/launch/marker.c src/host/launch/marker.h \
	src/host/launch/monitor.c src/host/launch/monitor.h \
	src/host/launch/outcomes.c src/host/launch/outcomes.h \
	src/host/launch/paused.c src/host/launch/paused.h \
	src/host/launch/reconcile.c src/host/launch/reconcile.h \
	src/host/launch/record.c src/host/launch/record.h \
	src/host/launch/serve.c \
	src/host/launch/watch.c src/host/launch/watch.h \
	src/host/libvirt/features.c src/host/libvirt/features.h \
	src/host/libvirt/hypervisor.c src/host/libvirt/hypervisor.h \
	src/host/libvirt/sevinfo.c src/host/libvirt/sevinfo.h \
	src/host/loader.c src/host/loader.h \
	src/host/local/gate.c src/host/local/gate.h \
	src/host/local/hook.c src/host/local/hook.h \
	src/host/local/question.c src/host/local/question.h \
	src/host/local/selection.c src/host/local/selection.h \
	src/host/local/sockets.c src/host/local/sockets.h \
	src/host/log.c src/host/log.h \
	src/host/platform.c src/host/platform.h \
	src/host/qemu-log.c src/host/qemu-log.h \
	src/host/service-client.c src/host/service-client.h \
	src/host/work.c src/host/work.h
libva_host_la_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS) $(LIBVIRT_CFLAGS)
libva_host_la_LIBADD = libva-qmp.la libva-http-client.la libva-domain.la libva-api.la libva-sev.la libva-codec.la \
	$(LIBVIRT_LIBS) $(JSON_LIBS) $(GLIB_LIBS)

sbin_PROGRAMS += virt-attest-hostd
virt_attest_hostd_SOURCES = src/host/hostd.c
virt_attest_hostd_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS) $(LIBVIRT_CFLAGS) $(SYSTEMD_CFLAGS)
virt_attest_hostd_LDADD = libva-host.la libva-journal.la libva-core.la $(SYSTEMD_LIBS) $(GLIB_LIBS)
