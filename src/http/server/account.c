/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http/server/account.h"

#define SMALL (256u * 1024) /* bytes: any body but that of an image, and most answers */
#define RESERVED_PART 8     /* of all that may be held: for what is small */
#define PEERS_PART 4        /* the same: one peer's, of what is large */

struct _VaAccount {
  GMutex mutex;
  gsize held, most;
  GHashTable *peers; /* "role:name" -> Peer; those who hold something or have lists made */
};

typedef struct {
  gsize held;
  guint lists;
} Peer;

VaAccount *
va_account_new (gsize most)
{
  VaAccount *account = g_new0 (VaAccount, 1);

  g_mutex_init (&account->mutex);
  account->most = most;
  account->peers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return account;
}

void
va_account_free (VaAccount *account)
{
  if (account == NULL)
    return;
  g_hash_table_unref (account->peers);
  g_mutex_clear (&account->mutex);
  g_free (account);
}

static Peer *
find_peer (VaAccount *account, const char *name)
{
  Peer *found = g_hash_table_lookup (account->peers, name);

  if (found == NULL)
    {
      found = g_new0 (Peer, 1);
      g_hash_table_insert (account->peers, g_strdup (name), found);
    }
  return found;
}

/* Peers of whom there is nothing to remember are forgotten. */
static void
forget_peer (VaAccount *account, const char *name, const Peer *peer)
{
  if (peer->held == 0 && peer->lists == 0)
    g_hash_table_remove (account->peers, name);
}

static char *
name_peer (const VaIdentity *peer)
{
  return g_strdup_printf ("%s:%s", va_role_name (peer->role), peer->name);
}

/* How much of what is held is that of the peer, who then holds @more and no longer @less. With the mutex held. */
static gsize
count_for_peer (VaAccount *account, const VaIdentity *identity, gsize more, gsize less)
{
  g_autofree char *name = NULL;
  Peer *peer;
  gsize held;

  if (identity == NULL)
    return more;
  name = name_peer (identity);
  peer = find_peer (account, name);
  peer->held = held = peer->held + more - less;
  forget_peer (account, name, peer);
  return held;
}

gboolean
va_account_hold (VaAccount *account, const VaIdentity *peer, gsize *held, gsize bytes)
{
  gsize most = bytes <= SMALL ? account->most : account->most - account->most / RESERVED_PART;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&account->mutex);
  gsize before = *held, peers = count_for_peer (account, peer, bytes, before);

  account->held = account->held - before + bytes;
  *held = bytes;
  return bytes <= before || (account->held <= most && (bytes <= SMALL || peers <= account->most / PEERS_PART));
}

gboolean
va_account_begin_list (VaAccount *account, const VaIdentity *identity)
{
  g_autofree char *name = name_peer (identity);
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&account->mutex);
  Peer *peer = find_peer (account, name);

  if (peer->lists >= VA_LISTS_AT_ONCE)
    return FALSE;
  peer->lists++;
  return TRUE;
}

void
va_account_end_list (VaAccount *account, const VaIdentity *identity)
{
  g_autofree char *name = name_peer (identity);
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&account->mutex);
  Peer *peer = find_peer (account, name);

  peer->lists--;
  forget_peer (account, name, peer);
}
