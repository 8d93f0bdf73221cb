/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "audit/chain.h"
#include "audit/entry.h"

/* Records as they have always been: what verified once must verify for ever, so no byte of their form may change. */

#define SALT_LENGTH (2 * VA_AUDIT_SALT_SIZE)

static VaAuditEntry *
new_entry (const char *what, const char *role)
{
  return va_audit_entry_new (1700000000123, what, &(VaAuditPeer){ .role = role, .name = "peer" });
}

/* Takes @entry. @expected: the record up to its salt. */
static void
assert_record (VaAuditEntry *entry, const char *expected)
{
  g_autofree char *text = va_audit_entry_write (entry, 7);
  const char *salt = strstr (text, ",\"salt\":\"");
  g_autofree char *before = NULL;

  g_assert_nonnull (salt);
  before = g_strndup (text, (gsize) (salt - text));
  g_assert_cmpstr (before, ==, expected);
  salt += strlen (",\"salt\":\"");
  g_assert_cmpuint (strspn (salt, "0123456789abcdef"), ==, SALT_LENGTH);
  g_assert_cmpstr (salt + SALT_LENGTH, ==, "\"}");
  va_audit_entry_free (entry);
}

static void
test_launch (void)
{
  VaAuditEntry *entry = new_entry ("launch", "host");
  JsonObject *domain = json_object_new ();
  g_autoptr(GPtrArray) names = g_ptr_array_new ();

  va_audit_entry_set_text (entry, VA_AUDIT_PATH, "/v1/vm/1/launch");
  va_audit_entry_set_text (entry, VA_AUDIT_REQUEST, "r-1");
  va_audit_entry_set_text (entry, VA_AUDIT_CLAIMED_LAUNCH, "c-1");
  va_audit_entry_set_text (entry, VA_AUDIT_VM, "1");
  json_object_set_string_member (domain, "uuid", "2");
  va_audit_entry_set_object (entry, VA_AUDIT_DOMAIN, domain);
  va_audit_entry_set_text (entry, VA_AUDIT_OWNER, "alice");
  va_audit_entry_set_number (entry, VA_AUDIT_VERSION, 3);
  va_audit_entry_set_object (entry, VA_AUDIT_PLATFORM, json_object_new ());
  g_ptr_array_add (names, (gpointer) "a");
  g_ptr_array_add (names, (gpointer) "b");
  va_audit_entry_set_names (entry, VA_AUDIT_SECRETS_LEFT_OUT, names);
  va_audit_entry_set_text (entry, VA_AUDIT_LAUNCH, "4");
  va_audit_entry_set_number (entry, VA_AUDIT_POLICY, 5);
  va_audit_entry_set_text (entry, VA_AUDIT_GENERATION, "naples");
  va_audit_entry_set_hash (entry, VA_AUDIT_TERMS, "abc", 3);
  va_audit_entry_decide (entry, VA_AUDIT_VERDICT_GRANTED);
  assert_record (entry, "{\"seq\":7,\"time\":1700000000123,\"what\":\"launch\",\"who\":{\"role\":\"host\",\"name\":"
                        "\"peer\"},\"path\":\"/v1/vm/1/launch\",\"request\":\"r-1\",\"claimed-launch-id\":\"c-1\","
                        "\"vm\":\"1\",\"domain\":{\"uuid\":\"2\"},\"owner\":\"alice\",\"version\":3,\"platform\":{},"
                        "\"secrets-left-out\":[\"a\",\"b\"],\"launch-id\":\"4\",\"policy\":5,\"generation\":\"naples\","
                        "\"fixed\":\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\","
                        "\"result\":\"granted\"");
}

static void
test_validate (void)
{
  VaAuditEntry *entry = new_entry ("validate", "host");

  va_audit_entry_set_object (entry, VA_AUDIT_EVIDENCE, json_object_new ());
  va_audit_entry_set_text (entry, VA_AUDIT_LAUNCH, "4");
  va_audit_entry_refuse (entry, "measurement-mismatch", "no");
  va_audit_entry_set_text (entry, VA_AUDIT_DETAIL, "more");
  assert_record (entry, "{\"seq\":7,\"time\":1700000000123,\"what\":\"validate\",\"who\":{\"role\":\"host\",\"name\":"
                        "\"peer\"},\"evidence\":{},\"launch-id\":\"4\",\"result\":\"measurement-mismatch\","
                        "\"why\":\"no\",\"detail\":\"more\"");
}

