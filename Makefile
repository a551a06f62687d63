# Agentic Coop DB: the whole build, one file, no recursion.
#
#	make            build the five programs and libacdb into build/
#	make up         a working system from a fresh machine (make down stops it)
#	make check      every test, set-up included
#	make help       the rest
#
# VARIANT=release (default), asan or cover; V=1 shows the commands;
# WERROR=1 makes warnings errors (CI does).

VARIANT	?= release
O	:= build/$(VARIANT)
PROGS	:= acdbd acdb acdb-mcp acdb-keys acdb-migrate

PREFIX	?= /usr/local
DESTDIR	?=

VERSION	:= $(shell cat VERSION)
# In the archive of "make dist" it is a file.
COMMIT	:= $(shell cat COMMIT 2>/dev/null || \
	   git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
# Reproducible: the commit's date, not the clock's.  Outside of git it is
# the date of the file VERSION, which the archive keeps.
EPOCH	:= $(or $(SOURCE_DATE_EPOCH),$(shell git log -1 --format=%ct \
	   2>/dev/null),$(shell stat -c %Y VERSION))
BUILD_DATE := $(shell date -u -d @$(EPOCH) +%Y-%m-%dT%H:%M:%SZ)

PG_CONFIG ?= pg_config
PG_INC	:= $(shell $(PG_CONFIG) --includedir 2>/dev/null)
PG_LIB	:= $(shell $(PG_CONFIG) --libdir 2>/dev/null)

WARN	:= -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion \
	   -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
	   -Wwrite-strings -Wcast-qual -Wpointer-arith -Wformat=2 -Wundef \
	   -Wswitch-enum -Wimplicit-fallthrough -Wvla
ifeq ($(WERROR),1)
WARN	+= -Werror
endif

CSTD	:= -std=c11 -D_GNU_SOURCE
OPT_release	:= -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong \
		   -fstack-clash-protection -fPIE
OPT_asan	:= -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
		   -fno-sanitize-recover=all -fPIE
OPT_fuzz	:= -O1 -g -fno-omit-frame-pointer \
		   -fsanitize=fuzzer-no-link,address,undefined \
		   -fno-sanitize-recover=all -fPIE
OPT_cover	:= -O0 -g --coverage -fPIE
LD_release	:= -pie -Wl,-z,relro,-z,now
LD_asan		:= -pie -fsanitize=address,undefined
LD_fuzz		:= -pie -fsanitize=fuzzer,address,undefined
LD_cover	:= -pie --coverage

ALL_CFLAGS	= $(CSTD) $(OPT_$(VARIANT)) $(WARN) -I. -Ilib \
		  -isystem $(PG_INC) -MMD -MP $(CFLAGS)
ALL_LDFLAGS	= $(LD_$(VARIANT)) $(LDFLAGS)

# Layering is linking: each program names the libraries it may touch, and
# libacdb.a is taken object by object, so a wrong reach is a link error.
LIBS_acdbd	:= -L$(PG_LIB) -lpq -lpg_query -lssl -lcrypto -lm
LIBS_acdb	:= -lcurl -lreadline -lcrypto -lm
LIBS_acdb-mcp	:= -lcurl -lcrypto -lm
LIBS_acdb-keys	:= -L$(PG_LIB) -lpq -lcurl -lcrypto -lm
LIBS_acdb-migrate := -L$(PG_LIB) -lpq -lcrypto -lm

Q	:= $(if $(V),,@)
say	= $(if $(V),,@printf '  %-7s %s\n' $(1) $(2))

LIBACDB	:= $(O)/libacdb.a
LIB_OBJ	:= $(patsubst %.c,$(O)/%.o,$(wildcard lib/*.c))

# A program exists once its main file does.
HAVE	:= $(foreach p,$(PROGS),$(if $(wildcard $(p)/main.c),$(p)))

.PHONY: all
all: $(LIBACDB) $(foreach p,$(HAVE),$(O)/bin/$(p))

# build/acdb is the release one.
ifeq ($(VARIANT),release)
BUILT	:= $(addprefix build/,$(HAVE))
all: $(BUILT)
$(BUILT): build/%: $(O)/bin/%
	$(Q)ln -sf $(patsubst build/%,%,$<) $@
endif

$(O)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

# Version facts are one object, so that a commit rebuilds one file.
$(O)/lib/version.o: VERSION $(wildcard $(shell git rev-parse \
	--git-path HEAD --git-path logs/HEAD 2>/dev/null))
$(O)/lib/version.o: ALL_CFLAGS += -DACDB_VERSION='"$(VERSION)"' \
	-DACDB_COMMIT='"$(COMMIT)"' -DACDB_BUILD_DATE='"$(BUILD_DATE)"'

# The control plane's migrations live inside the binaries.
MIGRATIONS := $(sort $(wildcard share/migrations/*.sql))
$(O)/gen/migrations.S: $(MIGRATIONS) lib/embed.sh
	@mkdir -p $(@D)
	$(Q)sh lib/embed.sh $(MIGRATIONS) > $@
$(O)/gen/migrations.o: $(O)/gen/migrations.S
	$(call say,EMBED,$@)
	$(Q)$(CC) -c -o $@ $<
ifneq ($(MIGRATIONS),)
LIB_OBJ	+= $(O)/gen/migrations.o
endif

$(LIBACDB): $(LIB_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# Each program is its own objects in an archive (which unit tests link too)
# and its main.
define prog
OBJ_$(1) := $(patsubst %.c,$(O)/%.o,$(filter-out $(1)/main.c,$(wildcard $(1)/*.c)))
$(O)/$(1).a: $$(OBJ_$(1))
	$$(call say,AR,$$@)
	$(Q)rm -f $$@ && $(AR) rcs $$@ $$^
$(O)/bin/$(1): $(O)/$(1)/main.o $(O)/$(1).a $(LIBACDB)
	@mkdir -p $$(@D)
	$$(call say,LINK,$$@)
	$(Q)$(CC) $$(ALL_LDFLAGS) -o $$@ $(O)/$(1)/main.o $(O)/$(1).a $(LIBACDB) $$(LIBS_$(1))
endef
$(foreach p,$(PROGS),$(eval $(call prog,$(p))))

# Unit tests: tests/unit/test_foo.c, linked against the archives of the
# libraries and the programs whose pure parts they test.
UNIT	:= $(patsubst tests/unit/%.c,$(O)/tests/%,$(wildcard tests/unit/test_*.c))
$(O)/tests/test_%: $(O)/tests/unit/test_%.o $(LIBACDB) $(O)/acdbd.a $(O)/acdb.a
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $< $(O)/acdbd.a $(O)/acdb.a $(LIBACDB) \
		-L$(PG_LIB) -lpq -lpg_query -lssl -lcrypto -lcurl -lreadline -lm
.SECONDARY:

.PHONY: unit
unit: $(UNIT)
	@sh tests/unit/run.sh $(UNIT)

# What the gateway is measured with: the floor under it and a load generator.
$(O)/bench/floor: $(patsubst %,$(O)/tests/bench/%.o,floor drive trail call ask \
	fleet hist) \
	$(O)/acdbd.a $(LIBACDB)
$(O)/bench/load: $(patsubst %,$(O)/tests/bench/%.o,load load_http ask fleet hist) \
	$(LIBACDB)
$(O)/bench/stdio: $(patsubst %,$(O)/tests/bench/%.o,stdio ask fleet hist) \
	$(LIBACDB)
$(O)/bench/%:
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ -L$(PG_LIB) -lpq -lssl -lcrypto -lm

.PHONY: bench bench-build
bench-build: all $(patsubst %,$(O)/bench/%,floor load stdio)
bench: bench-build
	@O=$(O) tests/bench/bench.sh

# A server with what the public MCP conformance suite asks for, and its run.
$(O)/mcp/mcp_fixture: $(patsubst %,$(O)/tests/mcp/%.o,mcp_fixture fixture_http \
	fixture_tools fixture_input fixture_offer) $(O)/acdbd.a $(LIBACDB)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ -lcrypto -lm

.PHONY: conformance mcp-build
mcp-build: all $(O)/mcp/mcp_fixture
conformance: mcp-build
	@O=$(O) tests/mcp/run.sh $(MCP_PARTS)

# Exactly once, although everything is killed: KILLS times at random.
KILLS	?= 300
.PHONY: crash
crash: all
	@O=$(O) python3 tests/crash/crash.py --kills $(KILLS)

# Many clients that do all at once, for SOAK_SECONDS: with the sanitizers for
# leaks, without them for growth.  And values at random, there and back.
SOAK_SECONDS ?= 60
PROPERTY_VALUES ?= 10000
.PHONY: soak property
soak:
	@$(MAKE) --no-print-directory VARIANT=asan all
	@O=build/asan python3 tests/soak/soak.py --seconds $(SOAK_SECONDS)
	@$(MAKE) --no-print-directory VARIANT=release all
	@O=build/release python3 tests/soak/soak.py \
		--seconds $(SOAK_SECONDS) --growth 8
property: all
	@O=$(O) PROPERTY_VALUES=$(PROPERTY_VALUES) bats \
		--show-output-of-passing-tests tests/bats/property.bats

# Fuzz targets: tests/fuzz/fuzz_foo.c with its seeds in tests/fuzz/corpus/foo.
# They need clang; everything they link is built with the sanitizers, in a
# variant of its own.  What they find beyond the seeds stays in build/.
FUZZ_SECONDS ?= 60
CLANG	?= clang
FUZZ	:= $(patsubst tests/fuzz/%.c,build/fuzz/tests/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZED	:= $(patsubst %,$(O)/%.a,acdbd acdb acdb-keys acdb-mcp)
build/fuzz/tests/fuzz_%: build/fuzz/tests/fuzz/fuzz_%.o $(LIBACDB) $(FUZZED)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $< $(FUZZED) $(LIBACDB) \
		-L$(PG_LIB) -lpq -lpg_query -lssl -lcrypto -lcurl -lreadline -lm

.PHONY: fuzz fuzz-short fuzz-build
ifeq ($(VARIANT),fuzz)
fuzz-build: $(FUZZ)
else
fuzz-build:
	@$(MAKE) --no-print-directory VARIANT=fuzz CC='$(CLANG)' fuzz-build
endif
fuzz: fuzz-build
	@sh tests/fuzz/run.sh $(FUZZ_SECONDS) $(FUZZ)
fuzz-short:
	@FUZZ_SEED=1 $(MAKE) --no-print-directory FUZZ_SECONDS=4 fuzz

# What a compiler does not check: each script prints file:line and the rule.
SCRIPTS	= $(shell git ls-files '*.sh')
MANPAGES = $(wildcard doc/man/*.[1-9])
.PHONY: lint
lint: all
	@rc=0; for t in tests/lint/*.sh; do O=$(O) sh $$t || rc=1; done; \
	shellcheck -e SC2016 $(SCRIPTS) || rc=1; \
	for m in $(MANPAGES); do mandoc -Tlint -W warning $$m || rc=1; done; \
	if [ $$rc -eq 0 ]; then echo 'lint: clean'; fi; exit $$rc

# From a fresh machine to a working system, and to all tests run.
.PHONY: deps up down check
deps:
	@deploy/local/deps.sh
up:
	@MAKE='$(MAKE)' deploy/local/up.sh
down:
	@PURGE='$(PURGE)' deploy/local/down.sh
check:
	@deploy/local/deps.sh --check
	@MAKE='$(MAKE)' tests/check.sh $(PARTS)

# The boundary, attacked as a whole and with each line of defence taken away.
.PHONY: corpus ablation
corpus: all
	@O=$(O) python3 tests/security/run.py $(ATTACKS)
ablation: all
	@O=$(O) python3 tests/security/ablation.py $(NAMES)

# Folders of share/ that a running system reads, or a shell.
SHARED	:= $(wildcard share/migrations share/rpc share/completions share/examples)
INSTALL	?= install
bindir	:= $(DESTDIR)$(PREFIX)/bin
mandir	:= $(DESTDIR)$(PREFIX)/share/man
datadir	:= $(DESTDIR)$(PREFIX)/share/agentcoopdb
unitdir	:= $(DESTDIR)$(PREFIX)/lib/systemd/system
.PHONY: install
install: all
	$(INSTALL) -d $(bindir) $(datadir) $(unitdir) \
		$(DESTDIR)$(PREFIX)/lib/sysusers.d
	$(if $(strip $(HAVE)),$(INSTALL) -m 755 $(HAVE:%=$(O)/bin/%) $(bindir))
	for m in $(MANPAGES); do \
		$(INSTALL) -D -m 644 $$m \
		    $(mandir)/man$${m##*.}/$${m##*/} || exit 1; \
	done
	for f in $(if $(SHARED),$$(find $(SHARED) -type f)); do \
		$(INSTALL) -D -m 644 $$f $(datadir)/$${f#share/} || exit 1; \
	done
	for u in acdbd.service acdbd.socket; do \
		sed 's|/usr/bin/|$(PREFIX)/bin/|' deploy/systemd/$$u \
		    > $(unitdir)/$$u && chmod 644 $(unitdir)/$$u || exit 1; \
	done
	$(INSTALL) -m 644 deploy/systemd/sysusers.conf \
		$(DESTDIR)$(PREFIX)/lib/sysusers.d/agentcoopdb.conf

# A package for dpkg, and the sources of the last commit as an archive.
.PHONY: deb dist
deb: all
	$(Q)rm -rf build/package
	$(Q)$(MAKE) --no-print-directory -s install PREFIX=/usr \
		DESTDIR=$(CURDIR)/build/package/debian/agentcoopdb
	$(Q)deploy/debian/build.sh build/package $(VERSION) $(EPOCH)
DIST	:= agentcoopdb-$(VERSION)
dist:
	$(Q)mkdir -p build
	$(Q)git archive --format=tar --prefix=$(DIST)/ \
		--add-virtual-file=$(DIST)/COMMIT:$(COMMIT) HEAD | \
		gzip -9n > build/$(DIST).tar.gz
	@echo build/$(DIST).tar.gz

.PHONY: help
help:
	@cat deploy/local/help.txt

.PHONY: clean
clean:
	rm -rf build

-include $(shell find $(O) -name '*.d' -type f 2>/dev/null)
