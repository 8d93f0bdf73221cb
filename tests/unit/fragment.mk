# SPDX-License-Identifier: LGPL-2.1-or-later
# tests/unit/test-X.c tests src/*/X.c. Each program is one line here and one in its folder's group.
core_tests = \
	tests/unit/test-core \
	tests/unit/test-json
check_PROGRAMS += $(core_tests)
TESTS += $(core_tests)
tests_unit_test_core_SOURCES = tests/unit/test-core.c
tests_unit_test_core_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
tests_unit_test_core_LDADD = libva-codec.la libva-core.la $(JSON_LIBS) $(GLIB_LIBS)
tests_unit_test_json_SOURCES = tests/unit/test-json.c
tests_unit_test_json_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
tests_unit_test_json_LDADD = libva-codec.la libva-core.la $(JSON_LIBS) $(GLIB_LIBS)

sev_tests = \
	tests/unit/test-certificate \
	tests/unit/test-chain \
	tests/unit/test-digest \
	tests/unit/test-firmware \
	tests/unit/test-given \
	tests/unit/test-measurement \
	tests/unit/test-packet \
	tests/unit/test-session tests/unit/test-tee tests/unit/test-vmsa tests/unit/test-explain
check_PROGRAMS += $(sev_tests)
TESTS += $(sev_tests)
check_LTLIBRARIES += libva-test-sev.la
libva_test_sev_la_SOURCES = tests/unit/sev-data.c tests/unit/sev-data.h
libva_test_sev_la_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
libva_test_sev_la_LIBADD = libva-sev.la libva-codec.la $(JSON_LIBS)
tests_unit_test_certificate_LDADD = libva-test-sev.la $(GLIB_LIBS)
tests_unit_test_chain_LDADD = libva-test-sev.la $(GLIB_LIBS)
tests_unit_test_digest_LDADD = libva-test-sev.la $(GLIB_LIBS)
tests_unit_test_firmware_LDADD = libva-test-sev.la $(GLIB_LIBS)
tests_unit_test_measurement_LDADD = libva-test-sev.la $(GLIB_LIBS)
tests_unit_test_given_LDADD = libva-test-sev.la $(GLIB_LIBS)
tests_unit_test_tee_LDADD = libva-test-sev.la $(GLIB_LIBS)
tests_unit_test_vmsa_LDADD = libva-test-sev.la $(GLIB_LIBS)
tests_unit_test_packet_LDADD = libva-test-sev.la $(NETTLE_LIBS) $(GLIB_LIBS)
tests_unit_test_session_LDADD = libva-test-sev.la $(NETTLE_LIBS) $(GMP_LIBS) $(GLIB_LIBS)
EXTRA_DIST += \
	tests/data/cases/es-1cpu-p5-EPYC-v4/expected.json tests/data/cases/es-1cpu-p5-EPYC-v4/peer-secret-header.b64 \
	tests/data/cases/es-1cpu-p5-EPYC-v4/peer-secret-payload.b64 tests/data/cases/es-1cpu-p5-EPYC-v4/tek.bin \
	tests/data/cases/es-1cpu-p5-EPYC-v4/tik.bin tests/data/cases/es-1cpu-p5-EPYC-v4/tk.bin \
	tests/data/cases/sev-aligned-secret-p1/expected.json \
	tests/data/cases/sev-aligned-secret-p1/peer-secret-header.b64 \
	tests/data/cases/sev-aligned-secret-p1/peer-secret-payload.b64 tests/data/cases/sev-aligned-secret-p1/tek.bin \
	tests/data/cases/sev-aligned-secret-p1/tik.bin tests/data/cases/sev-aligned-secret-p1/tk.bin \
	tests/data/cases/sev-plain-p1/expected.json tests/data/cases/sev-plain-p1/peer-secret-header.b64 \
	tests/data/cases/sev-plain-p1/peer-secret-payload.b64 tests/data/cases/sev-plain-p1/tek.bin \
	tests/data/cases/sev-plain-p1/tik.bin tests/data/cases/sev-plain-p1/tk.bin tests/data/chains/naples/cek.cert \
	tests/data/chains/naples/oca.cert tests/data/chains/naples/pdh.cert tests/data/chains/naples/pek.cert \
	tests/data/inputs/cmdline.txt tests/data/inputs/initrd-empty.bin tests/data/inputs/initrd.bin \
	tests/data/inputs/kernel.bin tests/data/inputs/secret-1.bin tests/data/inputs/secret-32.bin \
	tests/data/inputs/secret-4k.bin tests/data/inputs/secret-8.bin tests/data/inputs/secret-luks.txt \
	tests/data/roots/genoa/ark.cert tests/data/roots/genoa/ask.cert tests/data/roots/milan/ark.cert \
	tests/data/roots/milan/ask.cert tests/data/roots/naples/ark.cert tests/data/roots/naples/ask.cert \
	tests/data/roots/rome/ark.cert tests/data/roots/rome/ask.cert tests/data/roots/turin/ark.cert \
	tests/data/roots/turin/ask.cert

