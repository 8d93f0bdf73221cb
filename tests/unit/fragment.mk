# SPDX-License-Identifier: LGPL-2.1-or-later
# tests/unit/test-X.c tests src/*/X.c. Each program is one line here and one in its folder's group.
core_tests = tests/unit/test-core
check_PROGRAMS += $(core_tests)
TESTS += $(core_tests)
tests_unit_test_core_SOURCES = tests/unit/test-core.c
tests_unit_test_core_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
tests_unit_test_core_LDADD = libva-core-json.la libva-core.la $(JSON_LIBS) $(GLIB_LIBS)

http_tests = tests/unit/test-problem
check_PROGRAMS += $(http_tests)
TESTS += $(http_tests)
tests_unit_test_problem_SOURCES = tests/unit/test-problem.c
tests_unit_test_problem_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
tests_unit_test_problem_LDADD = libva-api.la libva-core-json.la libva-core.la $(JSON_LIBS) $(GLIB_LIBS)
doc_tests = tests/unit/test-man.sh tests/unit/test-data.sh
TESTS += $(doc_tests)
EXTRA_DIST += $(doc_tests) tests/unit/tap.sh

qmp_tests = tests/unit/test-qmp-codec tests/unit/test-qmp-client
check_PROGRAMS += $(qmp_tests)
TESTS += $(qmp_tests)
tests_unit_test_qmp_codec_SOURCES = tests/unit/test-qmp-codec.c
tests_unit_test_qmp_codec_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
tests_unit_test_qmp_codec_LDADD = libva-qmp.la libva-core-json.la libva-core.la $(JSON_LIBS) $(GLIB_LIBS)
tests_unit_test_qmp_client_SOURCES = tests/unit/test-qmp-client.c tests/unit/monitor.c tests/unit/monitor.h
tests_unit_test_qmp_client_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
tests_unit_test_qmp_client_LDADD = libva-qmp.la libva-core-json.la libva-core.la $(JSON_LIBS) $(GLIB_LIBS)
