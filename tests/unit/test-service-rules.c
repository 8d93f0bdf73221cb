/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "core/error.h"
#include "kek/seal.h"
#include "service/decide/launch-terms.h"
#include "service/refusal.h"
#include "service/decide/rules.h"
#include "store/error.h"
#include "tee/sev/seam.h"

#define ID "11111111-2222-3333-4444-555555555555"
#define OTHER "99999999-2222-3333-4444-555555555555"

static void
assert_verdict (gboolean verdict, GError *error, int code)
{
  if (code < 0)
    {
      g_assert_no_error (error);
      g_assert_true (verdict);
      return;
    }
  g_assert_false (verdict);
  g_assert_error (error, VA_PROBLEM_ERROR, code);
  g_error_free (error);
}

static void
test_host (void)
{
  char *some[] = { (char *) "node1", (char *) "node2", NULL }, *none[] = { NULL };
  const struct {
    char **hosts;
    const char *host;
    int code;
  } cases[] = { { NULL, "node1", -1 },
                { some, "node2", -1 },
                { some, "node3", VA_PROBLEM_HOST_NOT_ALLOWED },
                { some, "node", VA_PROBLEM_HOST_NOT_ALLOWED },
                { some, "NODE1", VA_PROBLEM_HOST_NOT_ALLOWED },
                { none, "node1", VA_PROBLEM_HOST_NOT_ALLOWED } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      VaRegistration registration = { .hosts = cases[i].hosts };
      GError *error = NULL;
      gboolean verdict = va_rule_host (&registration, NULL, cases[i].host, &error);

      assert_verdict (verdict, error, cases[i].code);
    }
}

static void
test_domain (void)
{
  char *some[] = { (char *) OTHER, NULL }, *none[] = { NULL };
  const struct {
    char **domains;
    gboolean any;
    const char *uuid;
    int code;
  } cases[] = { { NULL, FALSE, ID, -1 },
                { some, FALSE, OTHER, -1 },
                { NULL, TRUE, OTHER, -1 },
                { NULL, FALSE, OTHER, VA_PROBLEM_DOMAIN_NOT_ALLOWED },
                { some, FALSE, ID, VA_PROBLEM_DOMAIN_NOT_ALLOWED },
                { none, FALSE, ID, VA_PROBLEM_DOMAIN_NOT_ALLOWED },
                { NULL, FALSE, "", VA_PROBLEM_DOMAIN_NOT_ALLOWED } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      VaRegistration registration = { .domains = cases[i].domains, .any_domain = cases[i].any };
      GError *error = NULL;
      gboolean verdict = va_rule_domain (&registration, ID, cases[i].uuid, &error);

      assert_verdict (verdict, error, cases[i].code);
    }
}

static void
test_source (void)
{
  static const char project[] = "5ca1ab1e000040008000000000000001", other[] = "5ca1ab1e000040008000000000000002";
  const struct {
    const char *image, *flavor; /* registered */
    VaLaunchSource claimed;     /* without a project: the host says nothing */
    int code;
  } cases[] = {
    { NULL, NULL, { .project = (char *) project }, -1 },
    { ID, NULL, { .project = (char *) project, .image = (char *) ID }, -1 },
    { ID, "m1", { .project = (char *) project, .image = (char *) ID, .flavor = (char *) "m1" }, -1 },
    { NULL, "m1", { .project = (char *) project, .image = (char *) OTHER, .flavor = (char *) "m1" }, -1 },
    { NULL, NULL, { .project = NULL }, VA_PROBLEM_SOURCE_NOT_ALLOWED },
    { NULL, NULL, { .project = (char *) other }, VA_PROBLEM_SOURCE_NOT_ALLOWED },
    { ID, NULL, { .project = (char *) project, .image = (char *) OTHER }, VA_PROBLEM_SOURCE_NOT_ALLOWED },
    { ID, NULL, { .project = (char *) project }, VA_PROBLEM_SOURCE_NOT_ALLOWED },
    { ID, NULL, { .project = (char *) other, .image = (char *) ID }, VA_PROBLEM_SOURCE_NOT_ALLOWED },
    { NULL, "m1", { .project = (char *) project, .flavor = (char *) "m2" }, VA_PROBLEM_SOURCE_NOT_ALLOWED },
    { NULL, "m1", { .project = (char *) project }, VA_PROBLEM_SOURCE_NOT_ALLOWED },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      VaRegistration registration = { .for_nova = TRUE,
                                      .nova_project = (char *) project,
                                      .nova_image = (char *) cases[i].image,
                                      .nova_flavor = (char *) cases[i].flavor };
      const VaLaunchSource *claimed = cases[i].claimed.project != NULL ? &cases[i].claimed : NULL;
      VaRegistration anybodys = { .any_domain = TRUE };
      GError *error = NULL;
      gboolean verdict = va_rule_source (&registration, claimed, &error);

      assert_verdict (verdict, error, cases[i].code);
      g_assert_true (va_rule_source (&anybodys, claimed, NULL));
    }
}

