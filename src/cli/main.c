/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "core/i18n.h"
#include "core/secret.h"
#include "cli/verb-list.h"
#include "cli/verbs.h"

/* Each of the two programs knows all verbs, and has those of its own. */
#ifdef VA_CLI_ONLINE
#define ONLINE(function) function
#define OFFLINE(function) NULL
#else
#define ONLINE(function) NULL
#define OFFLINE(function) function
#endif

#define SERVICE_JSON (VA_VERB_SERVICE | VA_VERB_JSON)

static const VaVerb verbs[] = {
  { "ca init", NULL, N_("Make the site's CA."),
    N_("Writes ca.pem and ca.key into the directory. Anyone who has ca.key can be anybody: keep it off the service and "
       "the hosts."),
    VA_VERB_LOCAL, ONLINE (va_verb_ca_init) },
  { "ca issue", N_("ROLE NAME…"), N_("Make a key and a certificate."),
    N_("ROLE is owner, host, operator, auditor or metrics, with one NAME of a-z 0-9 . _ -\n"
       "or service, with the DNS names and addresses under which the service is reached.\n"
       "Writes ROLE-NAME.pem and ROLE-NAME.key, for a service service.pem and service.key."),
    VA_VERB_LOCAL, ONLINE (va_verb_ca_issue) },
  { "ca revoke", N_("[CERTIFICATE…]"), N_("Revoke certificates, or make the list of revoked ones anew."),
    N_("Adds the certificates, PEM files that “ca issue” made, to crl.pem in the CA's directory. The service reads it "
       "as soon\n"
       "as it is copied there."),
    VA_VERB_LOCAL, ONLINE (va_verb_ca_revoke) },
  { "service init", NULL, N_("Make the service's key, directory and configuration."),
    N_("Nothing that is there already is changed."), VA_VERB_LOCAL, ONLINE (va_verb_service_init) },
  { "service backup", "FILE", N_("Save the service's store, as it is at one moment, in a new file."),
    N_("The service may be running. To be run on its machine, as its user."), VA_VERB_LOCAL,
    ONLINE (va_verb_service_backup) },
  { "service restore", "FILE", N_("Fill an empty store from a backup."),
    N_("The store is the one of the configuration, a file or a PostgreSQL database, whichever the backup was made of."),
    VA_VERB_LOCAL, ONLINE (va_verb_service_restore) },
  { "service rekey", NULL,
    N_("Seal everything in the store under a new data key, or go over to another key-encryption key."),
    N_("The service may be running. What was interrupted goes on with the next call."), VA_VERB_LOCAL,
    ONLINE (va_verb_service_rekey) },
  { "service prune", NULL, N_("Remove ended launches and records of the audit log that are older than a date."),
    N_("The service may be running. The log begins behind a signed place then; keep an export of what was before."),
    VA_VERB_LOCAL, ONLINE (va_verb_service_prune) },
  { "vm register", "ID", N_("Register a VM, or replace its registration."),
    N_("ID is a UUID: that of the domain, or that in its metadata. Give either --file, or --policy with --firmware or\n"
       "--launch-digest and what else is needed. Launches under way keep what they were granted."),
    SERVICE_JSON, ONLINE (va_verb_vm_register) },
  { "vm show", "ID", N_("Show a registration."), NULL, SERVICE_JSON, ONLINE (va_verb_vm_show) },
  { "vm list", NULL, N_("List your registrations."), NULL, SERVICE_JSON, ONLINE (va_verb_vm_list) },
  { "vm impact", NULL, N_("Tell which registrations would stop fitting with another firmware."),
    N_("Ends with 0 if all of them allow it, with 1 if not. To change firmware without a gap, register old and new\n"
       "together, change the hosts, then register the new one alone."),
    SERVICE_JSON, ONLINE (va_verb_vm_impact) },
  { "vm remove", "ID", N_("Remove a registration."), NULL, VA_VERB_SERVICE, ONLINE (va_verb_vm_remove) },
  { "vm proposal", "ID", N_("Show the change of a registration that waits for a second person."), NULL, SERVICE_JSON,
    ONLINE (va_verb_vm_proposal) },
  { "vm confirm", N_("ID PROPOSAL"), N_("Confirm, as the second person, what another one has proposed."),
    N_("PROPOSAL is what “vm proposal” shows, so that nothing is confirmed but what you have seen."), VA_VERB_SERVICE,
    ONLINE (va_verb_vm_confirm) },
  { "vm withdraw", "ID", N_("Take a proposal back."), NULL, VA_VERB_SERVICE, ONLINE (va_verb_vm_withdraw) },
  { "secret put", "NAME", N_("Store a secret, or replace it."),
    N_("The bytes are stored as they are, a line break at the end too, which tools that write files like to add; with\n"
       "--strip-newline one at the end is left out. At a terminal you are asked for a passphrase, without echo.\n"
       "A registration names the secret, and its launches get it once they are attested."),
    SERVICE_JSON | VA_VERB_HUSHED, ONLINE (va_verb_secret_put) },
  { "secret list", NULL, N_("List your secrets, never their bytes."), NULL, SERVICE_JSON,
    ONLINE (va_verb_secret_list) },
  { "secret remove", "NAME", N_("Remove a secret that no registration names."), NULL, VA_VERB_SERVICE,
    ONLINE (va_verb_secret_remove) },
  { "artifact put", "FILE", N_("Upload a firmware image."), NULL, SERVICE_JSON, ONLINE (va_verb_artifact_put) },
  { "artifact list", NULL, N_("List your firmware images."), NULL, SERVICE_JSON, ONLINE (va_verb_artifact_list) },
  { "artifact remove", "HASH", N_("Remove a firmware image that no registration names."), NULL, VA_VERB_SERVICE,
    ONLINE (va_verb_artifact_remove) },
  { "launch list", NULL, N_("List your launches, newest first."), NULL, SERVICE_JSON, ONLINE (va_verb_launch_list) },
  { "launch show", "LAUNCH-ID", N_("Show one launch: what happened when, and why it was refused."), NULL, SERVICE_JSON,
    ONLINE (va_verb_launch_show) },
  { "launch watch", NULL, N_("Show launches as they happen, a line each time that one changes."),
    N_("With --json each line is a JSON object. A service that is restarted is waited for."), SERVICE_JSON,
    ONLINE (va_verb_launch_watch) },
  { "launch approve", "LAUNCH-ID", N_("Let a launch go on that waits for your confirmation."),
    N_("The host's start goes on if it still waits, else with the next start of the same domain on the same host. Look "
       "at\n"
       "what it is first: “launch show”."),
    SERVICE_JSON, ONLINE (va_verb_launch_approve) },
  { "launch deny", "LAUNCH-ID", N_("Refuse a launch that waits for your confirmation."), NULL, SERVICE_JSON,
    ONLINE (va_verb_launch_deny) },
  { "launch revoke", "LAUNCH-ID", N_("Take a launch back that has not had its secrets yet."), NULL, SERVICE_JSON,
    ONLINE (va_verb_launch_revoke) },
  { "launch receipt", "LAUNCH-ID", N_("Get the service's signed record of a launch, to keep."),
    N_("One line of JSON on standard output. “audit verify --receipt” checks it, without the service."),
    VA_VERB_SERVICE, ONLINE (va_verb_launch_receipt) },
  { "audit list", NULL, N_("List the newest records of the audit log."),
    N_("Owners see what is theirs, operators and auditors everything. With --json each line is a record as it is "
       "kept."),
    SERVICE_JSON, ONLINE (va_verb_audit_list) },
  { "audit export", NULL, N_("Write the audit log to standard output, for “audit verify”."),
    N_("Records that you may not read are written as digests, so that the chain can be followed."), VA_VERB_SERVICE,
    ONLINE (va_verb_audit_export) },
  { "audit verify", N_("[EXPORT]"), N_("Check an export of the audit log, or receipts, without the service."),
    N_("Finds a record that was changed, removed, added or moved, and an end that was cut off. Ends with 0 if all "
       "holds,\n"
       "with 1 if not. The CA is the one of client.conf, or that of --ca."),
    SERVICE_JSON, ONLINE (va_verb_audit_verify) },
  { "domain prepare", N_("[FILE]"), N_("Add to a domain's XML what an attested launch needs."),
    N_("Reads FILE or standard input. Adds UUID, metadata, placeholders and the second monitor where they are "
       "missing;\n"
       "keeps every other byte. A copied domain with a new UUID gets a monitor path of its own."),
    VA_VERB_SERVICE, ONLINE (va_verb_domain_prepare) },
  { "domain show", N_("[FILE]"), N_("Tell what a domain's XML says about its launch."),
    N_("Reads FILE or standard input. Ends with 0 if the domain would be attested, with 1 if not."), VA_VERB_JSON,
    ONLINE (va_verb_domain_show) },
  { "sev firmware", "FILE", N_("Tell what a firmware image can do."), NULL, VA_VERB_JSON,
    OFFLINE (va_verb_sev_firmware) },
  { "sev digest", NULL, N_("Compute a launch digest."),
    N_("Prints it in hex. With --all each line has also the number of vCPUs and the VMSA profile."), VA_VERB_JSON,
    OFFLINE (va_verb_sev_digest) },
  { "sev verify", NULL, N_("Check a launch measurement."),
    N_("Ends with 0 if it is that of the digest, with 1 if not. For SEV-ES every --vcpus is tried, and both VMSA\n"
       "profiles unless one is given."),
    VA_VERB_JSON, OFFLINE (va_verb_sev_verify) },
  { "sev explain", NULL, N_("Find out why a launch measurement does not match."),
    N_("Takes the options of “sev verify”, and tries the mistakes that people make, one at a time. Ends with 0 if the\n"
       "measurement matches as it is, with 1 if not, whether the cause was found or not."),
    VA_VERB_JSON, OFFLINE (va_verb_sev_explain) },
  { "sev chain", "DIR|FILE", N_("Verify a platform's certificates, link by link."),
    N_("DIR has pdh.cert and pek.cert, oca.cert and cek.cert, or cert-chain, and cek.cert if AMD's signature is "
       "missing in\n"
       "it; ark.cert and ask.cert if they came with the platform. FILE has all of them, as “virsh nodesevinfo” prints "
       "them\n"
       "or sevctl writes them. Ends with 0 if every link verifies up to a trusted root, with 1 if not."),
    VA_VERB_JSON, OFFLINE (va_verb_sev_chain) },
  { "sev session", NULL, N_("Make what a launch needs to begin."),
    N_("Writes session.base64 and dh-cert.base64, which go to the host, and tik.bin and tek.bin, which do not.\n"
       "Nothing that is there already is replaced: a session is for one start. When it fails nothing is left behind."),
    VA_VERB_JSON, OFFLINE (va_verb_sev_session) },
  { "sev secret", NULL, N_("Encrypt secrets for a measured launch."),
    N_("Writes secret-header.base64 and secret-payload.base64 for sev-inject-launch-secret. Check the measurement "
       "first:\n"
       "“sev verify”. A TEK is for one packet: one that was used in this directory before is refused."),
    VA_VERB_JSON, OFFLINE (va_verb_sev_secret) },
  { "sev vmsa show", "FILE", N_("Tell what a vCPU's save area (VMSA) says."),
    N_("FILE is a page of 4096 bytes, as SEV-ES measures one for each vCPU."), VA_VERB_JSON,
    OFFLINE (va_verb_sev_vmsa_show) },
  { "sev vmsa build", NULL, N_("Make the save areas of a guest's vCPUs."),
    N_("Writes vmsa0.bin, and with --firmware vmsa1.bin, for --vmsa0 and --vmsa1; prints their SHA-256."), VA_VERB_JSON,
    OFFLINE (va_verb_sev_vmsa_build) },
  { "sev policy", N_("N|NAME…"), N_("Explain a guest policy, or build one from names."),
    N_("Names: nodbg, noks, es, nosend, domain, sev, api=MAJOR.MINOR; with spaces or commas between them."),
    VA_VERB_JSON, OFFLINE (va_verb_sev_policy) },
  { "host list", NULL, N_("List the service's hosts and what they can do."), NULL, SERVICE_JSON,
    ONLINE (va_verb_host_list) },
  { "host check", NULL, N_("Check this host: each line is ok, or what to do."),
    N_("Run it as root on a compute node. Ends with 0 only if all is ok."), VA_VERB_JSON, ONLINE (va_verb_host_check) },
};

