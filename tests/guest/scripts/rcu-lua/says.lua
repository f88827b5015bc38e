-- says(message, f, ...): f(...) raises just this, wherever it does
return function(message, f, ...)
	local ok, got = pcall(f, ...)
	if ok then
		error("no error, but: " .. message, 2)
	end
	got = tostring(got):gsub("^[%w/_.-]+:%d+: ", "")
	if got ~= message then
		error("said:   " .. got .. "\nwanted: " .. message, 2)
	end
end