static void
test_outcome_and_end (void)
{
  VaAuditEntry *outcome = new_entry ("outcome", "host");
  VaAuditEntry *end = va_audit_entry_new (1, "end", &(VaAuditPeer){ .role = "service" });

  va_audit_entry_decide (outcome, VA_AUDIT_VERDICT_FAILED);
  va_audit_entry_set_text (outcome, VA_AUDIT_WHY, "broken");
  va_audit_entry_set_number (outcome, VA_AUDIT_FIRMWARE_ERROR, 18);
  assert_record (outcome, "{\"seq\":7,\"time\":1700000000123,\"what\":\"outcome\",\"who\":{\"role\":\"host\",\"name\":"
                          "\"peer\"},\"result\":\"failed\",\"why\":\"broken\",\"firmware-error\":18");
  va_audit_entry_set_text (end, VA_AUDIT_HOST, "node1");
  va_audit_entry_refuse (end, "launch-expired", "late");
  assert_record (end, "{\"seq\":7,\"time\":1,\"what\":\"end\",\"who\":{\"role\":\"service\"},\"host\":\"node1\","
                      "\"result\":\"launch-expired\",\"why\":\"late\"");
}

static void
test_owner (void)
{
  const VaAuditPeer who = { "owner", "alice", NULL, "ann", "00ff" };
  VaAuditEntry *entry = va_audit_entry_new (2, "approve", &who);

  va_audit_entry_decide (entry, VA_AUDIT_VERDICT_APPROVED);
  va_audit_entry_set_number (entry, VA_AUDIT_LAUNCHES, 2);
  va_audit_entry_set_number (entry, VA_AUDIT_UNTIL, 1700000000);
  va_audit_entry_set_flag (entry, VA_AUDIT_APPROVALS_TAKEN_BACK);
  assert_record (entry, "{\"seq\":7,\"time\":2,\"what\":\"approve\",\"who\":{\"role\":\"owner\",\"name\":\"alice\","
                        "\"person\":\"ann\",\"certificate\":\"00ff\"},\"result\":\"approved\",\"launches\":2,"
                        "\"until\":1700000000,\"approvals-taken-back\":true");
  entry = va_audit_entry_new (3, "vm-register", NULL);
  va_audit_entry_set_object (entry, VA_AUDIT_REGISTRATION, json_object_new ());
  va_audit_entry_set_hash (entry, VA_AUDIT_REGISTRATION_HASH, "", 0);
  va_audit_entry_set_number (entry, VA_AUDIT_REGISTRATION_SIZE, 5000);
  va_audit_entry_set_text (entry, VA_AUDIT_PROPOSAL, "d");
  va_audit_entry_set_text (entry, VA_AUDIT_PROPOSER, "bea");
  va_audit_entry_set_text (entry, VA_AUDIT_SECRET, "s");
  va_audit_entry_set_text (entry, VA_AUDIT_FIRMWARE, "f");
  va_audit_entry_decide (entry, VA_AUDIT_VERDICT_REGISTERED);
  assert_record (entry, "{\"seq\":7,\"time\":3,\"what\":\"vm-register\",\"registration\":{},\"registration-hash\":"
                        "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\",\"registration-size\":"
                        "5000,\"proposal\":\"d\",\"proposed-by\":\"bea\",\"secret\":\"s\",\"firmware\":\"f\","
                        "\"result\":\"registered\"");
}

static void
test_attempt_and_prune (void)
{
  VaAuditEntry *attempt = new_entry ("attempt", "owner");
  VaAuditEntry *prune = va_audit_entry_new (4, "prune", &(VaAuditPeer){ .role = "service", .user = "root" });

  va_audit_entry_set_text (attempt, VA_AUDIT_CALL, "secret-show");
  va_audit_entry_refuse (attempt, "not-found", "refused");
  assert_record (attempt, "{\"seq\":7,\"time\":1700000000123,\"what\":\"attempt\",\"who\":{\"role\":\"owner\",\"name\":"
                          "\"peer\"},\"call\":\"secret-show\",\"result\":\"not-found\",\"why\":\"refused\"");
  va_audit_entry_decide (prune, VA_AUDIT_VERDICT_DONE);
  va_audit_entry_decide (prune, VA_AUDIT_VERDICT_PRUNED);
  va_audit_entry_set_number (prune, VA_AUDIT_BEFORE, 5);
  va_audit_entry_set_number (prune, VA_AUDIT_UP_TO, 6);
  assert_record (prune, "{\"seq\":7,\"time\":4,\"what\":\"prune\",\"who\":{\"role\":\"service\",\"user\":\"root\"},"
                        "\"result\":\"pruned\",\"before\":5,\"up-to\":6");
}

