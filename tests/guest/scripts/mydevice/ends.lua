-- the document's, which ends: what the driver asks for is in off
function myread(len, off)
	return off == 0 and "42" or ""
end