server_tests = \
	tests/unit/test-server-answers \
	tests/unit/test-server-handshake \
	tests/unit/test-server-heads \
	tests/unit/test-server-limits
http_tests = \
	tests/unit/test-ca \
	tests/unit/test-client \
	tests/unit/test-client-answers \
	tests/unit/test-client-keeper \
	tests/unit/test-identity \
	tests/unit/test-nova \
	tests/unit/test-problem \
	$(server_tests)
check_PROGRAMS += $(http_tests)
TESTS += $(http_tests)
tests_unit_test_nova_SOURCES = tests/unit/test-nova.c
tests_unit_test_nova_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
tests_unit_test_nova_LDADD = libva-api.la libva-sev.la libva-codec.la libva-core.la $(JSON_LIBS) $(GLIB_LIBS)
tests_unit_test_problem_SOURCES = tests/unit/test-problem.c
tests_unit_test_problem_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
tests_unit_test_problem_LDADD = libva-api.la libva-sev.la libva-codec.la libva-core.la $(JSON_LIBS) $(GLIB_LIBS)
check_LTLIBRARIES += libva-test-server.la
libva_test_server_la_SOURCES = \
	tests/unit/server-fixture.c tests/unit/server-fixture.h \
	tests/unit/tls-fixture.c tests/unit/tls-fixture.h
libva_test_server_la_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS) $(GNUTLS_CFLAGS)
libva_test_server_la_LIBADD = libva-http-server.la
server_test_cflags = $(AM_CFLAGS) $(JSON_CFLAGS) $(GNUTLS_CFLAGS)
server_test_libs = libva-test-server.la $(GNUTLS_LIBS) $(JSON_LIBS) $(GLIB_LIBS)
tests_unit_test_server_answers_CFLAGS = $(server_test_cflags)
tests_unit_test_server_answers_LDADD = $(server_test_libs)
tests_unit_test_server_handshake_CFLAGS = $(server_test_cflags)
tests_unit_test_server_handshake_LDADD = $(server_test_libs)
tests_unit_test_server_heads_CFLAGS = $(server_test_cflags)
tests_unit_test_server_heads_LDADD = $(server_test_libs)
tests_unit_test_server_limits_CFLAGS = $(server_test_cflags)
tests_unit_test_server_limits_LDADD = $(server_test_libs)
tests_unit_test_ca_SOURCES = tests/unit/test-ca.c tests/unit/tls-fixture.c tests/unit/tls-fixture.h
tests_unit_test_ca_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS) $(GNUTLS_CFLAGS)
tests_unit_test_ca_LDADD = libva-pki.la $(GNUTLS_LIBS) $(JSON_LIBS) $(GLIB_LIBS)
tests_unit_test_identity_SOURCES = tests/unit/test-identity.c tests/unit/tls-fixture.c tests/unit/tls-fixture.h
tests_unit_test_identity_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS) $(GNUTLS_CFLAGS)
tests_unit_test_identity_LDADD = libva-pki.la $(GNUTLS_LIBS) $(JSON_LIBS) $(GLIB_LIBS)
client_fixture = tests/unit/client-fixture.c tests/unit/client-fixture.h tests/unit/tls-fixture.c tests/unit/tls-fixture.h
tests_unit_test_client_SOURCES = tests/unit/test-client.c $(client_fixture)
tests_unit_test_client_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS) $(GNUTLS_CFLAGS)
tests_unit_test_client_LDADD = libva-http-client.la libva-http-server.la $(GNUTLS_LIBS) $(JSON_LIBS) $(GLIB_LIBS)
tests_unit_test_client_keeper_SOURCES = tests/unit/test-client-keeper.c $(client_fixture)
tests_unit_test_client_keeper_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS) $(GNUTLS_CFLAGS)
tests_unit_test_client_keeper_LDADD = libva-http-client.la libva-http-server.la $(GNUTLS_LIBS) $(JSON_LIBS) $(GLIB_LIBS)
tests_unit_test_client_answers_SOURCES = tests/unit/test-client-answers.c $(client_fixture)
tests_unit_test_client_answers_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS) $(GNUTLS_CFLAGS)
tests_unit_test_client_answers_LDADD = libva-http-client.la libva-http-server.la $(GNUTLS_LIBS) $(JSON_LIBS) $(GLIB_LIBS)

