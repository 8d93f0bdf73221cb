# SPDX-License-Identifier: LGPL-2.1-or-later
# make bench: ratios measured in one run, in bench-results.json too; BENCH_QUICK=1 takes a minute. make bench-docs also
# draws charts into docs/ and writes the figures into docs/PERFORMANCE.md; make bench-profile says where the service's
# time goes.
bench_programs = tests/bench/bench-packets tests/bench/bench-primitives tests/bench/bench-platforms \
	tests/bench/bench-commits tests/bench/bench-hello tests/bench/bench-load
EXTRA_PROGRAMS = $(bench_programs)
bench_cppflags = $(AM_CPPFLAGS) -I$(top_srcdir)/tests

tests_bench_bench_packets_SOURCES = tests/bench/bench-packets.c
tests_bench_bench_packets_CFLAGS = $(AM_CFLAGS) $(NETTLE_CFLAGS)
tests_bench_bench_packets_LDADD = libva-sev.la libva-core.la $(NETTLE_LIBS) $(GMP_LIBS) $(GLIB_LIBS)

tests_bench_bench_primitives_SOURCES = tests/bench/bench-primitives.c
tests_bench_bench_primitives_CFLAGS = $(AM_CFLAGS) $(NETTLE_CFLAGS)
tests_bench_bench_primitives_LDADD = libva-core.la $(NETTLE_LIBS) $(GMP_LIBS) $(GLIB_LIBS)

tests_bench_bench_platforms_SOURCES = $(platform_psp) $(platform_making) tests/bench/bench-platforms.c
tests_bench_bench_platforms_CPPFLAGS = $(platform_cppflags)
tests_bench_bench_platforms_CFLAGS = $(AM_CFLAGS) $(NETTLE_CFLAGS)
tests_bench_bench_platforms_LDADD = libva-core.la $(NETTLE_LIBS) $(GMP_LIBS) $(GLIB_LIBS)

tests_bench_bench_commits_SOURCES = tests/bench/bench-commits.c
tests_bench_bench_commits_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
tests_bench_bench_commits_LDADD = $(SQLITE_LIBS) $(GLIB_LIBS)

tests_bench_bench_hello_SOURCES = tests/bench/bench-hello.c
tests_bench_bench_hello_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS) $(GNUTLS_CFLAGS)
tests_bench_bench_hello_LDADD = libva-http-server.la libva-api.la libva-codec.la libva-core.la $(JSON_LIBS) \
	$(GNUTLS_LIBS) $(GLIB_LIBS)

tests_bench_bench_load_SOURCES = tests/bench/bench-load.c tests/bench/load-connection.c tests/bench/load.h
tests_bench_bench_load_CPPFLAGS = $(bench_cppflags)
tests_bench_bench_load_CFLAGS = $(AM_CFLAGS) $(GNUTLS_CFLAGS)
tests_bench_bench_load_LDADD = $(GNUTLS_LIBS) $(GLIB_LIBS)

EXTRA_DIST += tests/bench/bench.py tests/bench/charts.py tests/bench/databases.py tests/bench/drawing.py \
	tests/bench/machine.py tests/bench/memory.py tests/bench/results.py tests/bench/service-profile.py \
	tests/bench/speed.py tests/bench/stage.py tests/bench/start-cost.py
CLEANFILES += $(bench_programs) bench-results.json start-cost.json bench-profile.txt

bench_run = BENCH_QUICK='$(BENCH_QUICK)' VA_TOP_SRCDIR='$(abs_top_srcdir)' VA_TOP_BUILDDIR='$(abs_top_builddir)' \
	PYTHONPATH='$(abs_top_srcdir)/tests' PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 $(srcdir)/tests/bench
.PHONY: bench bench-docs bench-profile start-cost
bench: all $(bench_programs)
	$(bench_run)/bench.py
bench-docs: all $(bench_programs)
	BENCH_DOCS=1 $(bench_run)/bench.py
bench-profile: all $(bench_programs)
	$(bench_run)/service-profile.py
# What we add to "virsh start": root, libvirt and QEMU are needed.
start-cost: all
	$(bench_run)/start-cost.py
