-- SPDX-License-Identifier: MIT OR GPL-2.0-only
local io = require "io"
local raises = require "t/raises"
local MAX, MIN = math.maxinteger, math.mininteger
local name = "/tmp/lunatik-io"
local function fails(message, number, ok, got, errno)
	assert(not ok and got == message and errno == number, tostring(got))
end

-- write and read again, by each format
local f = assert(io.open(name, "w"))
assert(io.type(f) == "file" and tostring(f):find("^file %("))
assert(f:write("one\n", 2, "\n", "\n", "0x1F -7 +8 12x\n", "rest\0of it") == f)
assert(f:flush() == f and f:seek() == 32 and f:close() == true)
assert(io.type(f) == "closed file" and tostring(f) == "file (closed)" and io.type(1) == nil and io.type(io) == nil)
f = assert(io.open(name))
assert(f:read() == "one" and f:read("n") == 2 and f:read("L") == "\n" and f:read("l") == "")
local a, b, c, d, e = f:read("n", "n", "n", "n", "n")
assert(a == 31 and b == -7 and c == 8 and d == 12 and e == nil)
assert(f:read(0) == "" and f:read(2) == "x\n" and f:read("*a") == "rest\0of it")
assert(f:read("a") == "" and f:read("l") == nil and f:read(1) == nil and f:read(0) == nil and f:read("n") == nil)
local n = select("#", f:read("l", "l", "l"))
assert(n == 1, "nothing behind the first that failed")

-- the position
assert(f:seek("set") == 0 and f:read(3) == "one" and f:seek() == 3 and f:seek("cur", 1) == 4)
assert(f:read("l") == "2" and f:seek("end", -2) == 30 and f:read("a") == "it" and f:seek("end") == 32)
fails("EINVAL", 22, f:seek("set", -1))
fails("EINVAL", 22, f:seek("cur", -100))
fails("EINVAL", 22, f:seek("cur", MAX))
fails("EINVAL", 22, f:seek("end", MIN))
fails("EINVAL", 22, f:seek("set", MIN))
assert(f:seek() == 32)
raises("invalid option 'here'", f.seek, f, "here")
raises("number expected, got string", f.seek, f, "set", "x")
fails("EBADF", 9, f:write("x"))
raises("invalid format", f.read, f, "x")
raises("must not be negative", f.read, f, -1)
raises("string expected, got table", f.read, f, {})
raises("string expected, got table", f.write, f, {})
f:close()
for _, method in ipairs {"read", "write", "lines", "flush", "seek", "close"} do
	raises("attempt to use a closed file", f[method], f)
	raises("file expected, got table", f[method], {})
end

-- modes
for _, mode in ipairs {"", "x", "rw", "r+b+", "+", "r\0", "rb\0", "bw", "r ", "wx"} do
	raises("invalid mode", io.open, name, mode)
end
for _, mode in ipairs {"r", "rb", "r+", "r+b", "a", "ab", "a+", "a+b"} do
	local g <close> = assert(io.open(name, mode))
	assert(g:seek("end") == 32, "nothing is cut")
end
for _, mode in ipairs {"w", "wb", "w+", "w+b"} do
	local g <close> = assert(io.open(name, mode))
	assert(g:seek("end") == 0, mode)
	g:write(mode)
end
do
	local g <close> = assert(io.open(name, "a+"))
	g:write("!")
	g:seek("set")
	g:write("?")
	assert(g:seek("set") == 0 and g:read("a") == "w+b!?")
end
do
	local g <close> = assert(io.open(name, "r+"))
	assert(g:read(1) == "w")
	g:write("-")	-- where the script is, not where it has read ahead to
	assert(g:read("a") == "b!?" and g:seek("set") == 0 and g:read("a") == "w-b!?")
end
do
	local g <close> = assert(io.open(name, "w"))
	fails("EBADF", 9, g:read())
	fails("EBADF", 9, g:read(0))
end

