-- gets objects, uses them, gives them back
local api = require "api"
return function(...)
	while true do
		local results = {}
		for i, object in ipairs {...} do
			local ok, what = pcall(object.add, object, 1)
			results[i] = ok and what or what
		end
		coroutine.yield(table.unpack(results))
	end
end
