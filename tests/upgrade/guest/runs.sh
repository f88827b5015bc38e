#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# runs.sh KERNEL: in the guest, what a person would do who has installed the packages.
. ./ktap.sh

is "$(uname -r)" "$1" 'this kernel runs'
ok 'modprobe luarcu' modprobe luarcu
is "$(lunatik list)" '' 'no script runs'
ok 'lunatik run' lunatik run examples/hello
is "$(lunatik list)" examples/hello 'one does'
ok 'a device of a script' lunatik run examples/password
ok 'it makes passwords' sh -c 'head -c 16 /dev/password | grep -q .'
ok 'lunatik stop' lunatik stop examples/password
ok 'lunatik unload' lunatik unload
is "$(grep -cE '^lua|^lunatik' /proc/modules)" 0 'everything is unloaded'
finish
