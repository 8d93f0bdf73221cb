# SPDX-License-Identifier: LGPL-2.1-or-later
# A fuzz target is fuzz-NAME.c with LLVMFuzzerTestOneInput(), seeds in corpus/NAME/, and its one line here.
# Ordinary builds link it with replay.c: a test over the seeds and what comes of cutting and flipping them.
# --enable-fuzzing (clang) links it with libFuzzer: make fuzz SECONDS=60, or FUZZ=NAME for one target.
fuzz_targets =
fuzz_targets += tests/fuzz/fuzz-amd-cert
fuzz_targets += tests/fuzz/fuzz-domain-xml
fuzz_targets += tests/fuzz/fuzz-firmware
fuzz_targets += tests/fuzz/fuzz-given
fuzz_targets += tests/fuzz/fuzz-json
fuzz_targets += tests/fuzz/fuzz-local
fuzz_targets += tests/fuzz/fuzz-markup
fuzz_targets += tests/fuzz/fuzz-message
fuzz_targets += tests/fuzz/fuzz-object
fuzz_targets += tests/fuzz/fuzz-qmp
fuzz_targets += tests/fuzz/fuzz-sev-cert
fuzz_targets += tests/fuzz/fuzz-text
fuzz_targets += tests/fuzz/fuzz-vmsa

EXTRA_DIST += tests/fuzz/corpus

# The default of automake for programs without an LDADD of their own, which are just the fuzz targets.
LDADD = $(fuzz_engine) $(fuzz_common)
fuzz_common = libva-sev.la libva-codec.la libva-core.la $(JSON_LIBS) $(GLIB_LIBS)
tests_fuzz_fuzz_domain_xml_LDADD = $(fuzz_engine) libva-domain.la $(fuzz_common)
tests_fuzz_fuzz_local_LDADD = $(fuzz_engine) libva-host.la $(fuzz_common)
tests_fuzz_fuzz_markup_CFLAGS = $(AM_CFLAGS) $(XML_CFLAGS)
tests_fuzz_fuzz_markup_LDADD = $(fuzz_engine) $(fuzz_common) $(XML_LIBS)
tests_fuzz_fuzz_object_SOURCES = tests/fuzz/fuzz-object.c emulator/object.c emulator/object.h
tests_fuzz_fuzz_message_LDADD = $(fuzz_engine) libva-api.la $(fuzz_common)
tests_fuzz_fuzz_qmp_LDADD = $(fuzz_engine) libva-qmp.la $(fuzz_common)
tests/fuzz/fuzz-%.o: AM_CPPFLAGS += $(JSON_CFLAGS)

if VA_FUZZ
noinst_PROGRAMS += $(fuzz_targets)
fuzz_engine = $(VA_FUZZ_ENGINE)
else
check_PROGRAMS += $(fuzz_targets)
TESTS += $(fuzz_targets)
check_LTLIBRARIES += libva-fuzz-replay.la
libva_fuzz_replay_la_SOURCES = tests/fuzz/replay.c
fuzz_engine = libva-fuzz-replay.la
endif
EXTRA_DIST += tests/fuzz/fuzz.h tests/fuzz/replay.c tests/fuzz/run

SECONDS = 60
.PHONY: fuzz
if VA_FUZZ
fuzz: $(fuzz_targets)
	$(SHELL) $(top_srcdir)/tests/fuzz/run $(top_srcdir)/tests/fuzz/corpus $(SECONDS) \
	  $(if $(FUZZ),tests/fuzz/fuzz-$(FUZZ),$(fuzz_targets))
else
fuzz:
	@echo 'make fuzz needs a build with clang: configure --enable-fuzzing CC=clang' >&2; exit 1
endif
