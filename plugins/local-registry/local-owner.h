/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Who wrote a record, and whether it lives: one locked file a process, one descriptor for it.
 */
#pragma once

#include <micro/micro.h>

G_BEGIN_DECLS

#define LOCAL_OWNER_SUFFIX ".owner"

typedef struct _LocalOwner LocalOwner;

typedef enum
{
  LOCAL_LIFE_UNKNOWN, /* it cannot be told just now */
  LOCAL_LIFE_ALIVE,
  LOCAL_LIFE_DEAD
} LocalLife;

/* Makes the folder too.  The token is in the name of the file and in the records. */
LocalOwner *local_owner_new (const char *folder, GError **error);
const char *local_owner_get_token (LocalOwner *self);
/* FALSE if somebody has removed the file, or the folder, under us. */
gboolean local_owner_is_in_place (LocalOwner *self);
void local_owner_free (LocalOwner *self);

/* The length of the token that @text begins with; 0 if it begins with none. */
gsize local_owner_token_length (const char *text);
LocalLife local_owner_probe (const char *folder, const char *token);
/* Removes the files of an owner that is dead, not its records. */
void local_owner_bury (const char *folder, const char *token);

/* Says in @error what could not be done to @path, out of errno; always FALSE. */
gboolean local_owner_fail (GError **error, const char *verb, const char *path);
char *local_owner_temporary (const char *folder, const char *token);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LocalOwner, local_owner_free)

G_END_DECLS