static void
test_time (void)
{
  const struct {
    gint64 not_before, not_after, now;
    int code;
  } cases[] = { { 0, 0, 5, -1 },
                { 10, 20, 10, -1 },
                { 10, 20, 20, -1 },
                { 10, 0, 99, -1 },
                { 10, 20, 9, VA_PROBLEM_OUTSIDE_TIME },
                { 10, 20, 21, VA_PROBLEM_OUTSIDE_TIME },
                { 0, 20, 21, VA_PROBLEM_OUTSIDE_TIME },
                { 10, 0, 9, VA_PROBLEM_OUTSIDE_TIME },
                { 253402300799, 0, 9, VA_PROBLEM_OUTSIDE_TIME } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      VaRegistration registration = { .not_before = cases[i].not_before, .not_after = cases[i].not_after };
      GError *error = NULL;
      gboolean verdict = va_rule_time (&registration, cases[i].now, &error);

      assert_verdict (verdict, error, cases[i].code);
    }
}

static void
test_minimum_api (void)
{
  VaRegistration registration = { .min_api_major = 1, .min_api_minor = 5 };
  const struct {
    guint8 major, minor;
    int code;
  } cases[] = { { 1, 5, -1 },
                { 1, 6, -1 },
                { 2, 0, -1 },
                { 1, 4, VA_PROBLEM_API_TOO_OLD },
                { 0, 55, VA_PROBLEM_API_TOO_OLD },
                { 0, 0, VA_PROBLEM_API_TOO_OLD } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      VaTeePlatform platform = { .api_major = cases[i].major, .api_minor = cases[i].minor };
      GError *error = NULL;
      gboolean verdict = va_rule_minimum_api (&registration, &platform, &error);

      assert_verdict (verdict, error, cases[i].code);
    }
}

static VaLaunchTerms *
new_fixed (const char *firmware)
{
  VaLaunchTerms *terms = va_launch_terms_new (&va_tee_sev);
  VaReference reference = { .digest = { 1, 2, 3 }, .secret_address = 0xfffffff0u };

  terms->api_major = 1;
  terms->api_minor = 5;
  terms->min_api_major = 1;
  terms->min_api_minor = 7;
  terms->min_build = 3;
  terms->has_secrets = TRUE;
  g_strlcpy (reference.firmware, firmware, sizeof reference.firmware);
  g_array_append_val (terms->references, reference);
  return terms;
}

#define HEX32 "0707070707070707070707070707070707070707070707070707070707070707"