qmp_tests = tests/unit/test-qmp-codec tests/unit/test-qmp-client
check_PROGRAMS += $(qmp_tests)
TESTS += $(qmp_tests)
tests_unit_test_qmp_codec_SOURCES = tests/unit/test-qmp-codec.c
tests_unit_test_qmp_codec_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
tests_unit_test_qmp_codec_LDADD = libva-qmp.la libva-codec.la libva-core.la $(JSON_LIBS) $(GLIB_LIBS)
tests_unit_test_qmp_client_SOURCES = tests/unit/test-qmp-client.c tests/unit/monitor.c tests/unit/monitor.h
tests_unit_test_qmp_client_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
tests_unit_test_qmp_client_LDADD = libva-qmp.la libva-codec.la libva-core.la $(JSON_LIBS) $(GLIB_LIBS)
domain_tests = tests/unit/test-domain-nova tests/unit/test-domain-xml tests/unit/test-domain-prepare
check_PROGRAMS += $(domain_tests)
TESTS += $(domain_tests)
tests_unit_test_domain_nova_SOURCES = tests/unit/test-domain-nova.c
tests_unit_test_domain_nova_LDADD = libva-domain.la libva-sev.la libva-codec.la libva-core.la $(XML_LIBS) $(JSON_LIBS) $(GLIB_LIBS)
tests_unit_test_domain_xml_SOURCES = tests/unit/test-domain-xml.c
tests_unit_test_domain_xml_LDADD = libva-domain.la libva-sev.la libva-codec.la libva-core.la $(XML_LIBS) $(JSON_LIBS) $(GLIB_LIBS)
tests_unit_test_domain_prepare_SOURCES = tests/unit/test-domain-prepare.c
tests_unit_test_domain_prepare_LDADD = libva-domain.la libva-sev.la libva-codec.la libva-core.la $(XML_LIBS) $(JSON_LIBS) $(GLIB_LIBS)
EXTRA_DIST += tests/data/domains/crowded-prepared.xml tests/data/domains/crowded.xml \
	tests/data/domains/half-prepared.xml tests/data/domains/half.xml \
	tests/data/domains/plain-prepared.xml tests/data/domains/plain.xml
audit_tests = tests/unit/test-audit-entry
check_PROGRAMS += $(audit_tests)
TESTS += $(audit_tests)
tests_unit_test_audit_entry_SOURCES = tests/unit/test-audit-entry.c
tests_unit_test_audit_entry_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
tests_unit_test_audit_entry_LDADD = libva-audit.la libva-codec.la libva-core.la $(JSON_LIBS) $(GLIB_LIBS)

store_tests = \
	tests/unit/test-kek \
	tests/unit/test-kek-token \
	tests/unit/test-kek-token-login \
	tests/unit/test-rekey \
	tests/unit/test-seal \
	tests/unit/test-store \
	tests/unit/test-store-commits \
	tests/unit/test-store-launches \
	tests/unit/test-store-objects \
	tests/unit/test-store-pages \
	tests/unit/test-store-tables
