# SPDX-License-Identifier: Apache-2.0
# For other languages: Micro-1.gir is what the headers and the comments above the functions say,
# Micro-1.typelib the same to be read fast.  tests/test-introspection.sh makes both in a folder of its
# own where configure was not asked for them.

gir_folder = core
gir_headers = $(addprefix $(srcdir)/,$(public_headers)) core/micro/micro-version.h
gir_comments = $(addprefix $(srcdir)/,$(filter %.c,$(core_libmicro_core_la_SOURCES)))
# Its cache would be in somebody's home.
gir_scan = GI_SCANNER_DISABLE_CACHE=1 CC='$(CC)' LDFLAGS='$(AM_LDFLAGS) $(LDFLAGS)' $(G_IR_SCANNER) --quiet \
	--warn-all --warn-error --namespace=Micro --nsversion=1 --identifier-prefix=Micro --symbol-prefix=micro \
	--c-include=micro/micro.h --pkg-export=micro-1 --pkg=gio-2.0 --include=Gio-2.0 \
	--libtool='$(LIBTOOL)' --library=core/libmicro-1.la \
	-I$(srcdir)/core -Icore --output=$@.tmp $(gir_headers) $(gir_comments)

$(gir_folder)/Micro-1.gir: core/libmicro-1.la $(gir_headers) $(gir_comments)
	$(AM_V_GEN)$(gir_scan) && mv $@.tmp $@
$(gir_folder)/Micro-1.typelib: $(gir_folder)/Micro-1.gir
	$(AM_V_GEN)$(G_IR_COMPILER) --output=$@ $(gir_folder)/Micro-1.gir

if ENABLE_INTROSPECTION
girdir = $(datadir)/gir-1.0
gir_DATA = core/Micro-1.gir
typelibdir = $(libdir)/girepository-1.0
typelib_DATA = core/Micro-1.typelib
CLEANFILES += $(gir_DATA) core/Micro-1.gir.tmp $(typelib_DATA)
endif
