-- A string whose length changes each time before it can be copied: to read it
-- again takes no more of the kernel's stack. One script writes, WRITER = true;
-- the other makes the collector do all its work where a string is made.
if WRITER then
	local strings = {}
	for i = 1, 500 do strings[i] = ("x"):rep(1000 + i) end
	rcu.k = strings[1]
	repeat until rcu.reading
	for i = 1, 400000 do rcu.k = strings[i % 500 + 1] end
	rcu.reading = nil
	print "done"
	return
end
local heap = {}
for i = 1, 20000 do heap[i] = {} end
collectgarbage("incremental", 1, 1000, 30)
collectgarbage()
repeat until rcu.k
rcu.reading = true
repeat
	local s = rcu.k
	assert(s == ("x"):rep(#s))
until not rcu.reading
rcu.k = nil
print "done"
