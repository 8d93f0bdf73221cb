/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define VA_DOMAIN_XML_MAX (1024 * 1024)
#define VA_DOMAIN_NAMESPACE "urn:virt-attest:launch:1"

#define VA_DOMAIN_NOVA_MAX 1020

/**
 * What OpenStack Nova says of the domain in its own metadata: text of a tenant and of the host, each at most
 * VA_DOMAIN_NOVA_MAX bytes without control characters; %NULL: it does not say that, or not in this form.
 */
typedef struct {
  char *name;         /* of the instance, for people */
  char *flavor;       /* its name */
  char *project;      /* its id */
  char *image;        /* the id of the image that the root disk was made from */
  char *registration; /* the flavor's extra spec virt-attest:registration */
} VaDomainNova;

/** What a libvirt domain's XML says that matters for a launch. */
typedef struct {
  char *uuid, *name;
  gint64 id;             /* live id, or -1 */
  gboolean opted_in;     /* has our metadata element */
  char *registration;    /* its id attribute, or the domain's UUID */
  char *owner;           /* its owner attribute, or %NULL */
  gboolean confidential; /* has <launchSecurity type='sev'> */
  guint32 policy;
  gboolean kernel_hashes;
  gboolean no_hashes;              /* kernelHashes='no' stands there */
  gboolean has_blobs;              /* both <dhCert> and <session> */
  gboolean any_blob;               /* one of these elements, or both, even if empty */
  gboolean restarts;               /* <on_reboot> does not end it, which is the default of libvirt */
  char *loader, *kernel;           /* paths, or %NULL */
  char *monitor_path;              /* of the second monitor in <qemu:commandline>, or %NULL */
  gboolean has_deprecated_monitor; /* it is given as -chardev and -mon */
  guint vcpus;
  VaDomainNova *nova;         /* %NULL: OpenStack Nova did not make it */
  char *emulator;             /* <emulator>, or %NULL */
  char *other_scheme;         /* how it is confidential without being SEV, and what to do: a sentence; or %NULL */
  gboolean firmware_argument; /* <qemu:commandline> names a firmware */
  /* Of char *, sentences; without any for a domain that is not confidential by SEV. */
  GPtrArray *obstacles; /* why it can never be attested: the host refuses it */
  GPtrArray *doubts;    /* why libvirt, QEMU or the measurement will most likely not let it start */
  GPtrArray *warnings;  /* what does not keep it from being attested, but may surprise */
} VaDomainXml;

/**
 * va_domain_xml_parse: @xml at most VA_DOMAIN_XML_MAX bytes; no DTD, no entities, no network.
 * Errors: VA_CORE_ERROR_PARSE: no domain XML, or metadata of ours that does not fit schemas/domain-metadata.rng
 *   (a domain without metadata of ours never fails for what is inside other elements)
 */
VaDomainXml *va_domain_xml_parse (const char *xml, gsize size, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void va_domain_xml_free (VaDomainXml *domain);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaDomainXml, va_domain_xml_free)

/** Where a domain's XML comes from. */
typedef enum {
  VA_DOMAIN_UNPREPARED, /* a person, before “virt-attest domain prepare” */
  VA_DOMAIN_KEPT,       /* a person, who wants to know whether it would be attested */
  VA_DOMAIN_STARTING,   /* libvirt, which has filled in what it chose itself */
  VA_DOMAIN_UNASKED,    /* the same, of a domain that the host attests although it has not opted in */
} VaDomainStage;
/**
 * va_domain_xml_reasons: why @domain would not be attested: the one place where that is decided, for the host agent as
 * for the command line. A domain without any is attested at each start that the service agrees to.
 * @run_dir: under which second monitors are
 * Returns: (transfer full): of char *, sentences that go on after “no: ”, the most important one first
 */
GPtrArray *va_domain_xml_reasons (const VaDomainXml *domain, VaDomainStage stage, const char *run_dir)
  G_GNUC_WARN_UNUSED_RESULT;

/** What the metadata of a domain shall say; %NULL: what it says already. */
typedef struct {
  const char *registration;  /* its id; else the domain's UUID */
  const char *owner;         /* whose registration it is */
  const char *default_owner; /* the same, for metadata that names none */
} VaDomainWanted;

/**
 * va_domain_xml_prepare: the same document with what an attested launch needs: UUID, metadata, placeholders, second
 * monitor, and for a guest of SEV-ES an <on_reboot> that ends it. Does nothing to a document that has them; keeps all
 * else, comments and foreign metadata too.
 * @wanted: what the metadata shall say
 * Errors: VA_CORE_ERROR_PARSE; also for a domain without <launchSecurity type='sev'>, with a sentence that says so
 */
char *va_domain_xml_prepare (const char *xml, gsize size, const VaDomainWanted *wanted, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
