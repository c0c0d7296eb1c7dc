# SPDX-License-Identifier: Apache-2.0
# The same without autotools:  make -f plain.mk [PC=micro-1-uninstalled]
PC = micro-1
PKG_CONFIG = pkg-config
CFLAGS = -O2 -g -Wall
VPATH = $(dir $(lastword $(MAKEFILE_LIST)))

last-selector.so: last-selector.c
	$(CC) $(CFLAGS) -fPIC -shared -fvisibility=hidden $< -o $@ \
	  $$($(PKG_CONFIG) --cflags --libs $(PC)) -Wl,-z,defs $(LDFLAGS)

install: last-selector.so
	install -D -m 755 last-selector.so \
	  "$(DESTDIR)$$($(PKG_CONFIG) --variable=plugindir $(PC))/last-selector.so"

clean:
	rm -f last-selector.so
.PHONY: install clean
