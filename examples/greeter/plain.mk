# SPDX-License-Identifier: Apache-2.0
# The greeter on its own, against the installed toolkit:  make -f plain.mk [PC=micro-1-uninstalled]
PC = micro-1
PKG_CONFIG = pkg-config
CFLAGS = -O2 -g -Wall
here := $(dir $(lastword $(MAKEFILE_LIST)))
VPATH = $(here)
proto := $(firstword $(wildcard $(here)greeter.proto $(here)../../proto/greeter.proto))
stubs = greeter.micro.o greeter.pb-c.o

all: greeter-service greeter-client
greeter-service: greeter-service.o greeter-streams.o $(stubs)
greeter-client: greeter-client.o $(stubs)
greeter-service greeter-client:
	$(CC) $(LDFLAGS) $^ -o $@ $$($(PKG_CONFIG) --libs $(PC))

greeter-service.o greeter-streams.o greeter-client.o $(stubs): greeter.micro.h
%.o: %.c
	$(CC) $(CPPFLAGS) $(CFLAGS) -I. $$($(PKG_CONFIG) --cflags $(PC)) -c $< -o $@
greeter.micro.o: greeter.micro.c
greeter.pb-c.o: greeter.pb-c.c
greeter.micro.c greeter.pb-c.c: greeter.micro.h
greeter.micro.h: $(proto)
	protoc --plugin=protoc-gen-micro="$$($(PKG_CONFIG) --variable=protoc_gen_micro $(PC))" \
	  -I$(dir $(proto)) --micro_out=. greeter.proto

clean:
	rm -f greeter-service greeter-client *.o greeter.micro.[ch] greeter.pb-c.[ch]
.PHONY: all clean
