-- /lib/modules/lua/mydevice.lua
function myread(len, off)
	return "42"
end
