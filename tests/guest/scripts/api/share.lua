-- gets objects, uses them, gives them back
local api = require "api"
return function(...)
	local objects = {...}
	while true do
		local results = {}
		for i, object in ipairs(objects) do
			results[i] = object == rcu and i or select(2, pcall(object.add, object, 1))
		end
		objects = {coroutine.yield(table.unpack(results))}
	end
end
