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
  { "ca init", NULL, N_("Create the site's CA."),
    N_("Writes ca.pem and ca.key into the directory. Anyone who holds ca.key can impersonate every party: keep it off "
       "the service and the hosts."),
    VA_VERB_LOCAL, ONLINE (va_verb_ca_init) },
  { "ca issue", N_("ROLE NAME…"), N_("Create a key and a certificate."),
    N_("ROLE is owner, host, operator, auditor or metrics, with one NAME of a-z 0-9 . _ -,\nor service, with the DNS "
       "names and addresses of the service.\nWrites ROLE-NAME.pem and ROLE-NAME.key, for a service service.pem and "
       "service.key."),
    VA_VERB_LOCAL, ONLINE (va_verb_ca_issue) },
  { "ca revoke", N_("[CERTIFICATE…]"), N_("Revoke certificates, or reissue the revocation list."),
    N_("Adds the certificates, PEM files from “ca issue”, to crl.pem in the CA's directory. The service applies the "
       "list\nas soon as it is copied there."),
    VA_VERB_LOCAL, ONLINE (va_verb_ca_revoke) },
  { "service init", NULL, N_("Create the service's key, directory and configuration."),
    N_("Existing files are not changed."), VA_VERB_LOCAL, ONLINE (va_verb_service_init) },
  { "service backup", "FILE", N_("Save a consistent copy of the service's store in a new file."),
    N_("The service may be running. Run this on its machine, as its user."), VA_VERB_LOCAL,
    ONLINE (va_verb_service_backup) },
  { "service restore", "FILE", N_("Fill an empty store from a backup."),
    N_("The store is the one in the configuration, a file or a PostgreSQL database. The backup may come from either "
       "kind."),
    VA_VERB_LOCAL, ONLINE (va_verb_service_restore) },
  { "service rekey", NULL, N_("Re-encrypt the store under a new data key, or switch to another key-encryption key."),
    N_("The service may be running. If interrupted, the next call continues."), VA_VERB_LOCAL,
    ONLINE (va_verb_service_rekey) },
  { "service prune", NULL, N_("Remove ended launches and records of the audit log that are older than a date."),
    N_("The service may be running. The log then begins after a signed record; keep an export of the earlier ones."),
    VA_VERB_LOCAL, ONLINE (va_verb_service_prune) },
  { "vm register", "[ID]", N_("Register a VM, or replace its registration."),
    N_("ID is a UUID: that of the domain, or that in its metadata. For guests of OpenStack it is made of "
       "--nova-project\n"
       "and --nova-image (or --nova-flavor). Give either --file, or --policy with --firmware or --launch-digest and "
       "any\n"
       "other options. Launches in progress keep what they were granted."),
    SERVICE_JSON, ONLINE (va_verb_vm_register) },
  { "vm show", "ID", N_("Show a registration."), NULL, SERVICE_JSON, ONLINE (va_verb_vm_show) },
  { "vm list", NULL, N_("List your registrations."), NULL, SERVICE_JSON, ONLINE (va_verb_vm_list) },
  { "vm impact", NULL, N_("List the registrations that a different firmware would break."),
    N_("Exits with 0 if all of them allow it, with 1 if not. To change the firmware without downtime, register the old "
       "and\nthe new one together, update the hosts, then register the new one alone."),
    SERVICE_JSON, ONLINE (va_verb_vm_impact) },
  { "vm remove", "ID", N_("Remove a registration."), NULL, VA_VERB_SERVICE, ONLINE (va_verb_vm_remove) },
  { "vm proposal", "ID", N_("Show the proposed change to a registration."), NULL, SERVICE_JSON,
    ONLINE (va_verb_vm_proposal) },
  { "vm confirm", N_("ID PROPOSAL"), N_("Confirm, as a second person, a proposed change."),
    N_("PROPOSAL is the version that “vm proposal” shows, so that you confirm exactly what you have seen."),
    VA_VERB_SERVICE, ONLINE (va_verb_vm_confirm) },
  { "vm withdraw", "ID", N_("Withdraw a proposed change."), NULL, VA_VERB_SERVICE, ONLINE (va_verb_vm_withdraw) },
  { "secret put", "NAME", N_("Store a secret, or replace it."),
    N_("The bytes are stored as they are, including a line break at the end, which many tools add. With "
       "--strip-newline\none line break at the end is dropped. On a terminal you are asked for a passphrase, which is "
       "not shown.\nA registration names the secret, and its launches receive it once they are attested."),
    SERVICE_JSON | VA_VERB_HUSHED, ONLINE (va_verb_secret_put) },
  { "secret list", NULL, N_("List your secrets, never their bytes."), NULL, SERVICE_JSON,
    ONLINE (va_verb_secret_list) },
  { "secret remove", "NAME", N_("Remove a secret that no registration names."), NULL, VA_VERB_SERVICE,
    ONLINE (va_verb_secret_remove) },
  { "artifact put", "FILE", N_("Upload a firmware image."), NULL, SERVICE_JSON, ONLINE (va_verb_artifact_put) },
  { "artifact list", NULL, N_("List your firmware images."), NULL, SERVICE_JSON, ONLINE (va_verb_artifact_list) },
  { "artifact show", "HASH", N_("Show one firmware image, and which registrations name it."), NULL, SERVICE_JSON,
    ONLINE (va_verb_artifact_show) },
  { "artifact remove", "HASH", N_("Remove a firmware image that no registration names."), NULL, VA_VERB_SERVICE,
    ONLINE (va_verb_artifact_remove) },
  { "launch list", NULL, N_("List your launches, newest first."), NULL, SERVICE_JSON, ONLINE (va_verb_launch_list) },
  { "launch show", "LAUNCH-ID", N_("Show one launch: what happened when, and why it was refused."), NULL, SERVICE_JSON,
    ONLINE (va_verb_launch_show) },
  { "launch watch", NULL, N_("Show launches as they happen, one line per change."),
    N_("With --json each line is a JSON object. If the service restarts, this waits for it."), SERVICE_JSON,
    ONLINE (va_verb_launch_watch) },
  { "launch approve", "LAUNCH-ID", N_("Approve a launch that is waiting for you."),
    N_("The start continues if the host is still waiting. Otherwise the approval applies to the next start of the "
       "same\ndomain on the same host. Look at the launch first, with “launch show”."),
    SERVICE_JSON, ONLINE (va_verb_launch_approve) },
  { "launch deny", "LAUNCH-ID", N_("Refuse a launch that is waiting for you."), NULL, SERVICE_JSON,
    ONLINE (va_verb_launch_deny) },
  { "launch revoke", "LAUNCH-ID", N_("Revoke a launch that has not received its secrets."), NULL, SERVICE_JSON,
    ONLINE (va_verb_launch_revoke) },
  { "launch receipt", "LAUNCH-ID", N_("Print the service's signed record of a launch."),
    N_("Prints one line of JSON. “audit verify --receipt” checks it without the service."), VA_VERB_SERVICE,
    ONLINE (va_verb_launch_receipt) },
  { "audit list", NULL, N_("List the newest records of the audit log."),
    N_("Owners see their own records, operators and auditors see all. With --json each line is a record as it is "
       "stored."),
    SERVICE_JSON, ONLINE (va_verb_audit_list) },
  { "audit export", NULL, N_("Write the audit log to standard output, for “audit verify”."),
    N_("Records that you may not read are written as digests, so that the chain can still be verified."),
    VA_VERB_SERVICE, ONLINE (va_verb_audit_export) },
  { "audit verify", N_("[EXPORT]"), N_("Check an export of the audit log, or receipts, without the service."),
    N_("Detects records that were changed, removed, added or moved, and a truncated end. Exits with 0 if the log is "
       "intact,\nwith 1 if not. The CA is that of client.conf, or that of --ca."),
    SERVICE_JSON, ONLINE (va_verb_audit_verify) },
  { "domain prepare", N_("[FILE]"), N_("Add what an attested launch needs to a domain's XML."),
    N_("Reads FILE or standard input. Adds the UUID, metadata, placeholders and second monitor where they are "
       "missing,\nand keeps every other byte. A copied domain with a new UUID gets its own monitor path."),
    VA_VERB_SERVICE, ONLINE (va_verb_domain_prepare) },
  { "domain show", N_("[FILE]"), N_("Show what a domain's XML says about its launch."),
    N_("Reads FILE or standard input. Exits with 0 if the domain would be attested, with 1 if not."), VA_VERB_JSON,
    ONLINE (va_verb_domain_show) },
  { "sev firmware", "FILE", N_("Show what a firmware image supports."), NULL, VA_VERB_JSON,
    OFFLINE (va_verb_sev_firmware) },
  { "sev digest", NULL, N_("Compute a launch digest."),
    N_("Prints it in hex. With --all each line also has the number of vCPUs and the VMSA profile."), VA_VERB_JSON,
    OFFLINE (va_verb_sev_digest) },
  { "sev verify", NULL, N_("Check a launch measurement."),
    N_("Exits with 0 if it matches the digest, with 1 if not. For SEV-ES every --vcpus is tried, and both VMSA "
       "profiles\nunless one is given."),
    VA_VERB_JSON, OFFLINE (va_verb_sev_verify) },
  { "sev explain", NULL, N_("Find out why a launch measurement does not match."),
    N_("Accepts the options of “sev verify”, and tries common mistakes one at a time. Exits with 0 if the "
       "measurement\nmatches as it is, with 1 if not, whether or not the cause was found."),
    VA_VERB_JSON, OFFLINE (va_verb_sev_explain) },
  { "sev chain", "DIR|FILE", N_("Verify a platform's certificates, link by link."),
    N_("DIR has pdh.cert and pek.cert, oca.cert and cek.cert, or cert-chain, and cek.cert if AMD's signature is "
       "missing in\nit; ark.cert and ask.cert if they came with the platform. FILE has all of them, as “virsh "
       "nodesevinfo” prints them\nor sevctl writes them. Exits with 0 if every link verifies up to a trusted root, "
       "with 1 if not."),
    VA_VERB_JSON, OFFLINE (va_verb_sev_chain) },
  { "sev session", NULL, N_("Create what a launch needs to start."),
    N_("Writes session.base64 and dh-cert.base64, which go to the host, and tik.bin and tek.bin, which do "
       "not.\nExisting files are not replaced, because a session is for one start. If it fails, it leaves no files "
       "behind."),
    VA_VERB_JSON, OFFLINE (va_verb_sev_session) },
  { "sev secret", NULL, N_("Encrypt secrets for a measured launch."),
    N_("Writes secret-header.base64 and secret-payload.base64 for sev-inject-launch-secret. Check the measurement "
       "first,\nwith “sev verify”. A TEK is for one packet: one that was already used in this directory is refused."),
    VA_VERB_JSON, OFFLINE (va_verb_sev_secret) },
  { "sev vmsa show", "FILE", N_("Show what a vCPU's save area (VMSA) contains."),
    N_("FILE is a page of 4096 bytes, as SEV-ES measures one for each vCPU."), VA_VERB_JSON,
    OFFLINE (va_verb_sev_vmsa_show) },
  { "sev vmsa build", NULL, N_("Create the save areas of a guest's vCPUs."),
    N_("Writes vmsa0.bin, and with --firmware vmsa1.bin, for --vmsa0 and --vmsa1; prints their SHA-256."), VA_VERB_JSON,
    OFFLINE (va_verb_sev_vmsa_build) },
  { "sev policy", N_("N|NAME…"), N_("Explain a guest policy, or build one from names."),
    N_("Names: nodbg, noks, es, nosend, domain, sev, api=MAJOR.MINOR; with spaces or commas between them."),
    VA_VERB_JSON, OFFLINE (va_verb_sev_policy) },
  { "host list", NULL, N_("List the service's hosts and their features."), NULL, SERVICE_JSON,
    ONLINE (va_verb_host_list) },
  { "host check", NULL, N_("Check this host, and say what to fix."),
    N_("Run it as root on a compute node. Exits with 0 only if every check passes."), VA_VERB_JSON,
    ONLINE (va_verb_host_check) },
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
  g_printerr (_("virt-attest: cannot run %s, which is part of virt-attest: %s\n"), path, g_strerror (errno));
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
