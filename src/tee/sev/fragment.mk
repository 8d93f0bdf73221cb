# SPDX-License-Identifier: LGPL-2.1-or-later
# libva-sev: the formats of SEV; pure functions, no I/O.
noinst_LTLIBRARIES += libva-sev.la
libva_sev_la_SOURCES = \
	src/tee/sev/agreement.c src/tee/sev/agreement.h \
	src/tee/sev/amd-certificate.c \
	src/tee/sev/bundle.c src/tee/sev/bundle.h \
	src/tee/sev/bytes.h \
	src/tee/sev/certificate.c src/tee/sev/certificate.h \
	src/tee/sev/chain.c src/tee/sev/chain.h \
	src/tee/sev/digest.c src/tee/sev/digest.h \
	src/tee/sev/error.c src/tee/sev/error.h \
	src/tee/sev/evidence.c \
	src/tee/sev/explain.c src/tee/sev/explain.h \
	src/tee/sev/explain-claims.c \
	src/tee/sev/explain-cmdline.c \
	src/tee/sev/explain-cpus.c \
	src/tee/sev/explain-kind.c \
	src/tee/sev/explain-private.h \
	src/tee/sev/explain-try.c \
	src/tee/sev/firmware.c src/tee/sev/firmware.h \
	src/tee/sev/firmware-error.c src/tee/sev/firmware-error.h \
	src/tee/sev/firmware-image.c src/tee/sev/firmware-image.h \
	src/tee/sev/firmware-volume.c src/tee/sev/firmware-volume.h \
	src/tee/sev/given.c src/tee/sev/given.h \
	src/tee/sev/given-name.c \
	src/tee/sev/image.c src/tee/sev/image.h \
	src/tee/sev/kernel-image.c src/tee/sev/kernel-image.h \
	src/tee/sev/measurement.c src/tee/sev/measurement.h \
	src/tee/sev/mismatch.c src/tee/sev/mismatch.h \
	src/tee/sev/packet.c src/tee/sev/packet.h \
	src/tee/sev/platform.c src/tee/sev/platform.h \
	src/tee/sev/policy.c src/tee/sev/policy.h \
	src/tee/sev/roots.c src/tee/sev/roots.h \
	src/tee/sev/seam.h \
	src/tee/sev/session.c src/tee/sev/session.h \
	src/tee/sev/signature.c \
	src/tee/sev/tee.c \
	src/tee/sev/vmsa.c src/tee/sev/vmsa.h
libva_sev_la_CFLAGS = $(AM_CFLAGS) $(NETTLE_CFLAGS)
libva_sev_la_LIBADD = libva-core.la $(NETTLE_LIBS) $(GMP_LIBS) $(GLIB_LIBS)
