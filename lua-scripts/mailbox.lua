-- SPDX-License-Identifier: MIT OR GPL-2.0-only
-- Messages between runtimes: whole strings, each to one receiver.
--
--	local mailbox = require "mailbox"
--	local inbox = mailbox.inbox(4096)	-- room for as many bytes
--	-- inbox.queue and inbox.event go to the other runtime, which makes of them
--	local outbox = mailbox.outbox(queue, event)
--	outbox:send("hello")
--	-- and here
--	local message = inbox:receive(1000)	-- nil if none came within a second
--
-- A message is one record of a fifo, put in and taken out in one step, so any number may
-- send and receive. Sending is for every context, receiving sleeps.
local fifo = require "fifo"
local completion = require "completion"
local class = require "class"

local Inbox, Outbox = class(), class()

-- q is a fifo or how many bytes one is to hold
local function open(q, event, name)
	if math.type(q) then
		q = fifo.new(q)
	elseif type(q) ~= "userdata" or not q.pushrecord then
		error("bad argument #1 to '" .. name .. "' (fifo or number expected, got " .. type(q) .. ")", 3)
	end
	if event == nil then
		event = completion.new()
	elseif type(event) ~= "userdata" or not event.complete then
		error("bad argument #2 to '" .. name .. "' (completion expected, got " .. type(event) .. ")", 3)
	end
	return {queue = q, event = event}
end

-- The next message; nil, and what wait() of a completion says, if none came within ms
-- milliseconds, for which nil is any number. The event counts the messages, so who has
-- waited for it has one; who has not may still, of a sender that was ended in between.
function Inbox:receive(ms)
	local ok, why = self.event:wait(ms)
	local message = self.queue:poprecord()
	if message or ok then return message end
	return nil, why
end

-- Raises if there is no room for the message, with 8 bytes for its length.
function Outbox:send(message)
	self.queue:pushrecord(message)
	self.event:complete()
end

local mailbox = {}

function mailbox.inbox(q, event) return Inbox(open(q, event, "inbox")) end

function mailbox.outbox(q, event) return Outbox(open(q, event, "outbox")) end

return mailbox
