/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What a file says, kept so that a crowd of them is not read again and again.
 */
#pragma once

#include <sys/stat.h>

#include <micro/micro.h>

G_BEGIN_DECLS

/* A service with one node, the token of the owner, and which file said so. */
typedef struct
{
  MicroService *service;
  char *owner;
  struct stat file;
} LocalRecord;

LocalRecord *local_record_ref (LocalRecord *self);
void local_record_unref (LocalRecord *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LocalRecord, local_record_unref)

/* Whether a file is what it was: the same one, and not written since. */
gboolean local_record_is_same_file (const struct stat *a, const struct stat *b);

/* A folder and what was read in it.  Of one thread. */
typedef struct
{
  char *path;
  GHashTable *records; /* file name → LocalRecord, of the living and the newly dead */
  GHashTable *models;  /* text before the nodes → MicroService without nodes */
} LocalFolder;

LocalFolder *local_folder_new (const char *path);
LocalFolder *local_folder_ref (LocalFolder *self);
void local_folder_unref (LocalFolder *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LocalFolder, local_folder_unref)

/* (transfer none) (nullable): the record of a file that is what it was when it was read */
LocalRecord *local_folder_find (LocalFolder *self, const char *file_name, const struct stat *file);
/* (transfer full): made of JSON, and kept; NULL with @error if it is none */
LocalRecord *local_folder_parse (LocalFolder *self,
                                 const char *file_name,
                                 const struct stat *file,
                                 const char *owner,
                                 const char *json,
                                 GError **error);
void local_folder_forget (LocalFolder *self, const char *file_name);

/* (transfer container) (element-type LocalRecord) */
GPtrArray *local_records_list (GHashTable *records);
/* One record a service and version out of LocalRecords; @service: (nullable): only this one's. */
GPtrArray *local_records_merge (GPtrArray *records, const char *service);

G_END_DECLS
