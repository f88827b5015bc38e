# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# The work in the tree. DKMS and the kernel's build read the Kbuild files.
#
## make demo     build, install and boot the packages in a guest, run scripts
## make check    the same way, run the tests
## make quick    the scripts of some tests in user-mode Linux, in seconds: for who
##               edits src; TESTS='guest/30 guest/56' says which
## make lint     read all of it with what finds mistakes in C, Lua, shell and words
## make torture  the RCU table for SECONDS=600, with SEED=1
## make fuzz     programs from a generator: PROGRAMS=100000, from SEED=1 on
## make fuzz-coverage  mutants of programs, and system calls, SECONDS=600, SEED=1, in
##               the kernel uml; what reached something new is in build/fuzz/found.txt
## make cycles   loading and unloading while scripts run, CYCLES=1000 times
## make check-debug  the tests in guest/ in kernels that look for wrong memory
##               accesses, locks and leaks (kasan), and for data races (kcsan);
##               any campaign runs in one of them by KERNEL=kasan
## make check-intree  the tests in guest/ in a kernel with Lunatik in its tree:
##               built in, and those of the RCU table as modules of that kernel
## make check-kernels  the tests in guest/ on each of Debian's kernels, or on those of
##               KERNELS='5.10 6.12-rt'; TESTS= as for quick; tests/KERNELS.md counts
## make coverage what lines of ours run in the tests: build/coverage
## make bench    measure, write bench/RESULTS.md; takes a quiet machine and 30 minutes
## make deb      build the packages; they and the source package are in build/
## make modules  build the modules in src/ for the running kernel, or for KDIR
## make lua      get Debian's Lua, check it, put it into src/lua
## make orig     make the upstream tarballs in build/
## make dist     the upstream tarballs of a release, from the tag v0.1.0 or TAG=, in
##               build/dist: the same bytes each time
## make check-suites  the source package in bookworm, trixie and sid, or SUITES='sid':
##               built, read by lintian, installed, purged; tests/SUITES.md
## make check-upgrade  Debian's kernel is upgraded below the packages: DKMS builds for
##               the new one, which is booted; then they are purged
## make check-arm64  the modules cross-built for arm64, and tests in a guest of that kind
## make check-reboot  scripts that are enabled with systemctl, after a reboot
## make deps     install what all of this needs (as root or with sudo)
## make clean    remove what was made here

KDIR ?= /lib/modules/$(shell uname -r)/build

help:
	@sed -n 's/^## //p' Makefile

deps:
	@tests/harness/deps.sh

lua:
	@debian/lua/stage.sh

modules: lua
	$(MAKE) -C $(KDIR) M=$(CURDIR)/src modules

orig: lua
	@debian/build.sh orig

deb: lua
	@debian/build.sh deb

TAG ?=
dist:
	@debian/build.sh dist $(TAG)

demo: deps deb
	@tests/harness/demo.sh build

check: deps deb
	@tests/harness/check.sh build

TESTS ?=
quick: deps
	@[ -f build/image/disk.img ] || $(MAKE) deb
	@LUNATIK_KERNEL=uml-debian LUNATIK_QUICK=1 \
		TESTS='$(or $(TESTS),guest/21 guest/30 guest/40-rcu.)' \
		tests/harness/check.sh build

lint: lua
	@tests/harness/deps.sh tests/lint/*.sh
	@mkdir -p build
	@HOST_TESTS=$(CURDIR)/tests/lint TESTS=host/ tests/harness/check.sh build

# a kernel of tests/kernels/kernel.sh
KERNEL ?=
export LUNATIK_KERNEL := $(KERNEL)

check-debug: deps deb
	@LUNATIK_KERNEL=kasan tests/harness/check.sh build
	@LUNATIK_KERNEL=kcsan tests/harness/check.sh build

check-intree: deps deb
	@LUNATIK_KERNEL=builtin tests/harness/check.sh build
	@TESTS='guest/10 guest/4' LUNATIK_KERNEL=intree tests/harness/check.sh build

KERNELS ?=
check-kernels: deps deb
	@TESTS='$(TESTS)' tests/kernels/debian.sh build $(KERNELS)

SUITES ?=
check-suites: deps
	@tests/suites/suites.sh build $(SUITES)

check-arm64: deps deb
	@TESTS='$(TESTS)' tests/kernels/arm64.sh build

check-reboot: deps deb
	@tests/reboot/reboot.sh build

check-upgrade: deps deb
	@tests/upgrade/upgrade.sh build

coverage: deps deb
	@tests/kernels/coverage.sh build

SECONDS ?= 600
SEED ?= 1

torture: deps deb
	@TESTS=guest/42-rcu-torture LUNATIK_GUEST_ARGS=lunatik.torture=$(SECONDS),$(SEED) \
		LUNATIK_BOOT_TIMEOUT=$$(($(SECONDS) + 900)) tests/harness/check.sh build

PROGRAMS ?= 100000

fuzz: deps deb
	@TESTS=guest/55-fuzz LUNATIK_GUEST_ARGS=lunatik.fuzz=$(PROGRAMS),$(SEED) \
		LUNATIK_BOOT_TIMEOUT=20000 tests/harness/check.sh build

fuzz-coverage: deps deb
	@mkdir -p build/fuzz && rm -f build/fuzz/disk
	@LUNATIK_KERNEL=$(or $(KERNEL),uml) TESTS=guest/59-fuzz LUNATIK_GUEST_OUT=build/fuzz/disk \
		LUNATIK_GUEST_ARGS=lunatik.fuzzing=$(SECONDS),$(SEED) \
		LUNATIK_BOOT_TIMEOUT=20000 tests/harness/check.sh build
	@tar -C build/fuzz -xf build/fuzz/disk

CYCLES ?= 1000

cycles: deps deb
	@TESTS=guest/60-cycles LUNATIK_GUEST_ARGS=lunatik.cycles=$(CYCLES) \
		LUNATIK_BOOT_TIMEOUT=7200 tests/harness/check.sh build

bench: deps deb
	@bench/bench.sh build

clean:
	@rm -rf build lua lua-debian src/lua .lua.* src/.lua.*
	@find . -name .git -prune -o -type f \( -name '*.o' -o -name '*.o.d' \
		-o -name '*.ko' -o -name '*.mod' -o -name '*.mod.c' -o -name '.*.cmd' \
		-o -name Module.symvers -o -name modules.order \) -exec rm -f {} +

.PHONY: help deps lua modules orig deb dist demo check quick lint check-debug check-intree \
	check-kernels check-suites check-upgrade check-arm64 check-reboot coverage torture fuzz fuzz-coverage cycles bench clean
.NOTPARALLEL:
