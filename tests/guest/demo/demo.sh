#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# What 'make demo' shows, in the guest.

step()
{
	printf '\n==> %s\n' "$*"
}

# show COMMAND...: as a person would type it
show()
{
	printf '# %s\n' "$*"
	sh -c "$*"
}

set -e
step "Debian $(cat /etc/debian_version), Linux $(uname -r); the packages that apt installed"
show "dpkg-query -W 'lunatik-*' 'luarcu-*'"
step "DKMS built them for this kernel"
show dkms status
step "The modules: luarcu brings lunatik, and that the device"
show modprobe luarcu
show "lsmod | grep -E '^(lua|lunatik)'"
show ls -l /dev/luadrv

step "A first script"
cat >/tmp/first.lua <<'X'
print("hello from " .. _VERSION)
return 7 / 2, 2 ^ 62
X
show cat /tmp/first.lua
show "exec 3<>/dev/luadrv; cat /tmp/first.lua >&3; cat <&3"

step "Two scripts at the same time: one writes the shared table, one reads it"
show "sed '/^--/d' /lib/modules/lua/examples/writer.lua"
show "sed '/^--/d' /lib/modules/lua/examples/reader.lua"
show "cd /lib/modules/lua/examples; cat writer.lua >/dev/luadrv & cat reader.lua >/dev/luadrv; wait"
show "dmesg | tail -n 3"

step "A script that fails says why, and the command fails"
show "echo 'local t = nil; print(t.x)' >/tmp/bad.lua"
show "cat /tmp/bad.lua >/dev/luadrv || echo \"exit status \$?\""
show "dmesg | tail -n 5"

step "Scripts with a name stay until they are stopped"
show lunatik run examples/hello
show lunatik list
show lunatik status
show lunatik stop examples/hello

step "Unload: nothing stays behind"
show modprobe -r luarcu lunatik
show "lsmod | grep -E '^(lua|lunatik)' || echo 'no module of ours'"
