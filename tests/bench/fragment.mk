# SPDX-License-Identifier: LGPL-2.1-or-later
# make bench: ratios measured in one run, in bench-results.json too.
EXTRA_PROGRAMS = tests/bench/bench-packets
tests_bench_bench_packets_SOURCES = tests/bench/bench-packets.c
tests_bench_bench_packets_CFLAGS = $(AM_CFLAGS) $(NETTLE_CFLAGS)
tests_bench_bench_packets_LDADD = libva-sev.la libva-core.la $(NETTLE_LIBS) $(GMP_LIBS) $(GLIB_LIBS)
EXTRA_DIST += tests/bench/bench.py
CLEANFILES += tests/bench/bench-packets bench-results.json

.PHONY: bench
bench: all tests/bench/bench-packets
	VA_TOP_SRCDIR='$(abs_top_srcdir)' VA_TOP_BUILDDIR='$(abs_top_builddir)' /usr/bin/python3 $(srcdir)/tests/bench/bench.py
