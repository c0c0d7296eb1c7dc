# SPDX-License-Identifier: Apache-2.0
# make check: GTest programs (tests/core/test-X.cc, plugins/NAME/test-X.cc) and scripts
# (tests/test-X.sh).  A program: three lines as below.  A script: a line in test_scripts.

AM_TESTS_ENVIRONMENT = \
	export abs_top_srcdir='$(abs_top_srcdir)' abs_top_builddir='$(abs_top_builddir)'; \
	export PATH='$(abs_top_builddir)':"$$PATH"; \
	export MICRO_PLUGIN_PATH='$(abs_top_builddir)/plugins/.libs'; \
	export HOME=/invalid G_DEBUG=fatal-warnings GIO_USE_VFS=local GSETTINGS_BACKEND=memory; \
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
	tests/core/test-app-health \
	tests/core/test-app-register \
	tests/core/test-arena \
	tests/core/test-budget \
	tests/core/test-cache \
	tests/core/test-call \
	tests/core/test-checks \
	tests/core/test-client \
	tests/core/test-client-declined \
	tests/core/test-client-ending \
	tests/core/test-client-interceptor \
	tests/core/test-client-policy \
	tests/core/test-config \
	tests/core/test-ejection \
	tests/core/test-error-record \
	tests/core/test-header \
	tests/core/test-interceptor \
	tests/core/test-loop \
	tests/core/test-published \
	tests/core/test-records \
	tests/core/test-registry \
	tests/core/test-router \
	tests/core/test-services \
	tests/core/test-transport \
	tests/core/test-watcher \
	$(NULL)
endif
tests_core_test_cache_SOURCES = tests/core/test-cache.cc tests/core/faulty-registry.h tests/clock-test.h \
	tests/registry-test.h
tests_core_test_client_SOURCES = tests/core/test-client.cc tests/core/client-test.h tests/clock-test.h
tests_core_test_call_SOURCES = tests/core/test-call.cc tests/core/client-test.h tests/core/no-registry.h
tests_core_test_client_declined_SOURCES = tests/core/test-client-declined.cc \
	tests/core/client-test.h tests/core/no-registry.h
tests_core_test_client_interceptor_SOURCES = tests/core/test-client-interceptor.cc \
	tests/core/client-test.h
tests_core_test_ejection_SOURCES = tests/core/test-ejection.cc tests/clock-test.h
tests_core_test_watcher_SOURCES = tests/core/test-watcher.cc tests/registry-test.h
tests_core_test_records_SOURCES = tests/core/test-records.cc tests/registry-test.h
tests_core_test_registry_SOURCES = tests/core/test-registry.cc tests/registry-test.h
include tests/brokers/Makefile.inc
include tests/faults/Makefile.inc
include tests/fuzz/Makefile.inc
include tests/proto/Makefile.inc
include tests/selectors/Makefile.inc
include tests/zoo/Makefile.inc
check_PROGRAMS += $(gtests)

test_scripts = \
	tests/test-abi.sh \
	tests/test-abi-minor.sh \
	tests/test-broker.sh \
	tests/test-broker-typed.sh \
	tests/test-builtin.sh \
	tests/test-circles.sh \
	tests/test-codegen.sh \
	tests/test-codegen-fields.sh \
	tests/test-codegen-names.sh \
	tests/test-codegen-refusals.sh \
	tests/test-coming-from.sh \
	tests/test-completion.sh \
	tests/test-docs.sh \
	tests/test-format.sh \
	tests/test-fuzz.sh \
	tests/test-greeter.sh \
	tests/test-headers.sh \
	tests/test-health.sh \
	tests/test-includes.sh \
	tests/test-introspection.sh \
	tests/test-kube.sh \
	tests/test-library-page.sh \
	tests/test-local-registry.sh \
	tests/test-names.sh \
	tests/test-option-names.sh \
	tests/test-options.sh \
	tests/test-out-of-tree.sh \
	tests/test-packaging.sh \
	tests/test-plugin-page.sh \
	tests/test-plugins.sh \
	tests/test-readme.sh \
	tests/test-symbols.sh \
	tests/test-threads.sh \
	tests/test-tls.sh \
	tests/test-tls-failures.sh \
	tests/test-tool-faults.sh \
	tests/test-tool-json.sh \
	tests/test-tool.sh \
	tests/test-tool-watch.sh \
	tests/test-zoo.sh \
	$(NULL)

# Out of tree: it has a build of its own.
example_plugin = \
	examples/plugin/Makefile.am \
	examples/plugin/README.md \
	examples/plugin/configure.ac \
	examples/plugin/debian \
	examples/plugin/last-selector.c \
	examples/plugin/micro-last-selector.spec \
	examples/plugin/plain.mk \
	$(NULL)

