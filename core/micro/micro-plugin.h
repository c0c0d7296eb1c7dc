/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What a plugin is made of, and how one is found by name.
 */
#pragma once

#include <micro/micro-error.h>
#include <micro/micro-types.h>

G_BEGIN_DECLS

#define MICRO_PLUGIN_ABI_MAJOR 1
#define MICRO_PLUGIN_ABI_MINOR 0

/**
 * MicroPluginInfo:
 *
 * What a plugin says of itself.  The first three members stay where they are for ever.
 */
typedef struct
{
  guint16 abi_major;
  guint16 abi_minor;
  guint32 struct_size;
  const char *name;    /* "static", without the kind; [a-z0-9-]+ */
  const char *summary; /* one phrase, no full stop */
  const char *version;
  const char *license; /* SPDX */
  GType (*get_type) (void);
  const char *alias;   /* (nullable): another name when linked in; a file has a symbolic link */
  guint transport_abi; /* of a transport: MICRO_TRANSPORT_ABI; 0 for the others */
  gpointer reserved[2];
} MicroPluginInfo;

/* The only symbol that a plugin file exports; here, so that a wrong one does not compile. */
#define MICRO_PLUGIN_ENTRY "micro_plugin_query"
#ifndef __GI_SCANNER__ /* it is none of the library's */
extern __attribute__ ((visibility ("default"))) const MicroPluginInfo *micro_plugin_query (void);
#endif

#ifdef MICRO_PLUGIN_BUILTIN
#define MICRO_PLUGIN_ENTRY_(c_name)
#else
#define MICRO_PLUGIN_ENTRY_(c_name)                                                                \
  const MicroPluginInfo *micro_plugin_query (void) { return micro_plugin_##c_name (); }
#endif

#define MICRO_PLUGIN_DEFINE(c_name, ...)                                                           \
  extern const MicroPluginInfo *micro_plugin_##c_name (void);                                      \
  const MicroPluginInfo *micro_plugin_##c_name (void)                                              \
  {                                                                                                \
    static const MicroPluginInfo info = { .abi_major = MICRO_PLUGIN_ABI_MAJOR,                     \
                                          .abi_minor = MICRO_PLUGIN_ABI_MINOR,                     \
                                          .struct_size = sizeof (MicroPluginInfo),                 \
                                          __VA_ARGS__ };                                           \
    return &info;                                                                                  \
  }                                                                                                \
  MICRO_PLUGIN_ENTRY_ (c_name)

typedef enum
{
  MICRO_PLUGIN_REGISTRY,
  MICRO_PLUGIN_SELECTOR,
  MICRO_PLUGIN_TRANSPORT,
  MICRO_PLUGIN_HEALTH,
  MICRO_PLUGIN_BROKER
} MicroPluginKind;
#define MICRO_PLUGIN_N_KINDS 5

MICRO_API const char *micro_plugin_kind_to_string (MicroPluginKind kind); /* "registry" … */
MICRO_API GType micro_plugin_kind_get_interface (MicroPluginKind kind);
MICRO_API char **micro_plugin_get_slots (GType type);

/* Offers a linked-in plugin.  Once, before any lookup. */
MICRO_API void micro_plugin_add_builtin (const MicroPluginInfo *info);

/* The type of the plugin @name (or path, if it has a slash) of @kind; G_TYPE_INVALID on error. */
MICRO_API GType micro_plugin_find (MicroPluginKind kind, const char *name, GError **error);
/* Loads one more file (MICRO_PLUGINS): a name such as "ewma-selector" or a path. */
MICRO_API gboolean micro_plugin_load (const char *name_or_path, GError **error);
/* The info of a type found, or %NULL for a type that the application offered. */
MICRO_API const MicroPluginInfo *micro_plugin_get_info (GType type);
/* Opens one file as micro_plugin_load() does and says what it is; for listings. */
MICRO_API const MicroPluginInfo *
micro_plugin_inspect (const char *path, MicroPluginKind *ret_kind, GError **error);
/* (transfer container) (element-type MicroPluginInfo): what is linked in. */
MICRO_API GPtrArray *micro_plugin_list_builtin (void);
/* Where plugin files are looked for, in order: (transfer full). */
MICRO_API char **micro_plugin_get_path (void);

G_END_DECLS