static void
test_claims (void)
{
  const struct {
    struct {
      guint8 major, minor, build;
      guint64 policy;
    } context;
    gboolean says_firmware;
    guint8 firmware;
    int code;
  } cases[] = { { { 1, 7, 3, 0x01000001 }, FALSE, 0, -1 },
                { { 1, 9, 4, 0x01000001 }, TRUE, 7, -1 },
                { { 1, 7, 3, 0x00000001 }, FALSE, 0, VA_PROBLEM_POLICY_CHANGED },
                { { 1, 7, 3, 0x01000000 }, FALSE, 0, VA_PROBLEM_POLICY_CHANGED },
                { { 1, 7, 3, 0x81000001 }, FALSE, 0, VA_PROBLEM_POLICY_CHANGED },
                { { 1, 7, 3, G_GUINT64_CONSTANT (0x101000001) }, FALSE, 0, VA_PROBLEM_POLICY_CHANGED },
                { { 2, 7, 3, 0x01000001 }, FALSE, 0, VA_PROBLEM_API_CHANGED },
                { { 0, 7, 3, 0x01000001 }, FALSE, 0, VA_PROBLEM_API_CHANGED },
                { { 1, 4, 3, 0x01000001 }, FALSE, 0, VA_PROBLEM_API_CHANGED },
                { { 1, 6, 3, 0x01000001 }, FALSE, 0, VA_PROBLEM_API_TOO_OLD },
                { { 1, 7, 2, 0x01000001 }, FALSE, 0, VA_PROBLEM_API_TOO_OLD },
                { { 1, 7, 3, 0x01000001 }, TRUE, 8, VA_PROBLEM_FIRMWARE_CHANGED } };
  g_autoptr(VaLaunchTerms) terms = new_fixed (HEX32), by_digest = new_fixed ("");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const VaClaims claims = { .policy = cases[i].context.policy,
                                .api_major = cases[i].context.major,
                                .api_minor = cases[i].context.minor,
                                .build_id = cases[i].context.build };
      guint8 firmware[VA_SHA256_SIZE];
      const guint8 *claimed = cases[i].says_firmware ? firmware : NULL;
      g_autofree char *detail = NULL, *none = NULL;
      GError *error = NULL;
      gboolean verdict;

      memset (firmware, cases[i].firmware, VA_SHA256_SIZE);
      verdict = va_rule_claims (terms, 0x01000001, &claims, claimed, &detail, &error);
      g_assert_cmpint (detail != NULL, ==, cases[i].code >= 0);
      assert_verdict (verdict, error, cases[i].code);
      if (cases[i].code == VA_PROBLEM_FIRMWARE_CHANGED)
        g_assert_true (va_rule_claims (by_digest, 0x01000001, &claims, claimed, &none, NULL));
    }
}

/* Which reference the evidence fits; -1: none. */
static int
fits (const VaLaunchTerms *terms, const VaLaunchContext *context, const guint8 *measurement, VaSecret *tik)
{
  g_auto(VaEvidence) evidence = { 0 };
  g_autoptr(GError) error = NULL;
  const VaReference *reference;

  va_sev_evidence_write (context, measurement, &evidence);
  reference = va_rule_evidence (terms, &evidence, tik, &error);
  if (reference != NULL)
    return (int) (reference - (const VaReference *) (gpointer) terms->references->data);
  g_assert_error (error, VA_PROBLEM_ERROR, VA_PROBLEM_MEASUREMENT_MISMATCH);
  return -1;
}

static void
test_measurement (void)
{
  g_autoptr(VaLaunchTerms) terms = new_fixed (HEX32);
  g_autoptr(VaSecret) tik = va_secret_copy_in ("0123456789abcdef", 16),
                      other = va_secret_copy_in ("x123456789abcdef", 16);
  VaLaunchContext context = { 1, 7, 3, 1 };
  guint8 measurement[VA_MEASUREMENT_SIZE] = { [32] = 5 };
  VaReference second = { .digest = { 9 } };

  g_array_append_val (terms->references, second);
  va_measurement_compute (tik, &context, second.digest, measurement + 32, measurement);
  g_assert_cmpint (fits (terms, &context, measurement, tik), ==, 1);
  g_assert_cmpint (fits (terms, &context, measurement, other), ==, -1);
  for (guint i = 0; i < VA_MEASUREMENT_SIZE; i++)
    {
      measurement[i] ^= 1;
      g_assert_cmpint (fits (terms, &context, measurement, tik), ==, -1);
      measurement[i] ^= 1;
    }
  context.policy = 3;
  g_assert_cmpint (fits (terms, &context, measurement, tik), ==, -1);
  context.policy = 1;
  g_array_set_size (terms->references, 1);
  g_assert_cmpint (fits (terms, &context, measurement, tik), ==, -1);
}

