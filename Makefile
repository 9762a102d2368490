# alignd: `make` builds, `make check` tests, `make demo` shows it at work. See README.md.
VERSION := $(shell sed -n 's/^## \[\([0-9.]*\)\].*/\1/p' CHANGELOG.md | head -n 1)
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
BUILD ?= build
CC ?= cc

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 -Wundef -Werror
HARDEN := -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
OPT ?= -O2 -g
SAN ?=
PKGS := libidn2 libpsl sqlite3 libxml-2.0 zlib libcurl jansson libcrypto
CPPFLAGS += -D_GNU_SOURCE -DALIGND_VERSION='"$(VERSION)"' -Imilter -I$(BUILD) $(shell pkg-config --cflags $(PKGS))
CFLAGS := -std=c11 $(OPT) $(WARN) $(HARDEN) $(SAN) -pthread -MMD -MP $(CFLAGS)
LDFLAGS += -pie -Wl,-z,relro,-z,now $(SAN) -pthread
LDLIBS := $(shell pkg-config --libs $(PKGS)) -lmilter -lspf2 -lopendkim -lopendmarc -lunbound

SRC := $(filter-out milter/main.c milter/tools/%,$(wildcard milter/*/*.c))
LIB := $(BUILD)/libalignd.a
OBJ := $(SRC:%.c=$(BUILD)/%.o)
SUPPORT := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/support/*.c))
TESTS := $(patsubst tests/%.c,$(BUILD)/%,$(wildcard tests/test_*.c))
FUZZERS := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
.DEFAULT_GOAL := all
.SECONDARY:
.PHONY: all unit clean

all: $(BUILD)/alignd $(BUILD)/alignctl

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(LIB): $(OBJ)
	@rm -f $@
	ar rcs $@ $(OBJ)

$(BUILD)/alignd: $(BUILD)/milter/main.o $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/alignctl: $(patsubst %.c,$(BUILD)/%.o,$(wildcard milter/tools/*.c)) $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/test_%: $(BUILD)/tests/test_%.o $(SUPPORT) $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lcmocka

# Every tests/test_*.c: build and run them all, then say how many failed.
unit: $(TESTS)
	@failed=0; for t in $(TESTS); do echo "== $$t"; $$t || failed=$$((failed + 1)); done; \
	[ $$failed -eq 0 ] || { echo "$$failed test programs failed"; exit 1; }

# build/fuzz_NAME: the target with libFuzzer (clang); build/seeds_NAME: the same code run over its seeds (any compiler).
$(BUILD)/seeds_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/seeds_main.o $(SUPPORT) $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
