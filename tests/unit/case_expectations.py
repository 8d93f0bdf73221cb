# SPDX-License-Identifier: LGPL-2.1-or-later
"""
What is right for each directory of ../shared/cases, by its name without the number: an exit status (None: its script ends
with something else), regular expressions that must be found in what it printed, one after the other, and those that
must not.
"""

# A line "no" in explain, with the cause.
GUESSED_SPACE = r'(?s)^no: .*(line break|white space|blank|space)'

EXPECTED = {
    'fw-seabios': (3, [r'(?i)seabios|UEFI|C-bit'], [r'SEV +yes']),
    'fw-aarch64': (3, [r'(?i)reset vector|x86|architecture'], [r'SEV +yes']),
    'fw-json-descriptor': (3, [r'(?i)descriptor', r'OVMF\.amdsev\.fd'], [r'SEV +yes', r'(?m)^[0-9a-f]{64}$']),
    'fw-debian-releases': (0, [r'deb11', r'footer table +none', r'deb12', r'reset address +0x808004', r'deb13',
                               r'0x80b004', r'sid-CODE', r'0x810000, 3072', r'0x810c00, 1024', r'amdsev',
                               r'0x810000, 3072'], []),
    'fw-el9-areas': (None, [r'0x80c000, 3072', r'0x80cc00, 1024', r'0x80b004'], []),
    'fw-64mib': (3, [r'67108864', r'16777216'], [r'SEV +yes']),
    'append-empty': (0, [r'yes: launch digest 3014', r'yes: launch digest 3014'], []),
    'initrd-without-kernel': (2, [r'--kernel'], []),
    'initrd-empty-string': (0, [r'^[0-9a-f]{64}\n'], [r'cannot read']),
    'cmdline-newline': (1, [GUESSED_SPACE], []),
    'cmdline-pretty-printed-xml': (1, [GUESSED_SPACE], [r'none of the usual']),
    'cmdline-crlf': (1, [r'(?s)^no: .*(CRLF|carriage return|line break|Windows)'], [r'none of the usual']),
    'cmdline-quoted': (1, [r'(?s)^no: .*quot'], [r'none of the usual']),
    'hash-no-room': (3, [r'no space'], []),
    'setup-data-7.2': (0, [r'yes: launch digest 09f88'], []),
    'big-initrd': (None, [r'yes: launch digest 55780'], []),
    'es-debug-swap-vmsa-show': (None, [r'(?i)sev_features', r'(?i)debug.?swap', r'(?i)feature'], []),
    'es-cpu-host-passthrough-name': (2, [r'FAMILY/MODEL/STEPPING', r'cpuinfo'], []),
    'es-two-mistakes': (1, [r'8', r'Genoa'], [r'none of the usual']),
    'es-turin': (0, [r'26/0/0 \(EPYC-Turin\)'], []),
    'api-0.17': (1, [r'yes: launch digest 3e4fd', r'no: .*0\.17'], [r'none of the usual']),
    'policy-nova-0x33': (1, [r'no: .*0x0*33'], [r'none of the usual']),
    'policy-reserved-bits': (None, [r'reserved bits', r'(?i)reserved', r'session [1-9]'], [r'session 0']),
    'policy-xml-forms': (0, [r'0x00000003 ', r'0x00000003 ', r'0x00000033 ', r'0x00000033 ', r'0x00000051 '], []),
    'policy-names-in-session': (0, [r'0x00000005 \(NODBG, ES\)'], []),
    'meas-wrapped-crlf': (0, [r'yes: launch', r'yes: launch', r'yes: launch'], []),
    'meas-urlsafe': (0, [r'yes: launch', r'yes'], [r'not a base64']),
    'meas-file-name': (0, [r'yes: launch'], []),
    'meas-cut': (1, [r'33 bytes', r'48'], []),
    'digest-base64': (0, [r'yes: launch'], []),
    'tik-base64': (0, [r'yes: launch', r'yes: launch'], []),
    'tik-tek-swapped': (1, [r'swapped'], []),
    'tik-tek-same-file': (None, [r'(?i)same key'], [r'secret-header']),
    'chain-rome-real': (0, [r'generation: rome', r'yes: the chain verifies'], [r'(?m)^NO']),
    'chain-sevctl-full': (None, [r'generation: rome', r'yes: the chain verifies'], [r'(?m)^NO']),
    'chain-other-order': (0, [r'yes: the chain verifies'], []),
    'chain-wrapped-crlf': (0, [r'yes: the chain verifies'], []),
    'chain-pem': (0, [r'yes: the chain verifies'], []),
    'chain-quotes-bom-space': (0, [r'yes: the chain verifies'], []),
    'chain-qmp-json': (0, [r'session\.base64', r'for policy 0x00000001 \(NODBG\)'], []),
    'chain-short-naples-ark': (3, [r'576 of 832'], []),
    'chain-cek-sig2-0x0010': (3, [r'0x10'], []),
    'chain-no-cek': (3, [r'(?i)CEK is missing'], [r'expected 6252']),
    'chain-mixed-platforms': (1, [r'NO  the PDH is signed by the PEK', r'no: the PDH is not signed by the PEK'], []),
    'session-pdh-in-chain': (None, [r'session\.base64'], [r'--pdh is missing']),
    'session-nothing-left': (None, [r'2000', r'(?m)^0$'], []),
    'session-second-run': (None, [r'session\.base64', r'(?i)one start', r'(?i)new directory', r'(?m)^3$'], []),
    'session-policy-echo': (None, [r'for policy 0x00000021 \(NODBG, SEV\)'], []),
    'secret-null-guid': (None, [r'(?i)zero', r"(?i)table's own"], [r'secret-header']),
    'secret-guid-forms': (None, [r'GUID=FILE', r'GUID=FILE', r'='], [r'secret-header']),
    'secret-no-area': (3, [r'no space for secrets'], []),
    'domain-tdx': (None, [r'(?i)tdx', r'(?m)^1$', r'tdx'], [r'not confidential']),
    'domain-s390': (None, [r'(?i)s390-pv', r'(?m)^1$', r's390-pv'], [r'not confidential']),
    'domain-live-dumpxml': (None, [r'(?m)^0$', r'vCPUs +2', r'attested +yes'], []),
    'domain-old-session': (None, [r'(?m)^0$', r'(?m)^1$'], []),
    'domain-encodings': (None, [r'crlf 0', r'bom 0', r'UTF-8', r'utf16 1', r'utf8 0', r'DOCTYPE', r'dt 1'], []),
    'domain-extra-qmp': (None, [r'warning: .*monitor', r'(?m)^0$'], []),
    'domain-copy': (None, [r'another domain', r'qmp/'], []),
    'domain-firmware-auto': (None, [r'warning: .*(?i:firmware)', r'(?m)^0$', r'(?i)libvirt chooses'], []),
    'domain-policy-white-space': (None, [r'(?i)spaces around'], []),
    'chain-not-checked-is-no': (1, [r'not checked', r'not checked', r'no: the CEK carries no signature',
                                    r'https://kdsintf\.amd\.com/cek/id/'], [r'(?m)^NO']),
    'chain-roots-empty': (3, [r'no roots', r'ark\.cert'], [r'(?m)^NO']),
    'chain-sev-tool-names': (0, [r'yes: the chain verifies'], []),
    'es-vmsa-swapped': (None, [r'0xfffffff0', r'0x80b004'], []),
    'es-ec2-gce-page': (None, [r'differ: 4', r'differ: 5'], []),
    'tool-streams': (0, [r'(?m)^0$', r'(?m)^3014'], []),
    'api-forms': (2, [r'MAJOR\.MINOR', r'MAJOR\.MINOR', r'MAJOR\.MINOR'], []),
    'ops-ca-key-as-cert': (3, [r'ca\.key', r'(?i)private key'], [r'Success']),
    'ops-register-es-count': (None, [r'--cpu-count', r'--kernel'], [r'member']),
    'apparmor-rule': (None, [r'(?m)^0$'], []),
}

