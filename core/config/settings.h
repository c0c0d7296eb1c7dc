/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What settings are made of.
 */
#pragma once

#include <micro/micro-settings.h>

G_BEGIN_DECLS

/* One value and where it is from.  Immutable but for warned. */
typedef struct
{
  GBytes *bytes;
  char *text; /* (nullable): without the line's end; not if it is no text */
  char *origin;
  int warned; /* atomic */
} MicroSetting;

MicroSetting *micro_setting_new (GBytes *bytes, const char *origin);
MicroSetting *micro_setting_ref (MicroSetting *self);
void micro_setting_unref (MicroSetting *self);

/* The spelling of a key that all others become. */
char *micro_setting_key (const char *key);

/* Puts what the entry @name says into @settings (key to MicroSetting): its value, and what lines of
 * NAME=VALUE or JSON in it say. */
void
micro_setting_expand (GHashTable *settings, const char *name, GBytes *bytes, const char *source);
/* (element-type utf8 MicroSetting): a table for the above. */
GHashTable *micro_setting_table_new (void);

/* Takes @table. */
MicroSettings *micro_settings_new (GHashTable *table);
gboolean micro_settings_equal (MicroSettings *a, MicroSettings *b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MicroSetting, micro_setting_unref)

G_END_DECLS
