-- resumes, or stops, the runtime that it is told to, or that has this name
return function(runtime, what)
	while true do
		if type(runtime) == "string" then
			runtime = lunatik._ENV[runtime]
		end
		local ok, msg = pcall(runtime[what], runtime)
		runtime, what = nil, nil
		collectgarbage()
		runtime, what = coroutine.yield(ok, msg)
	end
end
