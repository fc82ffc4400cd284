# zkrun: run a command under a distributed lock.
#
#   make            build build/zkrun (needs no network)
#   make demo       show four contenders for one lock on a throwaway ZooKeeper
#   make test       run the quick tests, in a minute; installs nothing
#   make check      test every promise, in 5 minutes; installs missing packages
#   make static     build build/zkrun-static, one file that loads no library
#   make check-all  run all tests, in 25 minutes; installs missing packages
#   make deps       install the packages that make check needs
#   make old-kernel run the main tests as on Linux 4.18, also statically linked
#   make cross      run the units for big-endian, 32-bit and 64-bit ARM under qemu
#   make fresh      run demo and check on minimal Debian 12 and 13 (root), and
#                   build, install and purge the packages there
#   make bench      measure zkrun beside flock and etcdctl lock
#   make model      check the protocol with Spin, longer than check-all does
#   make coverage   list the lines of src/ that the tests do not run
#   make torture    inject faults for ten minutes, by a seed, and judge the result
#   make torture-broken   show that torture detects six zkruns with a defect
#   make soak       do 100000 hand-offs; descriptors, memory and znodes must not
#                   grow
#   make fuzz       fuzz all parsers, and run zkrun against a hostile server;
#                   FUZZ_SECONDS=60 for each parser, HOSTILE_SESSIONS=10000
#   make install    set PREFIX, DESTDIR, BINDIR or MANDIR to change paths, and
#                   BASHCOMPDIR, ZSHCOMPDIR, FISHCOMPDIR for completions
#   make dist       build build/zkrun-VERSION.tar.gz, reproducibly
#   make dist-static   the same with the static zkrun instead of the source
#   make deb        build build/zkrun_VERSION_ARCH.deb; make rpm builds an RPM
#
# CC, CFLAGS, CPPFLAGS, LDFLAGS and LDLIBS can be set.
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
BASHCOMPDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHCOMPDIR ?= $(PREFIX)/share/zsh/site-functions
FISHCOMPDIR ?= $(PREFIX)/share/fish/vendor_completions.d
BUILD ?= build

BSD_CFLAGS ?= $(shell $(PKG_CONFIG) --cflags libbsd-overlay)
BSD_LIBS ?= $(shell $(PKG_CONFIG) --libs libbsd-overlay)
ifdef ZK_STATIC
ZK_LIBS ?= -l:libzookeeper_st.a
else
ZK_LIBS ?= -lzookeeper_st
endif
# Before glibc 2.34 getaddrinfo_a(3) is in libanl.  Since then libanl is empty.
GLIBC_LIBS ?= -lanl

# -Wno-unused-parameter: all actions of a table have the same parameters, and not
# every action uses them.
WARNINGS = -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes \
	-Wwrite-strings -Wswitch-enum -Wvla -Wformat=2 -Wno-unused-parameter
ifdef WERROR
WARNINGS += -Werror
endif
ifdef SANITIZE
SANITIZERS = -fsanitize=address,undefined -fno-sanitize-recover=undefined \
	-fno-omit-frame-pointer
endif
# These precede a packager's flags, which override them.  _FORTIFY_SOURCE needs
# optimization, and is off under sanitizers, which find more.
HARDENING = -fstack-protector-strong -fPIE
OPTIMIZED = $(filter-out -O0,$(lastword $(filter -O%,$(CFLAGS))))
ifeq ($(findstring _FORTIFY_SOURCE,$(CPPFLAGS) $(CFLAGS))$(findstring \
	-fsanitize,$(CFLAGS) $(SANITIZERS)),)
