-- resumes, or stops, the runtime that it is told to
return function(runtime, what)
	while true do
		local ok, msg = pcall(runtime[what], runtime)
		runtime, what = coroutine.yield(ok, msg)
	end
end
