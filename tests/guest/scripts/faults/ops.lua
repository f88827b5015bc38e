-- SPDX-License-Identifier: MIT OR GPL-2.0-only
-- What a script can do, with each allocation failing: see tests/modules/fail.
-- Yields after each fault, so that no entry takes long where nothing else can run
-- meanwhile; returns what was counted, and the lines of a table; a line that
-- begins with WRONG is an error.
local fail = require "fail"
local rcu = require "rcu"
local runner = package.preload["lunatik.runner"] and lunatik.runtime and require "lunatik.runner"
require "t.faults.library"

local long = ("l"):rep(9000)
local values = {
	{"nil", nil}, {"boolean", true}, {"integer", 42}, {"string", "short"},
	{"100 bytes", ("m"):rep(100)}, {"9 kB", long}, {"object", fail.thing()},
}
local lines, operations, faults, wrong = {}, 0, 0, 0
local sleeps

local function complain(...)
	wrong = wrong + 1
	if wrong < 100 then lines[#lines + 1] = "WRONG " .. table.concat({...}, ", ") end
end

local function isfor(msg)
	return type(msg) == "string" and (msg:find("not enough memory", 1, true) or msg:find("ENOMEM", 1, true))
end

local function pack(fired, ok, ...)
	return fired, ok, table.pack(...)
end

-- sweep(name, prepare, act, check[, target]): act(prepare()) is done, then
-- check(ok, what prepare() returned, results) says what is not as it should be
local function sweep(name, prepare, act, check, target)
	for _, way in ipairs {"kernel", "lua", "all"} do
		local n, failed, fired, ok, results, _ = 0, 0
		operations = operations + 1
		repeat
			n = n + 1
			local env = prepare()
			fired, ok, results = pack(fail.call(way, n, target and target(env) or nil, act, env))
			local bad = check(ok, env, results)
			if bad then complain(name, way, n, tostring(ok), tostring(bad)) end
			if not ok then
				failed = failed + 1
				if not fired or not isfor(results[1]) then
					complain(name, way, n, "raised", tostring(results[1]))
				end
				env = prepare()
				_, ok, results = pack(fail.call("kernel", 0, nil, act, env))
				bad = not ok and results[1] or check(ok, env, results)
				if bad then complain(name, way, n, "not after that", tostring(bad)) end
			end
			coroutine.yield()
		until not fired or n > 5000
		if fired then complain(name, way, "has no end") end
		faults = faults + n - 1
		lines[#lines + 1] = ("%s | %s | %d | %d"):format(name, way, n - 1, failed)
	end
end

local function nothing()
	return {}
end

local function entries(t)
	local n = 0
	for _ in pairs(t) do n = n + 1 end
	return n
end

-- the same object is behind another userdata each time
local function same(a, b)
	return a == b or type(a) == "userdata" and type(b) == "userdata"
end

local function tables()
	for _, old in ipairs(values) do
		for _, new in ipairs(values) do
			sweep(("t.k = %s for %s"):format(new[1], old[1]), function()
				local t = rcu.table(4)
				t.k = old[2]
				return t
			end, function(t)
				t.k = new[2]
			end, function(ok, t)
				local want = old[2]
				if ok then want = new[2] end
				if not same(t.k, want) then return "k is " .. tostring(t.k):sub(1, 20) end
				if #t ~= (want == nil and 0 or 1) then return #t .. " entries" end
			end)
		end
		sweep("get " .. old[1], function()
			local t = rcu.table(4)
			t.k = old[2]
			return t
		end, function(t)
			return t.k
		end, function(ok, t, r)
			if ok and not same(r[1], old[2]) then return "got " .. tostring(r[1]):sub(1, 20) end
		end)
		for _, new in ipairs(values) do
			sweep(("rcu.swap, %s for %s"):format(new[1], old[1]), function()
				local t = rcu.table(4)
				t.k = old[2]
				return t
			end, function(t)
				return rcu.swap(t, "k", new[2])
			end, function(ok, t, r)
				if ok and not same(r[1], old[2]) then return "got something else" end
				local want = old[2]
				if ok then want = new[2] end
				if not same(t.k, want) then return "k is " .. tostring(t.k):sub(1, 20) end
			end)
		end
		sweep("rcu.insert, " .. old[1], function()
			return rcu.table(4)
		end, function(t)
			return old[2] == nil or rcu.insert(t, "k", old[2])
		end, function(ok, t, r)
			local want = nil
			if ok then want = old[2] end
			if ok and not r[1] or not same(t.k, want) then return "not inserted, or half" end
		end)
		sweep("rcu.cas, " .. old[1], function()
			return rcu.table(4)
		end, function(t)
			return rcu.cas(t, "k", nil, old[2])
		end, function(ok, t, r)
			local want = nil
			if ok then want = old[2] end
			if ok and not r[1] or not same(t.k, want) then return "not set, or half" end
		end)
	end
	sweep("rcu.add", function() return rcu.table(4) end, function(t)
		return rcu.add(t, "k", 5)
	end, function(ok, t, r)
		if ok and r[1] ~= 5 or t.k ~= (ok and 5 or nil) then return "not added" end
	end)
	-- 65536 buckets are more pages in a row than is sure to be had without waiting
	for _, size in ipairs(sleeps and {1, 1000, 1 << 16} or {1, 1000}) do
		sweep(("rcu.table(%d)"):format(size), nothing, function()
			return rcu.table(size)
		end, function(ok, _, r)
			if ok then
				r[1].k = 1
				if #r[1] ~= 1 then return "no table" end
			end
		end)
	end
	sweep("a table grows and shrinks", function()
		return {t = rcu.table(1), n = 0}
	end, function(env)
		for i = 1, 200 do
			env.t["k" .. i] = i
			env.n = i
		end
		for i = 1, 200 do
			env.t["k" .. i] = nil
			env.n = 200 - i
		end
	end, function(ok, env)
		if #env.t ~= env.n or entries(env.t) ~= env.n then
			return ("%d entries, %d counted, %d are there"):format(env.n, #env.t, entries(env.t))
		end
	end)
	local full = rcu.table(4)
	for i = 1, 40 do full[("key"):rep(i)] = ("v"):rep(i * 10) end
	sweep("pairs", nothing, function(env)
		env.n = 0
		for k, v in pairs(full) do
			if #k * 10 ~= #v * 3 then env.bad = true end
			env.n = env.n + 1
		end
	end, function(ok, env)
		if env.bad or ok and env.n ~= 40 then return "saw " .. env.n end
	end)
	sweep("rcu.map", nothing, function(env)
		env.n = 0
		rcu.map(full, function(k, v)
			if #k * 10 ~= #v * 3 then env.bad = true end
			env.n = env.n + 1
		end)
	end, function(ok, env)
		if env.bad or ok and env.n ~= 40 then return "saw " .. env.n end
	end)
	sweep("rcu.for_each", function()
		for i = 1, 5 do _G.rcu["fail" .. i] = i end
		return {n = 0}
	end, function(env)
		_G.rcu.for_each(function(k, v)
			env.n = env.n + (k:find("^fail") and v or 0)
		end)
	end, function(ok, env)
		for i = 1, 5 do _G.rcu["fail" .. i] = nil end
		if ok and env.n ~= 15 then return "saw " .. env.n end
	end)
end

local function language()
	sweep("an object is made", nothing, fail.thing, function() end)
	sweep("lunatik.status", nothing, function() return lunatik.status() end, function(ok, _, r)
		if ok and r[1].quota < 1 then return "no status" end
	end)
	sweep("load", nothing, function()
		return assert(load("local a, b = ... local t = {x = a, y = 'yes', [3] = b} return function() return t.x + t[3] end"))(40, 2)()
	end, function(ok, _, r)
		if ok and r[1] ~= 42 then return "no result" end
	end)
	sweep("coroutines", nothing, function()
		return coroutine.wrap(function(a) return coroutine.yield(a) + 1 end)(41)
	end, function(ok, _, r)
		if ok and r[1] ~= 41 then return "no result" end
	end)
	sweep("strings", nothing, function()
		return (("x"):rep(3000):gsub("x", "yy"):format(1) .. table.concat({"a", "b"}, ","):rep(20)):upper()
	end, function(ok, _, r)
		if ok and #r[1] ~= 6060 then return "no result" end
	end)
	sweep("to be closed", function() return {open = 0} end, function(env)
		for i = 1, 3 do
			local x <close> = setmetatable({}, {__close = function() env.open = env.open - 1 end})
			env.open = env.open + 1
			local y = {i, ("z"):rep(100 + i)}
		end
	end, function(ok, env)
		if ok and env.open ~= 0 then return "left open" end
	end)
	sweep("pcall, error, traceback", nothing, function()
		return select(2, xpcall(function() error("this " .. #long) end, debug.traceback))
	end, function(ok, _, r)
		if ok and not isfor(r[1]) and not tostring(r[1]):find("error in error handling") and
		   not tostring(r[1]):find("this 9000") then
			return tostring(r[1])
		end
	end)
end

-- what is only there where it is possible to sleep
local function runtimes()
	for _, context in ipairs(require "t.contexts") do
		sweep("lunatik.runtime, " .. context, nothing, function()
			return lunatik.runtime("t/faults/script", context)
		end, function(ok, _, r)
			if ok and r[1]:resume("x") ~= "x" then return "it does not run" end
			if ok then r[1]:stop() end
		end)
		local other = lunatik.runtime("t/faults/script", context)
		for _, target in ipairs {false, function() return other end} do
			for _, v in ipairs(values) do
				sweep(("resume with %s, %s%s"):format(v[1], context, target and ", there" or ""), function()
					-- one that ended for want of memory is made anew
					if not pcall(other.resume, other) then
						other:stop()
						other = lunatik.runtime("t/faults/script", context)
					end
				end, function()
					return other:resume(v[2], v[2])
				end, function(ok, _, r)
					if ok and (r.n ~= 2 or not same(r[2], v[2])) then return "not what was passed" end
				end, target)
			end
		end
		other:stop()
		if runner then
			sweep("runner.run, stop, " .. context, nothing, function()
				runner.run("t/faults/script", context)
				runner.list()
				runner.stop("t/faults/script")
			end, function(ok)
				local listed = runner.list():find("t/faults/script", 1, true)
				if ok and listed then return "it was not stopped" end
				if listed then runner.stop("t/faults/script") end
				if runner.list() ~= "" then return "it stays in the list" end
			end)
		end
	end
	sweep("lunatik.runtime, a script that raises", nothing, function()
		local ok, msg = pcall(lunatik.runtime, "t/faults/raises")
		return ok, msg
	end, function(ok, _, r)
		if ok and (r[1] or not isfor(r[2]) and not r[2]:find("on purpose")) then
			return "raised " .. tostring(r[2])
		end
	end)
	sweep("require", function()
		package.loaded["t.faults.library"] = nil
	end, function()
		return require "t.faults.library"
	end, function(ok, _, r)
		if ok and r[1].answer ~= 42 then return "no library" end
		if not ok and package.loaded["t.faults.library"] then return "half loaded" end
	end)
	sweep("require of a module", function()
		package.loaded.fail = nil
	end, function()
		return require "fail"
	end, function(ok, _, r)
		if ok and not r[1].call then return "no library" end
	end)
	sweep("loadfile", nothing, function()
		return assert(loadfile("t/faults/library.lua"))()
	end, function(ok, _, r)
		if ok and r[1].answer ~= 42 then return "no library" end
	end)
	sweep("package.searchpath", nothing, function()
		return assert(package.searchpath("t.faults.library", package.path))
	end, function(ok, _, r)
		if ok and not r[1]:find("library.lua$") then return "not found" end
	end)
end

return function(context, all)
	sleeps = context == "process"
	for i, v in ipairs(values) do	-- more than is set aside for an entry
		if context == "hardirq" and v[2] == long then table.remove(values, i) end
	end
	tables()
	language()
	if all then runtimes() end
	return ("%d operations, %d faults, %d wrong"):format(operations, faults, wrong), table.unpack(lines)
end
