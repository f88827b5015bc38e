-- SPDX-License-Identifier: MIT OR GPL-2.0-only
local mailbox = require "mailbox"
local fifo, completion = require "fifo", require "completion"
local raises = require "t/raises"

local inbox = mailbox.inbox(128)
local outbox = mailbox.outbox(inbox.queue, inbox.event)
assert(inbox:receive(0) == nil and select(2, inbox:receive(1)) == "timeout")
outbox:send("one")
outbox:send("")
outbox:send("three\0")
assert(inbox:receive() == "one" and inbox:receive(0) == "" and inbox:receive(1000) == "three\0")
assert(inbox:receive(0) == nil)
raises("room for 128 bytes, not for 129", outbox.send, outbox, ("x"):rep(121))
assert(inbox:receive(0) == nil, "what was not sent is not announced")
raises("string expected", outbox.send, outbox, {})

-- of one's own
local q, event = fifo.new(64), completion.new()
local a, b = mailbox.outbox(q, event), mailbox.inbox(q, event)
assert(a.queue == q and b.event == event)
a:send("x")
assert(b:receive(0) == "x")
-- of a sender that was ended before it said so
q:pushrecord("late")
assert(b:receive(0) == "late" and b:receive(0) == nil)
assert(mailbox.outbox(64).queue:poprecord() == nil)
raises("fifo or number expected, got table", mailbox.inbox, {})
raises("fifo or number expected, got nil", mailbox.outbox)
raises("fifo or number expected, got userdata", mailbox.inbox, event)
raises("completion expected, got userdata", mailbox.inbox, q, q)
raises("completion expected, got string", mailbox.outbox, 64, "x")
raises("size of a fifo", mailbox.inbox, -1)
q:close()
raises("object is closed", a.send, a, "x")
print "done"
