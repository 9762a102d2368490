# alignd: `make` builds, `make check` tests, `make demo` shows it at work. See README.md.
VERSION := $(shell sed -n 's/^## \[\([0-9.]*\)\].*/\1/p' CHANGELOG.md | head -n 1)
PREFIX ?= /usr/local
BUILD ?= build
CC ?= cc

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 -Wundef -Werror
HARDEN := -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
OPT ?= -O2 -g
SAN ?=
PKGS := libidn2 libpsl sqlite3 libxml-2.0 zlib libcurl jansson libcrypto
CPPFLAGS += -D_GNU_SOURCE -DALIGND_VERSION='"$(VERSION)"' -Imilter -I$(BUILD) $(shell (pkg-config --cflags $(PKGS)) 2>/dev/null)
CFLAGS := -std=c11 $(OPT) $(WARN) $(HARDEN) $(SAN) -pthread -MMD -MP $(CFLAGS)
LDFLAGS += -pie -Wl,-z,relro,-z,now $(SAN) -pthread
LDLIBS := $(shell (pkg-config --libs $(PKGS)) 2>/dev/null) -lmilter -lspf2 -lopendkim -lopendmarc -lunbound

SRC := $(filter-out milter/main.c milter/tools/%,$(wildcard milter/*/*.c))
TOOLS := $(wildcard milter/tools/*.c)
LIB := $(BUILD)/libalignd.a
OBJ := $(SRC:%.c=$(BUILD)/%.o)
SUPPORT := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/support/*.c))
TESTS := $(patsubst tests/%.c,$(BUILD)/%,$(wildcard tests/test_*.c))
SEEDS := $(patsubst tests/fuzz/fuzz_%.c,$(BUILD)/seeds_%,$(wildcard tests/fuzz/fuzz_*.c))
.DEFAULT_GOAL := all
.SECONDARY:
.PHONY: all unit seeds layers generated cases cases-monitor system check check-long demo deps sanitize analyze fuzz conformance \
	bench bench-peers bench-count bench-growth format format-check install uninstall deb version clean

all: $(BUILD)/alignd $(BUILD)/alignctl

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

# The default rules, compiled in as text.
$(BUILD)/rules_dmarc.inc: conf/rules/dmarc.conf
	@mkdir -p $(@D)
	sed 's/[\\"]/\\&/g; s/.*/"&\\n"/' $< >$@
$(BUILD)/milter/config/config.o: $(BUILD)/rules_dmarc.inc

$(LIB): $(OBJ)
	@rm -f $@
	ar rcs $@ $(OBJ)

$(BUILD)/alignd: $(BUILD)/milter/main.o $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/alignctl: $(TOOLS:%.c=$(BUILD)/%.o) $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# A test of cmocka has a state, which few use.
$(BUILD)/tests/%.o: CFLAGS += -Wno-unused-parameter
$(BUILD)/test_%: $(BUILD)/tests/test_%.o $(SUPPORT) $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lcmocka

# build/seeds_NAME: a fuzz target run over its seeds (any compiler); build/fuzz_NAME: with libFuzzer (`make fuzz`).
$(BUILD)/seeds_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/seeds_main.o $(SUPPORT) $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lcmocka

$(BUILD)/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(SUPPORT) $(LIB)
	$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LDLIBS) -lcmocka

# The bench (docs/performance.md): tools of its own, the load generator made of load_*.c.
BENCH := $(addprefix $(BUILD)/,milterload nullmilter dnsdelay onemsg storegrow)
$(BUILD)/milterload: $(patsubst %.c,$(BUILD)/%.o,tests/bench/milterload.c $(wildcard tests/bench/load_*.c))
	$(CC) $(LDFLAGS) -o $@ $^
$(BUILD)/nullmilter: $(BUILD)/tests/bench/nullmilter.o
	$(CC) $(LDFLAGS) -o $@ $^ -lmilter
$(BUILD)/dnsdelay: $(BUILD)/tests/bench/dnsdelay.o
	$(CC) $(LDFLAGS) -o $@ $^
$(BUILD)/onemsg: $(BUILD)/tests/bench/onemsg.o $(SUPPORT) $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lcmocka
$(BUILD)/storegrow: $(BUILD)/tests/bench/storegrow.o $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)
bench:
	@scripts/install-deps --bench
	@$(MAKE) --no-print-directory -s all $(BENCH)
	@BUILD=$(BUILD) scripts/bench -r $(or $(ROUNDS),1)
