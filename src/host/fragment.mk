# SPDX-License-Identifier: LGPL-2.1-or-later
noinst_LTLIBRARIES += libva-host.la
libva_host_la_SOURCES = \
	src/host/agent.c src/host/agent.h \
	src/host/certificate.c src/host/certificate.h \
	src/host/cek.c src/host/cek.h \
	src/host/channel.c src/host/channel.h \
	src/host/channel-libvirt.c \
	src/host/channel-qmp.c \
	src/host/guard.c src/host/guard.h \
	src/host/hypervisor.c src/host/hypervisor.h \
	src/host/features.c src/host/features.h \
	src/host/gate.c src/host/gate.h \
	src/host/hook.c src/host/hook.h \
	src/host/launch.c src/host/launch.h src/host/launch-private.h \
	src/host/launch-serve.c \
	src/host/launches.c src/host/launches.h \
	src/host/loader.c src/host/loader.h \
	src/host/log.c src/host/log.h \
	src/host/marker.c src/host/marker.h \
	src/host/monitor.c src/host/monitor.h \
	src/host/outcomes.c src/host/outcomes.h \
	src/host/paused.c src/host/paused.h \
	src/host/platform.c src/host/platform.h \
	src/host/qemu-log.c src/host/qemu-log.h \
	src/host/question.c src/host/question.h \
	src/host/reconcile.c src/host/reconcile.h \
	src/host/record.c src/host/record.h \
	src/host/service.c src/host/service.h \
	src/host/settings.c src/host/settings.h \
	src/host/sevinfo.c src/host/sevinfo.h \
	src/host/sockets.c src/host/sockets.h \
	src/host/watch.c src/host/watch.h \
	src/host/work.c src/host/work.h
libva_host_la_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS) $(LIBVIRT_CFLAGS)
libva_host_la_LIBADD = libva-qmp.la libva-http-client.la libva-domain.la libva-api.la libva-sev.la libva-core-json.la \
	$(LIBVIRT_LIBS) $(JSON_LIBS) $(GLIB_LIBS)

sbin_PROGRAMS += virt-attest-hostd
virt_attest_hostd_SOURCES = src/host/hostd.c
virt_attest_hostd_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS) $(LIBVIRT_CFLAGS) $(SYSTEMD_CFLAGS)
virt_attest_hostd_LDADD = libva-host.la libva-journal.la libva-core.la $(SYSTEMD_LIBS) $(GLIB_LIBS)
