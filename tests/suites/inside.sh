#!/bin/bash
# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# inside.sh STEP: one step of suites.sh, as root in the suite's system, where the source
# package is in /suites/source. What the table says of it is in /suites/results/STEP.
set -eu -o pipefail
cd /suites
mkdir -p results logs debs
kernel=$(basename "$(ls -d /lib/modules/*-cloud-amd64)")

# result NAME TEXT
result()
{
	printf '%s\n' "$2" >"results/$1"
}

apt()
{
	apt-get -y -q -o Dpkg::Use-Pty=0 -o APT::Sandbox::User=root -o Acquire::Retries=3 \
		-o Dpkg::Options::=--force-unsafe-io "$@"
}

# as_user COMMAND...: as nobody in particular, who builds packages
as_user()
{
	id builder >/dev/null 2>&1 || useradd --create-home builder
	chown -R builder /suites/tree
	(cd /suites/tree/source && setpriv --reuid builder --regid builder --clear-groups \
		env HOME=/home/builder "$@")
}

build()
{
	local warnings

	mkdir -p tree
	cp source/* tree
	(cd tree && dpkg-source -x ./*.dsc source)
	result lua "$(sed -n '1s/.*(\(.*\)).*/\1/p' tree/source/lua-debian/changelog)"
	apt update
	apt build-dep --no-install-recommends ./tree/source
	as_user dpkg-buildpackage -us -uc 2>&1 | tee logs/dpkg-buildpackage
	cp tree/*.deb debs
	warnings=$(grep -ciE 'warning' logs/dpkg-buildpackage) || :
	result build "ok, $warnings warnings"
	[ "$warnings" -eq 0 ]
}

# What sid's lintian wants and the tools of bookworm cannot have yet, as watch files of
# version 5, debhelper 14, and no Priority; and that the Policy, which is sid's, is newer
# than the lintian of bookworm.
older='older-debian-watch-file-standard|package-uses-old-debhelper-compat-version'
older="$older|redundant-priority-optional-field|redundant-rules-requires-root-no-field"
older="$older|newer-standards-version"

# all that lintian says, but what debian/ overrides with a reason
lintian()
{
	local tags known

	as_user env LC_ALL=C.UTF-8 lintian --version
	as_user lintian -EviI --pedantic --fail-on none /suites/tree/lunatik_*.changes |
		tee logs/lintian.out
	known=$(grep -cE "^[EWIPXC]: [^:]*: ($older) " logs/lintian.out) || :
	tags=$(grep -cE '^[EWIPXC]: ' logs/lintian.out) || :
	tags=$((tags - known))
	result lintian "$tags tags, $known for bookworm's sake"
	[ "$tags" -eq 0 ]
}

# files: each with its kind, mode, owner and size, and what is in those that matter here;
# but what dpkg, apt and ldconfig note, and what DKMS keeps for itself until it is
# purged: its own key, and the version of its database
files()
{
	local but=(-path '/var/lib/dkms/mok.*' -o -path /var/lib/dkms/dkms_dbversion)

	find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /tmp \
		-o -path /suites -o -path /var/lib/dpkg -o -path /var/lib/apt \
		-o -path /var/cache -o -path /var/log -o -path /home -o -path /root \
		-o "${but[@]}" \) -prune \
		-o -type d -printf '%p %y %m %U:%G\n' -o -printf '%p %y %m %U:%G %s %l\n'
	find /etc /usr/lib/modules /usr/src /var/lib/dkms \( "${but[@]}" \) -prune \
		-o -type f -print0 | xargs -0 sha256sum
}

# what a person is told whose kernel has no headers: it has a directory of modules here
headers()
{
	local debs=(/suites/debs/*.deb) running packages

	running=$(uname -r)
	[ ! -e "/lib/modules/$running" ]
	mkdir "/lib/modules/$running"
	mv "/lib/modules/$kernel/build" "/lib/modules/$kernel/aside"
	apt install --no-install-recommends "${debs[@]}" | tee logs/headers
	mapfile -t packages < <(for deb in debs/*.deb; do dpkg-deb -f "$deb" Package; done)
	apt purge "${packages[@]}"
	rmdir "/lib/modules/$running"
	mv "/lib/modules/$kernel/aside" "/lib/modules/$kernel/build"
	grep -F "apt install linux-headers-$running" logs/headers
	result headers 'says what to install'
}

install()
{
	local debs=(/suites/debs/*.deb) warnings logs_of conf name wrong='' built=0 installed

	# so that what depmod makes for any module was there before
	depmod "$kernel"
	# dependencies stay; they are no part of what is purged
	apt install --no-install-recommends lua5.4 kmod
	files | LC_ALL=C sort >results/before
	apt install --no-install-recommends "${debs[@]}"
	installed=$(dkms status)
	echo "$installed"
	result linux "${kernel%-cloud-amd64}"
	result dkms "$(dpkg-query -W -f '${Version}' dkms)"
	for conf in /usr/src/*/dkms.conf; do
		[ ! -L "${conf%/*}" ] || continue
		name=$(sed -n 's/^PACKAGE_NAME="\(.*\)"/\1/p' "$conf")
		built=$((built + 1))
		grep -qE "^$name/[^,]*, ${kernel//+/\\+}, x86_64: installed" <<<"$installed" ||
			wrong="$wrong $name"
	done
	mapfile -t logs_of < <(find /var/lib/dkms -name make.log)
	cat "${logs_of[@]}" >logs/make.log
	warnings=$(grep -ciE 'warning|objtool:' logs/make.log) || :
	echo "signed by: $(modinfo -k "$kernel" -F signer lunatik) ($(modinfo -k "$kernel" -F sig_hashalgo lunatik))"
	result install "$built DKMS packages, $warnings warnings${wrong:+; not installed:$wrong}"
	[ "$warnings" -eq 0 ] && [ -z "$wrong" ]
}

# what Testsuite: autopkgtest-pkg-dkms asks for, as autopkgtest runs it; those of
# debian/tests load modules, which tests/guest/81-autopkgtest.sh has them do
autopkgtest()
{
	local status=0 passed

	apt install --no-install-recommends autopkgtest autodep8 dctrl-tools openssl
	rm -rf logs/autopkgtest
	command autopkgtest --ignore-restrictions breaks-testbed --output-dir logs/autopkgtest \
		--test-name dkms-autopkgtest --no-built-binaries \
		./debs/*.deb tree/*.dsc -- null || status=$?
	echo "exit status $status"
	cat logs/autopkgtest/summary
	passed=$(grep -c ' PASS' logs/autopkgtest/summary) || :
	result autopkgtest "$passed passed"
	[ "$status" -eq 0 ] && [ "$passed" -gt 0 ]
}

purge()
{
	local packages left

	mapfile -t packages < <(for deb in debs/*.deb; do dpkg-deb -f "$deb" Package; done)
	apt purge "${packages[@]}"
	files | LC_ALL=C sort >results/after
	comm -13 results/before results/after >results/left
	# sid's DKMS takes away what depmod made for a kernel of which no module is left; if
	# it were there and another, it would be in what is left
	comm -23 results/before results/after |
		grep -vE ' ?/usr/lib/modules/[^/ ]*/modules\.[a-z.]*( |$)' >results/gone || :
	left=$(cat results/left results/gone | wc -l)
	sed 's/^/left: /' results/left
	sed 's/^/gone: /' results/gone
	result purge "$left files differ"
	[ "$left" -eq 0 ]
}

"$1"