TESTS += $(gtests) $(test_scripts)
# Whole folders, with whatever each suite needs.
suites = tests/bench tests/brokers tests/builds tests/clients tests/conformance tests/faults tests/gomicro tests/h2spec tests/health \
	tests/hostile tests/interop tests/kubernetes tests/losses tests/packages tests/rollout tests/selectors
EXTRA_DIST += $(suites) $(example_plugin) $(test_scripts) tests/abi.awk tests/abi.c tests/abi-minor.c tests/abi.txt \
	tests/certificates.sh \
	tests/completion.zsh tests/check.sh tests/count.sh tests/functions.sh tests/gate.sh tests/installcheck.sh tests/limit \
	tests/held-port.h tests/introspection.py \
	tests/introspection-serve.py tests/peers.sh tests/run tests/selector-test.h tests/suites.sh tests/unit.h \
	tests/symbols.txt tests/valgrind.supp packaging/build-debs packaging/build-rpms packaging/build-steps.sh \
	packaging/container packaging/debian packaging/debian-packages packaging/debian-tree.sh packaging/kubernetes packaging/rpm \
	.ci/run
# A folder of EXTRA_DIST is taken from the build directory too, with what was built in it.
dist-hook:
	find "$(distdir)/tests" \( -name __pycache__ -o -name .deps -o -name .libs -o -name .dirstamp \
	  -o -name '*.o' -o -name '*.lo' -o -name '*.la' -o -name '*.trs' -o -name '*.log' \) \
	  -prune -exec rm -rf {} +
	cd "$(distdir)" && rm -f $(check_PROGRAMS) $(EXTRA_PROGRAMS)

# A test that hangs is ended after MICRO_TEST_LIMIT seconds, with its stacks in its log.
TEST_EXTENSIONS = .sh
if HAVE_PYTHON3
LOG_COMPILER = $(PYTHON3) $(abs_top_srcdir)/tests/limit
endif
SH_LOG_COMPILER = $(LOG_COMPILER) bash

# The GTest programs, and all that tests need: compiled, not run.
unit-tests: $(BUILT_SOURCES) tests/unit.h.gch
	$(MAKE) $(AM_MAKEFLAGS) $(gtests) $(unit_tests_open)
test-programs: all tests/unit.h.gch
	$(MAKE) $(AM_MAKEFLAGS) $(check_PROGRAMS) $(check_LTLIBRARIES)
# Half of each GTest program's compile time is in these headers. Where this has not been made, the
# header itself is read.
tests/unit.h.gch: tests/unit.h Makefile
	$(AM_V_GEN)$(CXX) $(DEFS) $(DEFAULT_INCLUDES) $(INCLUDES) $(AM_CPPFLAGS) $(CPPFLAGS) $(cxx_flags) $(CXXFLAGS) \
	  -x c++-header -o $@ $(srcdir)/tests/unit.h
CLEANFILES += tests/unit.h.gch
# Some of them, of which there must be all that they need.
check-unit:
	$(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS='$(gtests)'
check-scripts:
	$(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS='$(test_scripts)'
.PHONY: unit-tests test-programs check-unit check-scripts

# The GTest programs again under valgrind; tests/builds/run does this, and more builds.
check-valgrind:
	@test -n "$(VALGRIND)" || { echo "valgrind is not installed"; exit 1; }
	$(MAKE) $(AM_MAKEFLAGS) check-unit LOG_COMPILER="$(LOG_COMPILER) $(VALGRIND_RUN)"
VALGRIND_RUN = $(LIBTOOL) --mode=execute $(VALGRIND) -q --error-exitcode=99 --leak-check=full \
	--errors-for-leak-kinds=definite --num-callers=30 --trace-children=no \
	--suppressions=$(abs_top_srcdir)/tests/valgrind.supp
# The installed toolkit, as a user and a plugin author use it.
installcheck-local:
	abs_top_srcdir='$(abs_top_srcdir)' abs_top_builddir='$(abs_top_builddir)' \
	bindir='$(DESTDIR)$(bindir)' libdir='$(DESTDIR)$(libdir)' mandir='$(DESTDIR)$(mandir)' \
	pkgconfigdir='$(DESTDIR)$(pkgconfigdir)' pluginexecdir='$(DESTDIR)$(pluginexecdir)' \
	bash '$(srcdir)/tests/installcheck.sh'
distclean-local:
	rm -rf asan static valgrind installed
.PHONY: check-valgrind
