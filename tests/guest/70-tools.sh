#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# The command lunatik.
. "$KTAP"
. "$TESTDIR/lib.sh"
modprobe luarcu

mkdir -p /lib/modules/lua/t
echo 'local x = 1 error("does not work")' >/lib/modules/lua/t/bad.lua
echo 'error({})' >/lib/modules/lua/t/table.lua
echo 'x = = 1' >/lib/modules/lua/t/syntax.lua
: >/lib/modules/lua/t/empty.lua
head -c 2000000 /dev/zero | tr '\0' ' ' >/lib/modules/lua/t/large.lua
printf '\033Lua\124' >/lib/modules/lua/t/chunk.lua
mkdir -p /lib/modules/lua/t/dir.lua /lib/modules/lua/t/nodev
ln -s loop.lua /lib/modules/lua/t/loop.lua
perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0); bind(S, sockaddr_un("/lib/modules/lua/t/socket.lua"))'
mount -t tmpfs -o nodev tmpfs /lib/modules/lua/t/nodev
mknod /lib/modules/lua/t/nodev/null.lua c 1 3
echo 'setmetatable({}, {__gc = function() rcu.finalized = true end}) rcu.ran = (rcu.ran or 0) + 1' \
	>/lib/modules/lua/t/good.lua

ok 'run a script' lunatik run examples/hello
is "$(lunatik list)" examples/hello 'it is in the list'
like "$(lunatik status)" "^lunatik +$(built_in && echo built in || echo loaded), version 0\." \
	'status says what is there'
like "$(lunatik status)" '^scripts +examples/hello' 'and what runs'
fails 'to run it again is refused' lunatik run examples/hello.lua
is "$ktap_out" "lunatik: script 'examples/hello' is already running" 'with a sentence'
ok 'a second one' lunatik run t/good softirq
is "$(lunatik list | tr '\n' ' ')" 'examples/hello t/good ' 'both are in the list'
if built_in; then
	skip 'which keeps the modules loaded' "$BUILT_IN"
else
	fails 'which keeps the modules loaded' modprobe -r luarcu lunatik
fi
ok 'stop the second' lunatik stop t/good
answers 'print(rcu.ran, rcu.finalized) rcu.ran = nil rcu.finalized = nil' "$(printf '1\ttrue')" \
	'it ran once, its finalizers ran'
ok 'stop the first' lunatik stop examples/hello
is "$(lunatik list)" '' 'nothing runs'
fails 'what does not run cannot be stopped' lunatik stop examples/hello
is "$ktap_out" "lunatik: script 'examples/hello' is not running" 'with a sentence'

try()
{
	fails "$1" lunatik run "$2"
	like "$ktap_out" "$3" "$1: $3"
	is "$(lunatik list)" '' "$1: nothing runs"
}
try 'a script that raises' t/bad '^lunatik: /lib/modules/lua/t/bad.lua:1: does not work$'
try 'a script that does not parse' t/syntax "t/syntax.lua:1: unexpected symbol near '='"
try 'a missing script' t/nothing 'cannot open /lib/modules/lua/t/nothing.lua: no such file'
try 'a name with ..' ../../../etc/passwd "must not contain '..'"
try 'a name that is absolute' /etc/passwd 'must be relative to /lib/modules/lua/'
try 'an empty name' '' 'the name is empty'
try 'a long name' "$(head -c 300 /dev/zero | tr '\0' x)" 'the name is too long'
try 'a script that is too large' t/large 'larger than'
try 'a precompiled script' t/chunk 'binary chunk'
try 'a directory' t/dir 'not a regular file'
try 'a script that raises a table' t/table 'error object is a table value'
try 'a name with dots in it' t/a..b 'no such file'
refuses 'require "t/syntax"' "error loading module 't/syntax' from file '/lib/modules/lua/t/syntax.lua':" \
	'to require what does not parse'
try 'what is below a file' t/bad.lua/x 'not a directory'
try 'a link to itself' t/loop 'too many symbolic links'
try 'a socket' t/socket 'input/output error'
try 'a device where there are none' t/nodev/null 'permission denied'
umount /lib/modules/lua/t/nodev
ok 'an empty script' lunatik run t/empty
ok 'can be stopped' lunatik stop t/empty

echo 'while true do end' >/lib/modules/lua/t/endless.lua
sh -c 'exec lunatik run t/endless' 2>/dev/null & run=$!
for _ in 1 2 3 4 5 6 7 8 9; do
	[ "$(lunatik list)" != t/endless ] || break
	sleep 0.3
done
is "$(lunatik list)" t/endless 'a script that is still being loaded is in the list'
fails 'it cannot be stopped' lunatik stop t/endless
is "$ktap_out" "lunatik: script 't/endless' is still being loaded, end who runs it" 'with a sentence'
kill -KILL $run
wait $run 2>/dev/null
for _ in 1 2 3 4 5 6 7 8 9; do
	[ -n "$(lunatik list)" ] || break
	sleep 0.3
done
is "$(lunatik list)" '' 'but by ending who runs it'

fails 'a context that is none' lunatik run t/good nowhere
like "$ktap_out" "no context 'nowhere'" 'is named'
fails 'a command that is none' lunatik start t/good
like "$ktap_out" "no command 'start'" 'is named, again'
fails 'too many arguments' lunatik list t/good
ok 'help' lunatik --help
like "$(lunatik --version)" '^lunatik 0\..*in the kernel' 'version'
ok 'quotes and control characters in a name do no harm' sh -c \
	'lunatik run "a\"b]]
\\c" 2>&1 | grep -q "no such file"'
works 'and scripts run'

fails 'who is not root' setpriv --reuid 65534 --regid 65534 --clear-groups lunatik list
like "$ktap_out" 'permission denied' 'is told so'
rm -r /lib/modules/lua/t
if built_in; then
	skip 'without the modules' "$BUILT_IN"
	finish
fi
unload
fails 'without the modules' lunatik list
like "$ktap_out" "not loaded, try 'lunatik load'" 'a person is told what to do'
like "$(lunatik status 2>/dev/null)" 'lunatik +not loaded' 'status says so'
fails 'and that it is not well' lunatik status
fails 'a prompt is refused' lunatik </dev/null
like "$ktap_out" 'not loaded' 'with that reason'
fails 'who is not root loads nothing' setpriv --reuid 65534 --regid 65534 --clear-groups lunatik load
like "$ktap_out" 'only root may load modules' 'and is told so'
moved=/lib/modules/$(uname -r)/modules.dep
mv "$moved" /tmp/modules.dep
fails 'where no modules are installed' lunatik load
like "$ktap_out" 'no modules are installed for this kernel' 'a person is told so'
mv /tmp/modules.dep "$moved"
ok 'load' lunatik load
ok 'again, which changes nothing' lunatik load

finish
