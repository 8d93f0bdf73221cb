# SPDX-License-Identifier: LGPL-2.1-or-later
# libva-sev: the formats of SEV; pure functions, no I/O.
noinst_LTLIBRARIES += libva-sev.la
libva_sev_la_SOURCES = \
	src/sev/agreement.c src/sev/agreement.h \
	src/sev/amd-certificate.c \
	src/sev/bundle.c src/sev/bundle.h \
	src/sev/bytes.h \
	src/sev/certificate.c src/sev/certificate.h \
	src/sev/chain.c src/sev/chain.h \
	src/sev/digest.c src/sev/digest.h \
	src/sev/error.c src/sev/error.h \
	src/sev/explain.c src/sev/explain.h src/sev/explain-private.h \
	src/sev/explain-claims.c src/sev/explain-cmdline.c src/sev/explain-cpus.c \
	src/sev/firmware.c src/sev/firmware.h \
	src/sev/firmware-error.c src/sev/firmware-error.h \
	src/sev/firmware-image.c src/sev/firmware-image.h \
	src/sev/firmware-volume.c src/sev/firmware-volume.h \
	src/sev/kernel-image.c src/sev/kernel-image.h \
	src/sev/given.c src/sev/given.h src/sev/given-name.c \
	src/sev/measurement.c src/sev/measurement.h \
	src/sev/packet.c src/sev/packet.h \
	src/sev/policy.c src/sev/policy.h \
	src/sev/roots.c src/sev/roots.h \
	src/sev/session.c src/sev/session.h \
	src/sev/signature.c \
	src/sev/vmsa.c src/sev/vmsa.h
libva_sev_la_CFLAGS = $(AM_CFLAGS) $(NETTLE_CFLAGS)
libva_sev_la_LIBADD = libva-core.la $(NETTLE_LIBS) $(GMP_LIBS) $(GLIB_LIBS)
