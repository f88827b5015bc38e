-- the second result is the offset; an error is read's
local answers = {[0] = "first", [100] = "second"}

function myread(len, off)
	if off == 200 then
		error("on purpose")
	end
	return answers[off], off + 100
end