bench-peers:
	@scripts/install-deps --peers
	@$(MAKE) --no-print-directory -s all $(BENCH)
	@BUILD=$(BUILD) scripts/bench --peers -r $(or $(ROUNDS),5) -o $(BUILD)/bench/peers.tsv --plot docs/performance.svg
bench-count:
	@scripts/install-deps --bench
	@$(MAKE) --no-print-directory -s $(BUILD)/onemsg
	@BUILD=$(BUILD) scripts/bench --count
bench-growth:
	@scripts/install-deps --bench
	@$(MAKE) --no-print-directory -s all $(BENCH)
	@BUILD=$(BUILD) scripts/bench-growth $(PARTS:%=-p %) $(MESSAGES:%=-n %) $(DOMAINS:%=-d %) $(TUPLES:%=-t %)

# The tests. Each step alone, and all of them with what they need installed first (`make check`).
unit: $(TESTS)
	@scripts/run-unit $(TESTS)
seeds: $(SEEDS)
	@scripts/run-seeds $(SEEDS)
layers:
	@scripts/check-layers
generated: all
	@BUILD=$(BUILD) scripts/check-generated
cases: all
	@BUILD=$(BUILD) tests/support/cases.py -j 2 tests/cases/*.yml tests/cases/hostile/*.yml
# Again with nothing refused, so that all results are there to be read.
cases-monitor: all
	@BUILD=$(BUILD) tests/support/cases.py -j 2 --config 'mode = monitor' --methods iprev,spf,dkim,dmarc,policy,arc,identity \
		tests/cases/hostile/*.yml
# Makes memory scarce for a daemon that is told to load it (tests/system/test_scarce.py).
$(BUILD)/scarce.so: tests/system/scarce.c
	$(CC) -D_GNU_SOURCE -std=c11 -O2 $(WARN) -shared -fPIC -o $@ $<
system: all $(BUILD)/scarce.so
	@BUILD=$(BUILD) tests/system/run $(SYSTEM)
check:
	@MAKE='$(MAKE)' BUILD=$(BUILD) scripts/check
check-long:
	@MAKE='$(MAKE)' BUILD=$(BUILD) scripts/check --long
demo:
	@scripts/install-deps --demo
	@$(MAKE) --no-print-directory -s all
	@BUILD=$(BUILD) scripts/demo

# The gates beyond `make check`.
sanitize:
	@scripts/install-deps --gates
	@MAKE='$(MAKE)' scripts/sanitize
analyze: export FLAGS = $(CPPFLAGS) -std=c11 -O2 $(WARN)
analyze: $(BUILD)/rules_dmarc.inc
	@scripts/install-deps --gates
	@scripts/analyze $(wildcard milter/*.c) $(TOOLS) $(SRC)
fuzz:
	@scripts/install-deps --gates
	@MAKE='$(MAKE)' scripts/run-fuzz $(FUZZ) $(SECONDS)
conformance:
	@scripts/install-deps --test
	@$(MAKE) --no-print-directory -s all
	@BUILD=$(BUILD) scripts/conformance $(SUITES)
format:
	@git ls-files '*.c' '*.h' | xargs clang-format -i
format-check:
	@scripts/install-deps --gates
	@git ls-files '*.c' '*.h' | xargs clang-format --dry-run -Werror
	@echo "format: 1 passed, 0 failed, 0 skipped"

deps:
	scripts/install-deps
install: all
	BUILD=$(BUILD) DESTDIR=$(DESTDIR) PREFIX=$(PREFIX) scripts/install
uninstall:
	DESTDIR=$(DESTDIR) PREFIX=$(PREFIX) scripts/install --remove
# A Debian package of it all: build/alignd_VERSION_ARCH.deb (contrib/debian).
deb:
	@scripts/install-deps --deb
	@MAKE='$(MAKE)' scripts/deb
version:
	@echo $(VERSION)
clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -type f -name '*.d' 2>/dev/null)
