#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
# /dev/luadrv, by system calls that a shell does not make: poll, fsync, reads that
# do not wait, addresses that are not there.
# shellcheck disable=SC2016 # what is quoted is Perl
. "$KTAP"
. "$TESTDIR/lib.sh"
modprobe luarcu

# calls TEXT OUTPUT NAME: what a program in Perl prints that has the device open
# as $f. ready(SECONDS): for how many of reading and writing it is.
cat >/tmp/device.pl <<'X'
use strict; use warnings;
use Fcntl; use IO::Handle; require "$ENV{TESTDIR}/sys.pl";
sysopen(my $f, "/dev/luadrv", O_RDWR) or die "open: $!\n";
sub ready { my $r = ""; vec($r, fileno($f), 1) = 1; return scalar select($r, my $w = $r, undef, shift) }
sub put { syswrite($f, shift) // die "write: $!\n" }
sub get { my $n = sysread($f, my $text, 1000) // return "$!\n"; return $n ? $text : "end\n" }
sub wait_not { fcntl($f, F_SETFL, O_RDWR | (shift() ? O_NONBLOCK : 0)) }
sub other { system("echo '$_[0]' >/dev/luadrv") == 0 or die "the other script failed\n" }
X
calls()
{
	{ cat /tmp/device.pl; printf '%s\n' "$1"; } >/tmp/calls.pl
	is "$(timeout 60 perl /tmp/calls.pl 2>&1)" "$2" "$3"
}

# poll
calls 'print ready(0), "\n"; put "print(1)"; print ready(0), "\n"; print get(), ready(0), "\n"' \
	'2
2
1
2' 'a session can be read and written while no script runs'
calls 'put "while not rcu.go do end print(rcu.go)"; wait_not 1;
print get(), ready(0.2), "\n"; other "rcu.go = 5"; print ready(20), "\n", get(), get()' \
	'Resource temporarily unavailable
0
2
5
end' 'neither while one runs; both when it is done'
lua 'rcu.go = nil'

# fsync
calls 'put "print(1)"; print $f->sync ? "done\n" : "$!\n"; print get()' 'done
1' 'fsync waits for the end'
calls 'put "error(\"late\", 0)"; for (1, 2) { print $f->sync ? "done\n" : "$!\n" }
my $text = get(); print $text =~ /^late/ ? "late\n" : $text' 'Operation canceled
Operation canceled
late' 'and tells the outcome, each time'
calls 'put "while not rcu.go do end"; wait_not 1; print $f->sync ? "done\n" : "$!\n";
print ready(0.2), "\n"; other "rcu.go = 1"; print ready(20), "\n"' 'done
0
2' 'with O_NONBLOCK it waits for nothing'
lua 'rcu.go = nil'

# what cannot be read, or written
calls 'print put(""), "\n"; print sys("write", fileno($f), 1, 10) < 0 ? "$!\n" : "written\n";
print get(), get()' '0
Bad address
Bad address
the script could not be read, it was not run' 'a text at an address that is none does not run'
calls 'put "rcu.part = 1 "; print sys("write", fileno($f), 1, 10) < 0 ? "$!\n" : "written\n";
print syswrite($f, "x = 1") ? "written\n" : "$!\n"; get(); get(); put "print(rcu.part)"; print get()' 'Bad address
Bad address
nil' 'nor does what came before and after; the next one does'
calls 'put "print(1)"; $f->sync; print sys("read", fileno($f), 1, 10) < 0 ? "$!\n" : "read\n"; print get()' 'Bad address
1' 'output that could not be taken is still there'

# who is killed while it writes
sh -c 'exec 3<>/dev/luadrv; echo "rcu.killed = 1" >&3; kill -KILL $$'
sleep 0.2
answers 'print(rcu.killed)' nil 'the piece of who was killed while it wrote does not run'
works 'a script runs'
finish
