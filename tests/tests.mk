# SPDX-License-Identifier: Apache-2.0
# make check: GTest programs (tests/core/test-X.cc, plugins/NAME/test-X.cc) and scripts
# (tests/test-X.sh).  A program: three lines as below.  A script: a line in test_scripts.

AM_TESTS_ENVIRONMENT = \
	export abs_top_srcdir='$(abs_top_srcdir)' abs_top_builddir='$(abs_top_builddir)'; \
	export PATH='$(abs_top_builddir)':"$$PATH"; \
	export MICRO_PLUGIN_PATH='$(abs_top_builddir)/plugins/.libs'; \
	export HOME=/invalid G_DEBUG=fatal-warnings GIO_USE_VFS=local; \
	XDG_RUNTIME_DIR=`mktemp -d "$${TMPDIR:-/tmp}/micro-test.XXXXXX"`; export XDG_RUNTIME_DIR; \
	trap 'rm -rf "$$XDG_RUNTIME_DIR"' EXIT;

test_libs = proto/libgreeter.la tests/libplugins.la core/libmicro-core.la $(GTEST_LIBS) $(JSON_LIBS) $(PROTOBUF_C_LIBS) \
	$(GLIB_LIBS)
# Plugins that are not linked into libmicro-1, for tests that call them directly.
check_LTLIBRARIES += tests/libplugins.la
tests_libplugins_la_SOURCES += tests/empty.c
tests_libplugins_la_CPPFLAGS = $(AM_CPPFLAGS) -DMICRO_PLUGIN_BUILTIN

# GTest programs: X is made of X.cc and test_libs unless it has _SOURCES and _LDADD of its own.
# They see private functions too; one that opens plugin files must link libmicro-1.la instead of
# test_libs, or there are two copies of every type.
AM_DEFAULT_SOURCE_EXT = .cc
LDADD = $(test_libs)
if HAVE_GTEST
gtests += \
	tests/core/test-loop \
	tests/core/test-router \
	$(NULL)
endif
include tests/proto/Makefile.inc
include tests/zoo/Makefile.inc
check_PROGRAMS += $(gtests)

test_scripts = \
	tests/test-codegen.sh \
	tests/test-format.sh \
	tests/test-greeter.sh \
	tests/test-headers.sh \
	tests/test-includes.sh \
	tests/test-instructions.sh \
	tests/test-options.sh \
	tests/test-out-of-tree.sh \
	tests/test-symbols.sh \
	tests/test-zoo.sh \
	$(NULL)

# Out of tree: it has a build of its own.
example_plugin = \
	examples/plugin/Makefile.am \
	examples/plugin/README.md \
	examples/plugin/configure.ac \
	examples/plugin/last-selector.c \
	examples/plugin/plain.mk \
	$(NULL)

TESTS += $(gtests) $(test_scripts)
EXTRA_DIST += $(example_plugin) $(test_scripts) tests/functions.sh tests/run tests/symbols.txt tests/valgrind.supp \
	tests/bench/run tests/bench/measure.py tests/bench/instructions tests/bench/instructions.txt \
	tests/bench/grpc-c++/server.cc tests/bench/grpc-go/main.go tests/bench/grpc-go/go.mod \
	tests/bench/grpc-go/go.sum packaging/build-steps.sh packaging/debian-packages .ci/run .ci/expected-skips

TEST_EXTENSIONS = .sh
SH_LOG_COMPILER = bash

# The GTest programs again under valgrind.
check-valgrind: $(BUILT_SOURCES)
	@test -n "$(VALGRIND)" || { echo "valgrind is not installed"; exit 1; }
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(gtests)' LOG_COMPILER="$(VALGRIND_RUN)"
VALGRIND_RUN = $(LIBTOOL) --mode=execute $(VALGRIND) -q --error-exitcode=99 --leak-check=full \
	--errors-for-leak-kinds=definite --num-callers=30 --trace-children=no \
	--suppressions=$(abs_top_srcdir)/tests/valgrind.supp
# Everything again in a build of its own with AddressSanitizer and UBSan.
check-asan:
	$(MKDIR_P) asan
	test -f asan/Makefile || { cd asan && '$(abs_top_srcdir)/configure' --enable-sanitizers CFLAGS='-O1 -g'; }
	cd asan && $(MAKE) all && ASAN_OPTIONS=detect_leaks=1:detect_odr_violation=0 G_SLICE=always-malloc $(MAKE) check
distclean-local:
	rm -rf asan
.PHONY: check-valgrind check-asan