/* Evidence of another form, or cut short, is not even a mismatch. */
static void
test_foreign_evidence (void)
{
  g_autoptr(VaLaunchTerms) terms = new_fixed (HEX32);
  g_autoptr(VaSecret) tik = va_secret_new (16);
  const guint8 bytes[VA_SEV_EVIDENCE_SIZE] = { 0 };
  const struct {
    const char *type;
    gsize size;
  } cases[] = { { "amd-sev-snp-report", sizeof bytes }, { VA_SEV_EVIDENCE, sizeof bytes - 1 } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto(VaEvidence) evidence = { cases[i].type, g_bytes_new_static (bytes, cases[i].size) };
      g_autoptr(GError) error = NULL;

      g_assert_null (va_rule_evidence (terms, &evidence, tik, &error));
      g_assert_error (error, VA_PROBLEM_ERROR, VA_PROBLEM_BAD_REQUEST);
    }
}

#define CPUS ",\"cpu-count\":2,\"vmsa-profile\":\"fpu\""
#define LATER(cpus) \
  ",\"api-major\":1,\"api-minor\":5,\"min-api-major\":1,\"min-api-minor\":7,\"min-build\":3,\"has-secrets\":true," \
  "\"kernels\":[],\"references\":[{\"digest\":\"" HEX32 "\",\"firmware\":\"\",\"secret-address\":0,\"kernel\":0" cpus \
  "}]}"

/* A launch may be open while the service is replaced by this version. */
static void
test_terms_of_before (void)
{
  const char *text = LATER (CPUS);
  g_autofree char *before = g_strconcat ("{", text + 1, NULL),
                  *now = g_strconcat ("{\"scheme\":\"amd-sev-es\"", text, NULL);
  g_autoptr(VaLaunchTerms) old = va_launch_terms_read (before, NULL), new = va_launch_terms_read (now, NULL);

  g_assert_true (old->tee == &va_tee_sev_es && new->tee == &va_tee_sev_es);
  g_assert_cmpuint (g_array_index (old->references, VaReference, 0).cpus, ==, 2);
  g_assert_cmpuint (g_array_index (new->references, VaReference, 0).profile, ==, 1);
}

static void
test_fixed (void)
{
  static const char *const bad[] = {
    "",
    "[]",
    "{}",
    "null",
    "{\"api-major\":1,\"api-minor\":5,\"min-api-major\":1,\"min-api-minor\":7,\"min-build\":3,\"has-secrets\":true,"
    "\"kernels\":[],\"references\":[]}",
    "{\"api-major\":256,\"api-minor\":5,\"min-api-major\":1,\"min-api-minor\":7,\"min-build\":3,\"has-secrets\":true,"
    "\"kernels\":[],\"references\":[{\"digest\":\"" HEX32 "\",\"firmware\":\"\",\"secret-address\":0,\"kernel\":0}]}",
    "{\"api-major\":1,\"api-minor\":5,\"min-api-major\":1,\"min-api-minor\":7,\"min-build\":3,\"has-secrets\":true,"
    "\"kernels\":[],\"references\":[{\"digest\":\"" HEX32 "\",\"firmware\":\"\",\"secret-address\":0,\"kernel\":1}]}",
    "{\"scheme\":\"amd-sev-9\"" LATER (""),
    "{\"scheme\":\"amd-sev\"" LATER (CPUS),
    "{\"api-major\":1,\"api-minor\":5,\"min-api-major\":1,\"min-api-minor\":7,\"min-build\":3,\"has-secrets\":true,"
    "\"kernels\":[],\"references\":[{\"digest\":\"0707\",\"firmware\":\"\",\"secret-address\":0,\"kernel\":0}]}"
  };
  g_autoptr(VaLaunchTerms) terms = new_fixed (HEX32), again = NULL;
  g_autofree char *text = NULL, *twice = NULL;
  g_autoptr(GError) error = NULL;
  VaKernelHashes kernel = { { 0 }, { 0 }, { 0 } };

  memset (kernel.initrd, 0xab, VA_SHA256_SIZE);
  g_array_append_val (terms->kernels, kernel);
  text = va_launch_terms_write (terms);
  again = va_launch_terms_read (text, &error);
  g_assert_no_error (error);
  twice = va_launch_terms_write (again);
  g_assert_cmpstr (text, ==, twice);
  g_assert_cmpuint (g_array_index (again->references, VaReference, 0).secret_address, ==, 0xfffffff0u);
  g_assert_cmpmem (g_array_index (again->kernels, VaKernelHashes, 0).initrd, 32, kernel.initrd, 32);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr(GError) reason = NULL;

      g_assert_null (va_launch_terms_read (bad[i], &reason));
      g_assert_nonnull (reason);
    }
}

