/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What pods and EndpointSlices say about services; pure functions of their JSON.
 */
#pragma once

#include <micro/micro.h>

G_BEGIN_DECLS

#define KUBE_LABEL_TYPE "micro.mu/type"
#define KUBE_LABEL_SELECTOR "micro.mu/selector-"
#define KUBE_ANNOTATION_SERVICE "micro.mu/service-"

/**
 * KubeState:
 * @KUBE_STATE_UP: takes calls
 * @KUBE_STATE_NOT_READY: starts, or says that it cannot take calls now
 * @KUBE_STATE_DRAINING: is being stopped
 */
typedef enum
{
  KUBE_STATE_UP,
  KUBE_STATE_NOT_READY,
  KUBE_STATE_DRAINING
} KubeState;

/**
 * KubeOffer:
 *
 * One node that a pod or slice offers for a service.
 */
typedef struct
{
  MicroService *shape; /* the service without its nodes; shared by all that are equal */
  MicroNode *node;
  const char *port_name; /* (nullable) interned; of a slice */
  const char *hints;     /* (nullable) interned: "zone-a,zone-b"; of a slice */
  guint16 port;
  guint8 state;       /* KubeState */
  guint8 family;      /* 4, 6, or 0 for a name */
  gboolean preferred; /* the port to take when none was asked for */
} KubeOffer;

/**
 * KubeEntry:
 *
 * A pod or a slice, as far as it matters.
 */
typedef struct
{
  char *namespace_;
  char *name;
  char *uid;
  gint64 created_s; /* UNIX time */
  gboolean is_slice;
  GArray *offers; /* of KubeOffer */
} KubeEntry;

/**
 * KubeMap:
 *
 * How to look at pods and slices.  One thread.
 */
typedef struct
{
  gboolean ready_when_running; /* as go-micro: the condition Ready is not asked */
  int family;                  /* 4 or 6: which of a pod's addresses to take */
  GHashTable *shapes;          /* set of MicroService */
  GHashTable *shapes_by_text;  /* a record without its nodes → MicroService */
  GHashTable *metadata;        /* set of MicroMetadata */
  guint64 n_bad_records;       /* that could not be read */
  guint64 n_stale_records;     /* that name an address the pod does not have */
} KubeMap;

KubeMap *kube_map_new (void);
void kube_map_free (KubeMap *self);

/* (transfer full) (nullable): NULL when @json is no such object. */
KubeEntry *kube_map_pod (KubeMap *self, const char *json, gsize length);
KubeEntry *kube_map_slice (KubeMap *self, const char *json, gsize length);
/* Only namespace, name and uid. */
KubeEntry *kube_map_identity (const char *json, gsize length);
void kube_entry_free (KubeEntry *self);

/* How @name stands in a label or annotation: go-micro's way, or a digest where that is no label. */
char *kube_map_key_of_name (const char *name);

/* For the files of the map. */
KubeEntry *kube_entry_new (void);
/* (transfer full): what a record says without its nodes, which are in *ret_nodes. */
MicroService *kube_map_read_record (
    KubeMap *self, const char *json, gsize length, GPtrArray **ret_nodes, GError **error);
MicroNode *
kube_map_make_node (KubeMap *self, const char *id, const char *address, MicroMetadata *metadata);
void kube_map_add_offer (KubeMap *self, KubeEntry *entry, KubeOffer *offer, MicroService *shape);
int kube_map_family_of (const char *host);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KubeMap, kube_map_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KubeEntry, kube_entry_free)

G_END_DECLS
