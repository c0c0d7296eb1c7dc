# SPDX-License-Identifier: Apache-2.0
# What all plugins share.  A plugin NAME-KIND is a folder with sources and this Makefile.inc:
#
#   name_kind_sources = %D%/name-kind.c %D%/name-kind-private.h
#   name_kind_libs = $(NGHTTP2_LIBS)                      what it alone needs; may be empty
#   if ENABLE_MODULES
#   pluginexec_LTLIBRARIES += plugins/name-kind.la
#   plugins_name_kind_la_SOURCES = $(name_kind_sources)
#   plugins_name_kind_la_LDFLAGS = $(PLUGIN_LDFLAGS)
#   plugins_name_kind_la_LIBADD = $(PLUGIN_LIBADD) $(name_kind_libs)
#   endif
#   if BUILTIN_NAME_KIND
#   core_libmicro_core_la_SOURCES += $(name_kind_sources)
#   core_libmicro_core_la_LIBADD += $(name_kind_libs)
#   else
#   tests_libplugins_la_SOURCES += $(name_kind_sources)   so that tests can link it
#   tests_libplugins_la_LIBADD += $(name_kind_libs)
#   endif
#   if HAVE_GTEST
#   gtests += plugins/name-kind/test-name                made of test-name.cc and $(test_libs)
#   endif
#
# plus one MICRO_PLUGIN([name-kind]) line in configure.ac and one include line below.  The same
# source is compiled with -DMICRO_PLUGIN_BUILTIN for linking in; the function is then
# micro_plugin_name_kind(), that is: MICRO_PLUGIN_DEFINE (name_kind, ...).

PLUGIN_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -no-undefined -Wl,-z,defs
PLUGIN_LIBADD = core/libmicro-1.la $(JSON_LIBS) $(PROTOBUF_C_LIBS) $(GLIB_LIBS)

include plugins/common/Makefile.inc
include plugins/dns-selector/Makefile.inc
include plugins/grpc-transport/Makefile.inc
include plugins/http-broker/Makefile.inc
include plugins/http-health/Makefile.inc
include plugins/k8s-registry/Makefile.inc
include plugins/local-registry/Makefile.inc
include plugins/memory-broker/Makefile.inc
include plugins/memory-registry/Makefile.inc
include plugins/memory-transport/Makefile.inc
include plugins/nats-broker/Makefile.inc
include plugins/p2c-selector/Makefile.inc
include plugins/random-selector/Makefile.inc
include plugins/roundrobin-selector/Makefile.inc
include plugins/static-selector/Makefile.inc