static void
test_refusals (void)
{
  const struct {
    GQuark domain;
    int code;
    int problem;
  } cases[] = { { VA_STORE_ERROR, VA_STORE_ERROR_FAILED, VA_PROBLEM_STORE },
                { VA_STORE_ERROR, VA_STORE_ERROR_NOT_FOUND, VA_PROBLEM_LAUNCH_UNKNOWN },
                { VA_STORE_ERROR, VA_STORE_ERROR_IN_USE, VA_PROBLEM_IN_USE },
                { VA_STORE_ERROR, VA_STORE_ERROR_SECRET_MISSING, VA_PROBLEM_SECRET_MISSING },
                { VA_STORE_ERROR, VA_STORE_ERROR_ARTIFACT_MISSING, VA_PROBLEM_ARTIFACT_MISSING },
                { VA_STORE_ERROR, VA_STORE_ERROR_CHANGED, VA_PROBLEM_BUSY },
                { VA_STORE_ERROR, VA_STORE_ERROR_PERMIT, VA_PROBLEM_PERMIT_EXHAUSTED },
                { VA_STORE_ERROR, VA_STORE_ERROR_RUNNING, VA_PROBLEM_RUNNING_LIMIT },
                { VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN, VA_PROBLEM_INTERNAL },
                { VA_CORE_ERROR, VA_CORE_ERROR_PARSE, VA_PROBLEM_BAD_REQUEST },
                { VA_PROBLEM_ERROR, VA_PROBLEM_API_TOO_OLD, VA_PROBLEM_API_TOO_OLD },
                { G_FILE_ERROR, G_FILE_ERROR_FAILED, VA_PROBLEM_INTERNAL } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;
      gboolean hidden = cases[i].problem == VA_PROBLEM_INTERNAL || cases[i].problem == VA_PROBLEM_STORE;

      g_assert_false (va_refuse_from (&error, g_error_new_literal (cases[i].domain, cases[i].code, "/the/inside"),
                                      VA_PROBLEM_LAUNCH_UNKNOWN));
      g_assert_error (error, VA_PROBLEM_ERROR, cases[i].problem);
      g_assert_cmpstr (va_refusal_name (error), ==, va_problem_name ((VaProblemCode) cases[i].problem));
      if (hidden)
        g_assert_null (strstr (error->message, "/the/inside"));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/host", test_host);
  g_test_add_func ("/service/domain", test_domain);
  g_test_add_func ("/service/source", test_source);
  g_test_add_func ("/service/time", test_time);
  g_test_add_func ("/service/minimum-api", test_minimum_api);
  g_test_add_func ("/service/claims", test_claims);
  g_test_add_func ("/service/measurement", test_measurement);
  g_test_add_func ("/service/foreign-evidence", test_foreign_evidence);
  g_test_add_func ("/service/fixed", test_fixed);
  g_test_add_func ("/service/terms-of-before", test_terms_of_before);
  g_test_add_func ("/service/refusals", test_refusals);
  return g_test_run ();
}
