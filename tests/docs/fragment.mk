# SPDX-License-Identifier: LGPL-2.1-or-later
# What documents, schemas, examples and the tree say of each other and of the programs.
doc_tests = \
	tests/docs/test-cli-man.py \
	tests/docs/test-code.py \
	tests/docs/test-completion.sh \
	tests/docs/test-data.sh \
	tests/docs/test-man-examples.py \
	tests/docs/test-man.sh \
	tests/docs/test-schemas.py \
	tests/docs/test-setup.sh \
	tests/docs/test-tree.sh
TESTS += $(doc_tests)
EXTRA_DIST += $(doc_tests) tests/docs/message_tables.py tests/setup.sh

# Reads messages as the programs do, for test-schemas.py.
check_PROGRAMS += tests/docs/read-message
tests_docs_read_message_SOURCES = tests/docs/read-message.c
tests_docs_read_message_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
tests_docs_read_message_LDADD = libva-api.la libva-domain.la libva-sev.la libva-codec.la libva-core.la $(JSON_LIBS) $(GLIB_LIBS)
EXTRA_DIST += \
	tests/data/messages/approval.json \
	tests/data/messages/host-features.json \
	tests/data/messages/launch-grant.json \
	tests/data/messages/launch-pending.json \
	tests/data/messages/launch-request.json \
	tests/data/messages/launch-selection.json \
	tests/data/messages/outcome.json \
	tests/data/messages/registration.json \
	tests/data/messages/validate-reply.json \
	tests/data/messages/validate-request.json