check_PROGRAMS += $(store_tests)
TESTS += $(store_tests)
store_test_cflags = $(AM_CFLAGS) $(JSON_CFLAGS) $(SQLITE_CFLAGS) $(PQ_CFLAGS)
store_test_libs = libva-test-store.la libva-store.la libva-audit.la libva-codec.la libva-core.la $(JSON_LIBS) $(SQLITE_LIBS) $(PQ_LIBS) $(GLIB_LIBS)
check_LTLIBRARIES += libva-test-store.la
libva_test_store_la_SOURCES = tests/unit/store-fixture.c tests/unit/store-fixture.h
libva_test_store_la_CFLAGS = $(store_test_cflags)
tests_unit_test_kek_SOURCES = tests/unit/test-kek.c tests/unit/kek-checks.c tests/unit/kek-checks.h
tests_unit_test_kek_LDADD = libva-store.la libva-core.la $(GLIB_LIBS)
token_fixture = \
	tests/unit/kek-checks.c tests/unit/kek-checks.h \
	tests/unit/soft-token.c tests/unit/soft-token.h \
	tests/unit/token-fixture.c tests/unit/token-fixture.h
tests_unit_test_kek_token_SOURCES = tests/unit/test-kek-token.c $(token_fixture)
tests_unit_test_kek_token_CFLAGS = $(AM_CFLAGS) $(P11KIT_CFLAGS)
tests_unit_test_kek_token_LDADD = libva-store.la libva-core.la $(P11KIT_LIBS) $(GLIB_LIBS)
tests_unit_test_kek_token_login_SOURCES = tests/unit/test-kek-token-login.c $(token_fixture)
tests_unit_test_kek_token_login_CFLAGS = $(AM_CFLAGS) $(P11KIT_CFLAGS)
tests_unit_test_kek_token_login_LDADD = libva-store.la libva-core.la $(P11KIT_LIBS) $(GLIB_LIBS)
tests_unit_test_seal_SOURCES = tests/unit/test-seal.c
tests_unit_test_seal_LDADD = libva-store.la libva-core.la $(GLIB_LIBS)
tests_unit_test_store_CFLAGS = $(store_test_cflags)
tests_unit_test_store_LDADD = $(store_test_libs)
tests_unit_test_store_commits_CFLAGS = $(store_test_cflags)
tests_unit_test_store_commits_LDADD = $(store_test_libs)
tests_unit_test_store_launches_CFLAGS = $(store_test_cflags)
tests_unit_test_store_launches_LDADD = $(store_test_libs)
tests_unit_test_store_objects_CFLAGS = $(store_test_cflags)
tests_unit_test_store_objects_LDADD = $(store_test_libs)
tests_unit_test_store_pages_CFLAGS = $(store_test_cflags)
tests_unit_test_store_pages_LDADD = $(store_test_libs)
tests_unit_test_store_tables_CFLAGS = $(store_test_cflags)
tests_unit_test_store_tables_LDADD = $(store_test_libs)
tests_unit_test_rekey_CFLAGS = $(store_test_cflags)
tests_unit_test_rekey_LDADD = $(store_test_libs)


host_side_tests = \
	tests/unit/test-discard \
	tests/unit/test-gate \
	tests/unit/test-gate-verdict \
	tests/unit/test-emulator \
	tests/unit/test-hook \
	tests/unit/test-hook-files \
	tests/unit/test-hook-parts \
	tests/unit/test-markup \
	tests/unit/test-qemu-arguments
check_PROGRAMS += $(host_side_tests)
TESTS += $(host_side_tests)
own_machine = \
	tests/unit/own-machine.c tests/unit/own-machine.h \
	tests/unit/peer.c tests/unit/peer.h