FORTIFY = $(if $(OPTIMIZED),-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif
OWN_CPPFLAGS = -Isrc -D_GNU_SOURCE -DZKRUN_VERSION='"$(VERSION)"' \
	$(FORTIFY) $(BSD_CFLAGS) $(CPPFLAGS)
OWN_CFLAGS = -std=c11 $(WARNINGS) $(HARDENING) $(CFLAGS) $(SANITIZERS) \
	$(COUNT_CFLAGS)
# tests/coverage sets COUNT_CFLAGS and COUNT_LDFLAGS.
OWN_LDFLAGS = $(if $(filter -static -static-pie -no-pie,$(LDFLAGS)),,-pie) \
	-Wl,-z,relro,-z,now $(LDFLAGS)
OWN_LIBS = $(ZK_LIBS) $(BSD_LIBS) $(GLIBC_LIBS) $(LDLIBS)

SRC = $(wildcard src/*.c src/*/*.c)
OBJ = $(SRC:src/%.c=$(BUILD)/obj/%.o)
# The unit tests link everything except main().
LIB_OBJ = $(filter-out $(BUILD)/obj/main.o,$(OBJ))
UNIT = $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/*.c))
TOOLS = $(patsubst tests/tools/%.c,$(BUILD)/tools/%,$(wildcard tests/tools/*.c))
PRELOAD = $(patsubst tests/tools/preload/%.c,$(BUILD)/tools/%.so,$(wildcard tests/tools/preload/*.c))

MAN = $(wildcard man/*.[1-9])
# The path of each part of the manual below MANDIR: man5/zkrun.conf.5.
MAN_PATHS = $(foreach part,$(notdir $(MAN)),man$(subst .,,$(suffix \
	$(part)))/$(part))

COMPLETIONS = $(patsubst contrib/%,$(BUILD)/%,$(wildcard \
	contrib/completions/zkrun.*))

all: $(BUILD)/zkrun $(COMPLETIONS)

$(BUILD)/zkrun: $(OBJ)
	$(CC) $(OWN_CFLAGS) $(OWN_LDFLAGS) $(COUNT_LDFLAGS) -o $@ $(OBJ) $(OWN_LIBS)

# The client of Debian 11 and Ubuntu 22.04, 3.4.13, lacks these functions.
$(BUILD)/obj/client:
	@mkdir -p $(@D)
	@$(CC) --version >$@.log || { echo 'zkrun needs a C compiler: CC=$(CC)' \
	    'does not work' >&2; exit 1; }
	@[ -n '$(strip $(BSD_LIBS))' ] || { echo 'zkrun needs pkg-config and' \
	    'libbsd (libbsd-dev)' >&2; exit 1; }
	@printf '%s\n' '#include <zookeeper/zookeeper.h>' \
	    'void *needed[] = { zoo_acreate2, zookeeper_init2,' \
	    'zoo_set_servers_resolution_delay };' | \
	    $(CC) $(OWN_CPPFLAGS) -w -fsyntax-only -x c - 2>$@.log || { cat $@.log; echo \
	    'zkrun needs the C client of ZooKeeper 3.8 or newer' \
	    '(libzookeeper-st-dev); or copy a static zkrun from another' \
	    'machine (make static)' >&2; exit 1; }
	@touch $@

$(BUILD)/obj/%.o: src/%.c Makefile | $(BUILD)/obj/client
	@mkdir -p $(@D)
	$(CC) $(OWN_CPPFLAGS) $(OWN_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/unit/%: tests/unit/%.c $(LIB_OBJ)
	@mkdir -p $(@D)
	$(CC) $(OWN_CPPFLAGS) -Itests/unit $(OWN_CFLAGS) $(OWN_LDFLAGS) \
	    -MMD -MP -o $@ $< $(LIB_OBJ) $(OWN_LIBS)

$(BUILD)/tools/%: tests/tools/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(OWN_CPPFLAGS) $(OWN_CFLAGS) $(OWN_LDFLAGS) -MMD -MP -o $@ $< $(OWN_LIBS)

# Tests load these into zkrun by LD_PRELOAD.
$(BUILD)/tools/%.so: tests/tools/preload/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(OWN_CPPFLAGS) -std=c11 $(WARNINGS) $(CFLAGS) -fPIC -shared -o $@ $<

# The static zkrun loads no library, so one file serves every Linux.  The linker
# warns of getaddrinfo, getpwuid and the client library's getpwuid_r, which load
# the modules that nsswitch.conf(5) names.  With ZKRUN_STATIC they use only the
# modules that glibc links in since 2.34; see src/system/nameservice.h.
STATIC_LIBS ?= -l:libzookeeper_st.a \
	$(shell $(PKG_CONFIG) --static --libs libbsd-overlay) -lmd -lm

static:
	$(MAKE) BUILD=$(BUILD)/static CPPFLAGS='$(CPPFLAGS) -DZKRUN_STATIC' \
	    LDFLAGS='$(filter-out -static,$(LDFLAGS)) -static-pie' ZK_LIBS='$(STATIC_LIBS)' \
	    $(BUILD)/static/zkrun
	cp $(BUILD)/static/zkrun $(BUILD)/zkrun-static

# Link stamp statically: loading libraries would delay the start that it measures.
ifndef SANITIZE
$(BUILD)/tools/stamp: LDFLAGS += -static
$(BUILD)/tools/stamp: OWN_LIBS = $(BSD_LIBS) -lmd
endif

# The manual supplies the table of options for the completions.
$(BUILD)/completions/options: contrib/completions/options.awk $(MAN)
	@mkdir -p $(@D)
	awk -f contrib/completions/options.awk $(filter %.1,$(MAN)) >$@

$(BUILD)/completions/zkrun.%: contrib/completions/zkrun.% \
    $(BUILD)/completions/options
	sed -e '/^@OPTIONS@$$/{r $(BUILD)/completions/options' -e 'd}' $< >$@

# The fuzz targets, and the program's objects with sanitizers and libFuzzer's
# coverage.  The objects are in an archive, because a target may include one of
# the source files to reach its static functions.
FUZZ = $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/*.c))
FUZZ_OBJ = $(LIB_OBJ:$(BUILD)/obj/%=$(BUILD)/fuzz/obj/%)
FUZZ_CC = clang
FUZZ_CFLAGS = -std=c11 $(WARNINGS) -O1 -g -fno-omit-frame-pointer \
	-fsanitize=address,undefined -fno-sanitize-recover=undefined

$(BUILD)/fuzz/obj/%.o: src/%.c Makefile
	@mkdir -p $(@D)
	$(FUZZ_CC) $(OWN_CPPFLAGS) -U_FORTIFY_SOURCE $(FUZZ_CFLAGS) \
	    -fsanitize=fuzzer-no-link -MMD -MP -c -o $@ $<

$(BUILD)/fuzz/zkrun.a: $(FUZZ_OBJ)
	rm -f $@
	$(AR) rcs $@ $(FUZZ_OBJ)

$(BUILD)/fuzz/%: tests/fuzz/%.c $(BUILD)/fuzz/zkrun.a
	$(FUZZ_CC) $(OWN_CPPFLAGS) -U_FORTIFY_SOURCE -Itests/fuzz \
	    $(FUZZ_CFLAGS) -fsanitize=fuzzer -MMD -MP -o $@ $< \
	    $(BUILD)/fuzz/zkrun.a $(OWN_LIBS)

fuzz-programs: $(FUZZ)

-include $(OBJ:.o=.d) $(UNIT:=.d) $(TOOLS:=.d) \
	$(FUZZ_OBJ:.o=.d) $(FUZZ:=.d)

unit-programs: $(BUILD)/zkrun $(UNIT)

test-programs: all $(UNIT) $(TOOLS) $(PRELOAD)

demo:
	contrib/demo

test:
	tests/run -s test

check:
	contrib/check

check-all:
	contrib/check all

deps:
	contrib/install-deps check

old-kernel:
	contrib/install-deps check
	tests/old-kernel

cross:
	contrib/install-deps cross
	tests/cross

fresh:
	contrib/install-deps fresh
	tests/fresh

bench:
	contrib/install-deps bench
	$(MAKE) test-programs
	tests/bench/run

model:
	contrib/install-deps all
	tests/model/run.bash big

coverage:
	contrib/install-deps all
	tests/coverage/run

torture:
	contrib/install-deps check
	$(MAKE) test-programs
	tests/torture/run

torture-broken:
	contrib/install-deps check
	$(MAKE) test-programs
	tests/torture/broken

soak:
	contrib/install-deps check
	$(MAKE) test-programs
	tests/torture/soak

fuzz:
	contrib/install-deps all
	$(MAKE) test-programs fuzz-programs
	tests/fuzz/run

install: all
	$(INSTALL) -d $(DESTDIR)$(BINDIR) \
	    $(addprefix $(DESTDIR)$(MANDIR)/,$(sort $(dir $(MAN_PATHS)))) \
	    $(DESTDIR)$(BASHCOMPDIR) $(DESTDIR)$(ZSHCOMPDIR) \
	    $(DESTDIR)$(FISHCOMPDIR)
	$(INSTALL) -m 755 $(BUILD)/zkrun $(DESTDIR)$(BINDIR)/zkrun
	for path in $(MAN_PATHS); do $(INSTALL) -m 644 man/$${path#*/} \
	    $(DESTDIR)$(MANDIR)/$$path || exit; done
	$(INSTALL) -m 644 $(BUILD)/completions/zkrun.bash \
	    $(DESTDIR)$(BASHCOMPDIR)/zkrun
	$(INSTALL) -m 644 $(BUILD)/completions/zkrun.zsh \
	    $(DESTDIR)$(ZSHCOMPDIR)/_zkrun
	$(INSTALL) -m 644 $(BUILD)/completions/zkrun.fish \
	    $(DESTDIR)$(FISHCOMPDIR)/zkrun.fish

uninstall:
	rm -f $(DESTDIR)$(BINDIR)/zkrun \
	    $(addprefix $(DESTDIR)$(MANDIR)/,$(MAN_PATHS)) \
	    $(DESTDIR)$(BASHCOMPDIR)/zkrun $(DESTDIR)$(ZSHCOMPDIR)/_zkrun \
	    $(DESTDIR)$(FISHCOMPDIR)/zkrun.fish

dist:
	contrib/package tarball $(VERSION) $(BUILD)

dist-static:
	contrib/install-deps build
	contrib/package static $(VERSION) $(BUILD)

deb:
	contrib/install-deps deb
	contrib/package deb $(VERSION) $(BUILD)

rpm:
	contrib/package rpm $(VERSION) $(BUILD) $(RPMBUILD_FLAGS)

clean:
	rm -rf $(BUILD)

.DELETE_ON_ERROR:
.PHONY: all static unit-programs test-programs demo test check check-all deps fresh bench model \
	coverage fuzz fuzz-programs torture torture-broken soak old-kernel cross install \
	uninstall dist dist-static deb rpm clean