static const VaVerbList verb_list = { verbs, G_N_ELEMENTS (verbs) };

#define VERB_WORDS_MAX 3

/* The verb of the first words behind the program's name; @words: (out): how many those are. */
static const VaVerb *
find_verb (int argc, char **argv, int *words)
{
  for (*words = 2; *words <= VERB_WORDS_MAX && *words < argc; ++*words)
    {
      g_autofree char *name = g_strjoin (" ", argv[1], argv[2], *words == 3 ? argv[3] : NULL, NULL);

      for (guint i = 0; i < G_N_ELEMENTS (verbs); i++)
        if (g_str_equal (verbs[i].name, name))
          return &verbs[i];
    }
  return NULL;
}

/* The other program: beside this one in a build folder, else where it was installed. It does not become a third one. */
static VaExit
become_other (char **argv)
{
#ifdef VA_CLI_ONLINE
  g_printerr (_("virt-attest: run virt-attest instead of %s\n"), argv[0]);
  return VA_EXIT_USAGE;
#else
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *folder = self != NULL ? g_path_get_dirname (self) : NULL;
  g_autofree char *beside = folder != NULL ? g_build_filename (folder, "virt-attest-online", NULL) : NULL;
  const char *path = VA_LIBEXECDIR "/virt-attest-online";

  if (beside != NULL && g_file_test (beside, G_FILE_TEST_IS_EXECUTABLE))
    path = beside;

  execv (path, argv);
  g_printerr (_("virt-attest: cannot run %s, which is a part of virt-attest: %s\n"), path, g_strerror (errno));
  return VA_EXIT_BROKEN;
#endif
}