/* A verdict that is replaced keeps its place; one that was taken back has a new one. So do other members. */
static void
test_places (void)
{
  VaAuditEntry *entry = va_audit_entry_new (5, "launch", NULL);

  g_assert_cmpint (va_audit_entry_verdict (entry), ==, VA_AUDIT_VERDICT_NONE);
  va_audit_entry_set_text (entry, VA_AUDIT_OWNER, "alice");
  va_audit_entry_decide (entry, VA_AUDIT_VERDICT_GRANTED);
  va_audit_entry_set_text (entry, VA_AUDIT_VM, "1");
  g_assert_cmpint (va_audit_entry_verdict (entry), ==, VA_AUDIT_VERDICT_GRANTED);
  va_audit_entry_decide (entry, VA_AUDIT_VERDICT_WAITING);
  va_audit_entry_clear (entry, VA_AUDIT_OWNER);
  g_assert_null (va_audit_entry_text (entry, VA_AUDIT_OWNER));
  va_audit_entry_set_text (entry, VA_AUDIT_OWNER, "bob");
  g_assert_cmpstr (va_audit_entry_text (entry, VA_AUDIT_OWNER), ==, "bob");
  va_audit_entry_refuse (entry, "busy", "wait");
  g_assert_cmpint (va_audit_entry_verdict (entry), ==, VA_AUDIT_VERDICT_REFUSED);
  va_audit_entry_set_text (entry, VA_AUDIT_VM, "2");
  assert_record (entry, "{\"seq\":7,\"time\":5,\"what\":\"launch\",\"result\":\"busy\",\"vm\":\"2\",\"owner\":\"bob\","
                        "\"why\":\"wait\"");
  entry = va_audit_entry_new (6, "launch", NULL);
  va_audit_entry_decide (entry, VA_AUDIT_VERDICT_GRANTED);
  va_audit_entry_decide (entry, VA_AUDIT_VERDICT_NONE);
  g_assert_cmpint (va_audit_entry_verdict (entry), ==, VA_AUDIT_VERDICT_NONE);
  va_audit_entry_set_text (entry, VA_AUDIT_VM, "1");
  va_audit_entry_decide (entry, VA_AUDIT_VERDICT_VALIDATED);
  assert_record (entry, "{\"seq\":7,\"time\":6,\"what\":\"launch\",\"vm\":\"1\",\"result\":\"validated\"");
}

static void
test_verdict_words (void)
{
  static const char *const words[] = {
    [VA_AUDIT_VERDICT_APPROVED] = "approved",   [VA_AUDIT_VERDICT_CHANGED] = "changed",
    [VA_AUDIT_VERDICT_DENIED] = "denied",       [VA_AUDIT_VERDICT_DONE] = "done",
    [VA_AUDIT_VERDICT_ENDED] = "ended",         [VA_AUDIT_VERDICT_FAILED] = "failed",
    [VA_AUDIT_VERDICT_GRANTED] = "granted",     [VA_AUDIT_VERDICT_PROPOSED] = "proposed",
    [VA_AUDIT_VERDICT_PRUNED] = "pruned",       [VA_AUDIT_VERDICT_REGISTERED] = "registered",
    [VA_AUDIT_VERDICT_REMOVED] = "removed",     [VA_AUDIT_VERDICT_REVOKED] = "revoked",
    [VA_AUDIT_VERDICT_RUNNING] = "running",     [VA_AUDIT_VERDICT_STORED] = "stored",
    [VA_AUDIT_VERDICT_VALIDATED] = "validated", [VA_AUDIT_VERDICT_WAITING] = "waiting",
    [VA_AUDIT_VERDICT_WITHDRAWN] = "withdrawn",
  };
  guint tested = 0;

  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    {
      VaAuditEntry *entry;
      g_autofree char *expected = NULL;

      if (words[i] == NULL)
        continue;
      entry = va_audit_entry_new (0, "x", NULL);
      va_audit_entry_decide (entry, (VaAuditVerdict) i);
      expected = g_strdup_printf ("{\"seq\":7,\"time\":0,\"what\":\"x\",\"result\":\"%s\"", words[i]);
      assert_record (entry, expected);
      tested++;
    }
  g_assert_cmpuint (tested, ==, 17);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/audit/entry/launch", test_launch);
  g_test_add_func ("/audit/entry/validate", test_validate);
  g_test_add_func ("/audit/entry/outcome-and-end", test_outcome_and_end);
  g_test_add_func ("/audit/entry/owner", test_owner);
  g_test_add_func ("/audit/entry/attempt-and-prune", test_attempt_and_prune);
  g_test_add_func ("/audit/entry/places", test_places);
  g_test_add_func ("/audit/entry/verdict-words", test_verdict_words);
  return g_test_run ();
}