gate_fixture = tests/unit/gate-fixture.c tests/unit/gate-fixture.h tests/unit/recorder.h $(own_machine)
hook_fixture = tests/unit/hook-fixture.c tests/unit/hook-fixture.h $(own_machine)
tests_unit_test_gate_SOURCES = tests/unit/test-gate.c $(gate_fixture)
tests_unit_test_gate_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/plugin
tests_unit_test_gate_LDADD = libva-core.la $(GLIB_LIBS)
tests_unit_test_gate_verdict_SOURCES = tests/unit/test-gate-verdict.c $(gate_fixture)
tests_unit_test_gate_verdict_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/plugin
tests_unit_test_gate_verdict_LDADD = libva-core.la $(GLIB_LIBS)
tests_unit_test_emulator_SOURCES = tests/unit/test-emulator.c $(emulator_parts)
tests_unit_test_emulator_LDADD = $(GLIB_LIBS)
tests_unit_test_hook_SOURCES = tests/unit/test-hook.c $(hook_fixture)
tests_unit_test_hook_LDADD = libva-core.la $(GLIB_LIBS)
tests_unit_test_hook_files_SOURCES = tests/unit/test-hook-files.c $(hook_fixture)
tests_unit_test_hook_files_LDADD = libva-core.la $(GLIB_LIBS)
tests_unit_test_hook_parts_SOURCES = tests/unit/test-hook-parts.c $(hook_parts)
tests_unit_test_hook_parts_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/hooks
tests_unit_test_hook_parts_LDADD = libva-core.la $(GLIB_LIBS)
tests_unit_test_markup_SOURCES = tests/unit/test-markup.c
tests_unit_test_markup_CFLAGS = $(AM_CFLAGS) $(XML_CFLAGS)
tests_unit_test_markup_LDADD = libva-core.la $(XML_LIBS) $(GLIB_LIBS)
tests_unit_test_discard_SOURCES = tests/unit/test-discard.c
tests_unit_test_discard_LDADD = libva-core.la $(GLIB_LIBS)
tests_unit_test_qemu_arguments_SOURCES = tests/unit/test-qemu-arguments.c
tests_unit_test_qemu_arguments_LDADD = libva-core.la $(GLIB_LIBS)
# The gate looks for libvirt's function in the program that loaded it.
tests_unit_test_gate_LDFLAGS = $(AM_LDFLAGS) -export-dynamic
tests_unit_test_gate_verdict_LDFLAGS = $(AM_LDFLAGS) -export-dynamic
# Lock drivers to chain to: one that writes down its calls, one of another interface.
check_LTLIBRARIES += tests/unit/recorder.la tests/unit/foreign.la
tests_unit_recorder_la_SOURCES = tests/unit/recorder.c tests/unit/recorder.h
tests_unit_recorder_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/plugin
tests_unit_recorder_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -rpath /nowhere
tests_unit_foreign_la_SOURCES = tests/unit/recorder.c tests/unit/recorder.h
tests_unit_foreign_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/plugin -DRECORDER_VERSION=2000000u
tests_unit_foreign_la_LDFLAGS = $(tests_unit_recorder_la_LDFLAGS)

host_tests = \
	tests/unit/test-agent \
	tests/unit/test-agent-gate \
	tests/unit/test-agent-guard \
	tests/unit/test-agent-hook \
	tests/unit/test-cek \
	tests/unit/test-host-launch \
	tests/unit/test-host-launch-error \
	tests/unit/test-host-question \
	tests/unit/test-host-record
check_PROGRAMS += $(host_tests)
TESTS += $(host_tests)
check_LTLIBRARIES += libva-test-host.la
libva_test_host_la_SOURCES = \
	tests/unit/agent-fixture.c tests/unit/agent-fixture.h \
	tests/unit/fake-qemu.c tests/unit/fake-qemu.h \
	tests/unit/host-site.c tests/unit/host-site.h \
	tests/unit/launch-fixture.c tests/unit/launch-fixture.h \
	tests/unit/monitor.c tests/unit/monitor.h \
	tests/unit/tls-fixture.c tests/unit/tls-fixture.h