static VaExit
run_verb (const VaVerb *verb, int argc, char **argv)
{
  VaVerb translated = *verb;
  VaCall call = { .verb = &translated, .argc = argc, .argv = argv };
  VaExit code;

  translated.arguments = verb->arguments != NULL ? _(verb->arguments) : NULL;
  translated.summary = _(verb->summary);
  translated.details = verb->details != NULL ? _(verb->details) : NULL;
  code = verb->run (&call);
  va_call_clear (&call);
  return code;
}

/* A full disk or a closed pipe must not look like success. */
static VaExit
flush_output (VaExit code)
{
  if (fflush (stdout) == 0 && !ferror (stdout))
    return code;
  g_printerr ("virt-attest: %s\n", _("the output could not be written"));
  return VA_EXIT_BROKEN;
}

int
main (int argc, char **argv)
{
  const VaVerb *verb;
  int words;

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, VA_LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  /* Standard output is for what was asked, whatever G_MESSAGES_DEBUG says. */
  g_log_writer_default_set_use_stderr (TRUE);
  va_process_forbid_dumps ();
  if (argc == 2 && (g_str_equal (argv[1], "--help") || g_str_equal (argv[1], "-h") || g_str_equal (argv[1], "help")))
    {
      va_verb_list_help (&verb_list);
      return flush_output (VA_EXIT_YES);
    }
  if (argc == 2 && g_str_equal (argv[1], "--version"))
    {
      puts (PACKAGE_NAME " " PACKAGE_VERSION);
      return flush_output (VA_EXIT_YES);
    }
  verb = find_verb (argc, argv, &words);
  if (verb != NULL && verb->run == NULL)
    return become_other (argv);
  if (verb != NULL)
    return flush_output (run_verb (verb, argc - words, argv + words));
  return flush_output (va_verb_list_explain (&verb_list, argv + 1));
}
