# zkrun: run a command under a distributed lock.
#
#   make            build build/zkrun (needs no network)
#   make demo       two contenders on a throwaway ZooKeeper
#   make check      every test; installs what is missing
#   make bench      what a lock costs, beside flock and etcdctl lock
#   make install    PREFIX, DESTDIR, BINDIR, MANDIR are honoured
#
# CC, CFLAGS, CPPFLAGS, LDFLAGS and LDLIBS are yours to set.
# ZK_STATIC=1 links the ZooKeeper client statically, WERROR=1 makes every
# warning an error, SANITIZE=1 builds with ASan and UBSan.

VERSION = 0.1

CC ?= cc
CFLAGS ?= -O2 -g
INSTALL ?= install
PKG_CONFIG ?= pkg-config
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
MANDIR ?= $(PREFIX)/share/man
BUILD ?= build

BSD_CFLAGS ?= $(shell $(PKG_CONFIG) --cflags libbsd-overlay)
BSD_LIBS ?= $(shell $(PKG_CONFIG) --libs libbsd-overlay)
ifdef ZK_STATIC
ZK_LIBS ?= -l:libzookeeper_st.a
else
ZK_LIBS ?= -lzookeeper_st
endif

WARNINGS = -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes \
	-Wwrite-strings -Wswitch-enum -Wvla -Wformat=2
ifdef WERROR
WARNINGS += -Werror
endif
ifdef SANITIZE
SANITIZERS = -fsanitize=address,undefined -fno-sanitize-recover=undefined \
	-fno-omit-frame-pointer
endif
OWN_CPPFLAGS = -D_GNU_SOURCE -DZKRUN_VERSION='"$(VERSION)"' $(BSD_CFLAGS) \
	$(CPPFLAGS)
OWN_CFLAGS = -std=c11 $(WARNINGS) $(CFLAGS) $(SANITIZERS)
OWN_LIBS = $(ZK_LIBS) $(BSD_LIBS) $(LDLIBS)

SRC = $(wildcard src/*.c)
OBJ = $(SRC:src/%.c=$(BUILD)/obj/%.o)
# Everything but main(), for the unit tests.
LIB_OBJ = $(filter-out $(BUILD)/obj/main.o,$(OBJ))
UNIT = $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/*.c))
TOOLS = $(patsubst tests/tools/%.c,$(BUILD)/tools/%,$(wildcard tests/tools/*.c))

all: $(BUILD)/zkrun

$(BUILD)/zkrun: $(OBJ)
	$(CC) $(OWN_CFLAGS) $(LDFLAGS) -o $@ $(OBJ) $(OWN_LIBS)

$(BUILD)/obj/%.o: src/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(OWN_CPPFLAGS) $(OWN_CFLAGS) -MMD -c -o $@ $<

$(BUILD)/unit/%: tests/unit/%.c $(LIB_OBJ)
	@mkdir -p $(@D)
	$(CC) $(OWN_CPPFLAGS) -Isrc -Itests/unit $(OWN_CFLAGS) $(LDFLAGS) -MMD \
	    -o $@ $< $(LIB_OBJ) $(OWN_LIBS)

$(BUILD)/tools/%: tests/tools/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(OWN_CPPFLAGS) $(OWN_CFLAGS) $(LDFLAGS) -MMD -o $@ $< $(OWN_LIBS)

-include $(OBJ:.o=.d) $(UNIT:=.d) $(TOOLS:=.d)

test-programs: all $(UNIT) $(TOOLS)

demo:
	contrib/install-deps build test
	$(MAKE) all
	contrib/demo

check:
	contrib/install-deps build test
	tests/run

bench:
	contrib/install-deps build test bench
	$(MAKE) test-programs
	tests/bench

install: all
	$(INSTALL) -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(MANDIR)/man1
	$(INSTALL) -m 755 $(BUILD)/zkrun $(DESTDIR)$(BINDIR)/zkrun
	$(INSTALL) -m 644 man/zkrun.1 $(DESTDIR)$(MANDIR)/man1/zkrun.1

uninstall:
	rm -f $(DESTDIR)$(BINDIR)/zkrun $(DESTDIR)$(MANDIR)/man1/zkrun.1

clean:
	rm -rf $(BUILD)

.PHONY: all test-programs demo check bench install uninstall clean