libva_test_host_la_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS) $(GNUTLS_CFLAGS)
libva_test_host_la_LIBADD = libva-host.la libva-http-server.la
host_test_cflags = $(AM_CFLAGS) $(JSON_CFLAGS) $(GNUTLS_CFLAGS) $(LIBVIRT_CFLAGS)
host_test_libs = libva-test-host.la $(LIBVIRT_LIBS) $(GNUTLS_LIBS) $(JSON_LIBS) $(GLIB_LIBS)
tests_unit_test_agent_CFLAGS = $(host_test_cflags)
tests_unit_test_agent_LDADD = $(host_test_libs)
tests_unit_test_agent_gate_CFLAGS = $(host_test_cflags)
tests_unit_test_agent_gate_LDADD = $(host_test_libs)
tests_unit_test_agent_hook_CFLAGS = $(host_test_cflags)
tests_unit_test_agent_hook_LDADD = $(host_test_libs)
tests_unit_test_agent_guard_CFLAGS = $(host_test_cflags)
tests_unit_test_agent_guard_LDADD = $(host_test_libs)
tests_unit_test_host_launch_CFLAGS = $(host_test_cflags)
tests_unit_test_host_launch_LDADD = $(host_test_libs)
tests_unit_test_host_launch_error_CFLAGS = $(host_test_cflags)
tests_unit_test_host_launch_error_LDADD = $(host_test_libs)
tests_unit_test_host_question_CFLAGS = $(host_test_cflags)
tests_unit_test_host_question_LDADD = $(host_test_libs)
tests_unit_test_host_record_CFLAGS = $(host_test_cflags)
tests_unit_test_host_record_LDADD = $(host_test_libs)
check_PROGRAMS += tests/unit/test-host-check
TESTS += tests/unit/test-host-check
tests_unit_test_host_check_SOURCES = tests/unit/test-host-check.c src/cli/site/host-check-finding.c src/cli/site/host-check-machine.c \
	src/cli/site/host-check-room.c src/cli/site/host-check-agreement.c \
	src/cli/site/host-check-descriptors.c
tests_unit_test_host_check_CPPFLAGS = $(AM_CPPFLAGS)
tests_unit_test_host_check_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS) $(LIBVIRT_CFLAGS)
tests_unit_test_host_check_LDADD = libva-sev.la libva-codec.la libva-core.la $(LIBVIRT_LIBS) $(JSON_LIBS) $(GLIB_LIBS)
tests_unit_test_cek_CFLAGS = $(host_test_cflags)
tests_unit_test_cek_LDADD = libva-test-sev.la $(host_test_libs)

service_tests = tests/unit/test-service-rules tests/unit/test-liveness tests/unit/test-chain-cache
check_PROGRAMS += $(service_tests)
TESTS += $(service_tests)
tests_unit_test_liveness_SOURCES = tests/unit/test-liveness.c
tests_unit_test_liveness_LDADD = libva-service.la libva-store.la libva-http-server.la libva-api.la libva-sev.la libva-codec.la \
	libva-core.la $(GLIB_LIBS)
tests_unit_test_chain_cache_SOURCES = tests/unit/test-chain-cache.c $(platform_psp) $(platform_making)
tests_unit_test_chain_cache_CPPFLAGS = $(platform_cppflags)
tests_unit_test_chain_cache_CFLAGS = $(AM_CFLAGS) $(NETTLE_CFLAGS) $(JSON_CFLAGS)
tests_unit_test_chain_cache_LDADD = libva-service.la libva-test-sev.la libva-sev.la libva-core.la $(NETTLE_LIBS) $(GMP_LIBS) $(GLIB_LIBS)
tests_unit_test_service_rules_SOURCES = tests/unit/test-service-rules.c
tests_unit_test_service_rules_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
tests_unit_test_service_rules_LDADD = libva-service.la libva-store.la libva-http-server.la libva-api.la libva-sev.la libva-codec.la \
	libva-core.la $(JSON_LIBS) $(GLIB_LIBS)

unit_scripts = \
	tests/unit/test-cases.py \
	tests/unit/test-cli-inputs.py \
	tests/unit/test-cli-owner.py \
	tests/unit/test-cli-safety.py \
	tests/unit/test-cli-sev-explain.py \
	tests/unit/test-cli-sev.py
TESTS += $(unit_scripts)
EXTRA_DIST += $(unit_scripts) tests/unit/case_expectations.py tests/unit/cli_sev.py