-- long lines, long files, lines of each length around the pieces
f = io.open(name, "w+")
local lines = {}
for i, len in ipairs {0, 1, 511, 512, 513, 4095, 4096, 4097, 8192, 70000} do lines[i] = ("x"):rep(len) end
for i = 11, 160 do lines[i] = ("y"):rep(i * 13) end
f:write(table.concat(lines, "\n"))
f:seek("set")
for i = 1, #lines do assert(f:read("l") == lines[i], i) end
assert(f:read("l") == nil)
f:seek("set")
local k = 0
for line in f:lines() do k = k + 1 assert(line == lines[k]) end
assert(k == #lines and io.type(f) == "file", "which it does not close")
f:seek("set")
local sum = 0
for piece in f:lines(1000) do sum = sum + #piece end
assert(sum == #table.concat(lines, "\n"))
f:close()
k = 0
for line in io.lines(name, "L") do k = k + 1 assert(line == lines[k] .. (k < #lines and "\n" or "")) end
assert(k == #lines)
local first, byte = io.lines(name, "l", 1)()
assert(first == "" and byte == "x")
raises("invalid format", io.lines(name, "z"))
raises("no such name: ENOENT", io.lines, "no such name")
raises("/no/file: ENOENT", io.lines, "/no/file")
local iterate = io.lines(name)
repeat until not iterate()
raises("file is already closed", iterate)

-- what cannot be opened
fails("/no/file: ENOENT", 2, io.open("/no/file"))
fails("/tmp: EISDIR", 21, io.open("/tmp"))
fails("/tmp: EISDIR", 21, io.open("/tmp", "w"))
fails(name .. "/x: ENOTDIR", 20, io.open(name .. "/x"))
fails("/" .. ("n"):rep(300) .. ": ENAMETOOLONG", 36, io.open("/" .. ("n"):rep(300)))
assert(select(3, io.open("/" .. ("n/"):rep(5000))) == 36)
do	-- there is no other directory than the root
	local f <close> = assert(io.open("proc/version"))
	assert(f:read("l"):find("^Linux version"))
	local none, why, errno = io.open("")
	assert(none == nil and why == ": ENOENT" and errno == 2, why)
end
raises("no name of a file", io.open, "/tmp/x\0y")
raises("string expected, got nil", io.open, nil)

-- no size, no end, nobody at the other end
assert(io.open("/proc/loadavg"):read("a"):find("^%d+%.%d+ .*\n$"))
assert(io.open("/proc/meminfo"):read("a"):find("\nMemFree: ") and io.open("/sys/kernel/uevent_seqnum"):read("n"))
fails("EINVAL", 22, io.open("/proc/self/stat"):read("a"))	-- for processes alone
local zero <close> = io.open("/dev/zero")
raises("not enough memory", zero.read, zero, "a")
raises("not enough memory", zero.read, zero, "l")
raises("not enough memory", zero.read, zero, MAX)
assert(zero:read(3) == "\0\0\0" and zero:read("n") == nil)
fails("/tmp/lunatik-fifo: ENXIO", 6, io.open("/tmp/lunatik-fifo", "w"))
do	-- what was read ahead of a stream is not lost
	local both <close> = assert(io.open("/tmp/lunatik-fifo", "r+"))
	both:write("one\ntwo\n")
	assert(both:read("l") == "one")
	assert(select(3, both:seek()) == 29)
	both:write("three\n")
	assert(both:read("l") == "two" and both:read("l") == "three")
end
local pipe <close> = assert(io.open("/tmp/lunatik-fifo"))
assert(pipe:read() == nil)
fails("ESPIPE", 29, pipe:seek("end"))
local full <close> = io.open("/tmp/lunatik-small/x", "w")
fails("ENOSPC", 28, full:write(("x"):rep(1 << 20)))
fails("EINVAL", 22, io.open("/dev/full", "w"):write("x"))

-- files that are dropped are closed, and no more are open than may be
for i = 1, 5000 do assert(io.open(name)) end
local open, err, errno = {}
for i = 1, 2000 do
	open[i], err, errno = io.open(name)
	if not open[i] then break end
end
assert(errno == 24 and err == name .. ": EMFILE" and #open > 1000, err)
for _, g in ipairs(open) do g:close() end
open = nil
for i = 1, 3000 do local g <close> = assert(io.open(name)) end

-- they stay here
raises("private to its runtime", function() rcu.file = assert(io.open(name)) end)

-- a finalizer closes what is being read or written
for i = 1, 100 do
	local g = assert(io.open(name, "r+"))
	setmetatable({}, {__gc = function() if io.type(g) == "file" then g:close() end end})
	pcall(function() while g:read("a", 100, "l", "n") and g:seek("set") and g:write(("z"):rep(5000)) do
		collectgarbage("step")
		g:seek("set")
	end end)
end

-- from as deep as it gets
local function deep() local ok, m = pcall(deep) if not ok then assert(io.open(name)):read("a") error(m, 0) end end
pcall(deep)
assert(io.open(name):read(1) == "z")
print "done"
