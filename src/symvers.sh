#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# POST_BUILD of DKMS, which throws Module.symvers away: keeps it beside the
# built modules in $1, where bindings find the symbols of the core.
exec install -D -m 644 Module.symvers "$1/Module.symvers"
