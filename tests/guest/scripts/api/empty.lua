-- see tests/modules/api
function visit()
	return 1
end
