-- see tests/modules/contexts: makes some garbage, counts, calls the object
n = 0

function handler()
	local t = {n, tostring(n)}
	t[3] = t[2] .. "x"
	tally:add(1)
	n = n + 1
	return #t == 3 and 1 or 0
end
