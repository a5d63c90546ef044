-- How a place stands: since when what is known of it is known, and whether anyone is taken for gone.
local PLACE = KEYS[1]
local LEASE, RENEWAL = tonumber(ARGV[1]), tonumber(ARGV[2])
-- Numbers of members are above it, and times below.
local LEAST = -1000000000

local function whole(number)
  return string.format('%.0f', number)
end

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local generation, sign, hold = nil, now, 0
local marks = redis.call('ZRANGEBYSCORE', PLACE, '-inf', LEAST, 'WITHSCORES')
for index = 1, #marks, 2 do
  local at = -tonumber(marks[index + 1])
  if marks[index] == '!' then
    hold = at
  else
    generation, sign = string.match(marks[index], '^%*(.+)$'), at
  end
end
local was_away = generation and now - sign > LEASE / 2
if was_away then
  hold = now + RENEWAL * 1.25
end

-- Whose a member is; nothing for what is none.
local function user_of(member)
  return string.match(member, '^([^ ]+) ')
end

-- The oldest members that were not confirmed, at most so many.
local function over(most)
  if now < hold then
    return {}
  end
  return redis.call('ZRANGEBYSCORE', PLACE, 0, whole(now), 'LIMIT', 0, most)
end
