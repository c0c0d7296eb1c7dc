/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Options: each is a GParamSpec, and so a flag, a variable, a range, a default and a help text.
 */
#pragma once

#include <micro/micro-plugin.h>

G_BEGIN_DECLS

typedef struct _MicroOptions MicroOptions;

MicroOptions *micro_options_new (void);
void micro_options_free (MicroOptions *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MicroOptions, micro_options_free)

/* name: the flag; nick: the metavar, or NULL; blurb: the help.  Takes a floating reference. */
void micro_options_add (MicroOptions *self, GParamSpec *spec);
/* One more variable for an option, read after MICRO_<NAME>. */
void micro_options_add_alias (MicroOptions *self, const char *name, const char *variable);
/* One more flag, and its variable, for an option: --tls-ca for --transport-tls-ca. */
void micro_options_add_brief (MicroOptions *self, const char *name, const char *flag);
/* The writable properties of @type become --KIND-PROPERTY; @name is for the help. */
void
micro_options_add_plugin (MicroOptions *self, MicroPluginKind kind, const char *name, GType type);
/* The program's own, parsed by GOption as they are. */
void micro_options_add_entries (MicroOptions *self, const GOptionEntry *entries);
gboolean micro_options_has (MicroOptions *self, const char *name);

/* Before anything is known: what --NAME or MICRO_<NAME> says; (nullable) (transfer full). */
char *micro_options_peek (int argc, char **argv, const char *name);
/* The first of @flags (such as "--help") before a "--"; (nullable) (transfer none). */
const char *micro_options_find_flag (int argc, char **argv, const char *const *flags);

/* "MICRO_SELECTOR_PORT" of "selector-port"; (transfer full). (plugin/options-peek.c) */
char *micro_option_variable (const char *flag);
/* The name of the flag in "--Na_me=value", with dashes; NULL if it is not one; (transfer full). */
char *micro_option_flag (const char *argument);

/* Whether @flag, with dashes, is of go-micro's that mean nothing here. (plugin/options-foreign.c)
 */
gboolean micro_options_refuse_foreign (const char *flag, GError **error);
void micro_options_warn_foreign (void); /* of variables */

/* Takes what it knows out of @argv, then looks at the variables; G_OPTION_ERROR. */
gboolean micro_options_parse (MicroOptions *self, int *argc, char ***argv, GError **error);
/* @flag: --help, --help-all or --help-KIND; (transfer full). */
char *micro_options_get_help (MicroOptions *self,
                              const char *flag,
                              const char *parameters,
                              const char *summary);

/* After parse.  The origin is "--name", "MICRO_NAME" or, for the default, NULL. */
const char *micro_options_get_origin (MicroOptions *self, const char *name);
const char *micro_options_get_string (MicroOptions *self, const char *name);
guint micro_options_get_uint (MicroOptions *self, const char *name);
const char *const *micro_options_get_strv (MicroOptions *self, const char *name);

/* An object of the plugin's type with its options set, and initialised if it is a GInitable. */
GObject *micro_options_construct (MicroOptions *self, MicroPluginKind kind, GError **error);

/* What a text means for @spec; the error begins with @origin. (plugin/options-value.c) */
gboolean micro_option_set_value (
    GValue *value, GParamSpec *spec, const char *origin, const char *text, GError **error);
gboolean micro_option_type_is_known (GParamSpec *spec);
/* The default for the help text; (nullable) (transfer full). */
char *micro_option_default (GParamSpec *spec);

G_END_DECLS