# Nothing of this happens in the toolbox alone: each names the test that has it, which test-cases.py looks up.
ELSEWHERE = {
    'secret-put-newline': 'needs a service: passphrases_with_a_line_break in tests/system/service_cli.py',
    'ops-url-in-error': 'needs a service: connections_that_cannot_be_made in tests/system/service_cli.py',
    'e2e-kernelhashes-no-room':
        'needs libvirtd and QEMU: hashes_that_nobody_makes in tests/integration/test-refusals.py',
    'e2e-asid-exhausted':
        'needs libvirtd and QEMU: firmware_error_of_the_platform in tests/integration/test-refusals.py',
    'e2e-platform-not-initialised':
        'needs libvirtd and QEMU: firmware_error_of_the_platform in tests/integration/test-refusals.py',
    'e2e-policy-and-blob-differ':
        'needs libvirtd and QEMU: firmware_error_of_the_platform in tests/integration/test-refusals.py',
    'e2e-cmdline-pretty':
        'needs libvirtd and QEMU: white_space_of_a_command_line in tests/integration/test-refusals.py',
    'e2e-cmdline-entities':
        'needs libvirtd and QEMU: command_line_with_xml_entities_starts in tests/integration/test-odd-domains.py',
    'e2e-elf-kernel': 'needs libvirtd and QEMU: hashes_that_nobody_makes in tests/integration/test-refusals.py',
    'e2e-vcpu-current':
        'needs libvirtd and QEMU: current_vcpus_below_the_maximum_are_those_that_are_measured in tests/integration/test-odd-domains.py',
    'e2e-old-session':
        'needs libvirtd and QEMU: an_old_session_in_the_xml_gives_way in tests/integration/test-odd-domains.py',
    'e2e-extra-monitor':
        'needs libvirtd and QEMU: a_further_monitor_is_pointed_out_in_the_journal in tests/integration/test-odd-domains.py',
    'e2e-second-sev-object':
        'needs libvirtd and QEMU: a_second_sev_object_fails_with_qemus_words in tests/integration/test-odd-domains.py',
    'e2e-utf8-name':
        'needs libvirtd and QEMU: a_name_that_is_not_ascii_starts in tests/integration/test-odd-domains.py',
    'e2e-paused': 'needs libvirtd and QEMU: started_paused_then_resumed in tests/integration/test-launch.py',
    'e2e-managedsave':
        'needs libvirtd and QEMU: an_attested_guest_that_runs_is_not_saved_and_runs_on in tests/integration/test-odd-domains.py',
    'e2e-old-api': 'needs libvirtd and QEMU: firmware_older_than_registered in tests/integration/test-odd-domains.py',
    'e2e-secret-too-large':
        'needs libvirtd and QEMU: secret_larger_than_its_area in tests/integration/test-refusals.py',
    'e2e-host-check-no-es-guests':
        'needs libvirtd and QEMU: host_check_tells_what_cannot_start in tests/integration/test-odd-domains.py',
}

# Wrong still. Whoever mends one takes it out.
NOT_YET = set()
