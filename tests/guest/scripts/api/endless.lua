local api = require "api"
coroutine.yield()
assert(api.gfp() == "atomic")
api.endless()
