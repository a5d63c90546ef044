-- Members come, others go, and where it is asked for, those that were not confirmed go too.
local FRESH, LOOKS, HERE = ARGV[3], ARGV[4] == '1', tonumber(ARGV[5])
local BEFORE, AT_ONCE, HOUR = 5, 500, 3600000

local joined, left, unconfirmed = {}, {}, {}
if not generation then
  -- What there is without it is not ours.
  redis.call('DEL', PLACE)
  generation = FRESH
elseif was_away then
  redis.call('ZADD', PLACE, whole(-hold), '!')
end
redis.call('ZADD', PLACE, whole(-math.max(now, sign)), '*' .. generation)

local function go(member)
  local user = user_of(member)
  if redis.call('ZREM', PLACE, member) == 0 or not user then
    return
  end
  if tonumber(redis.call('ZINCRBY', PLACE, 1, user)) >= 0 then
    redis.call('ZREM', PLACE, user)
    left[#left + 1] = user
  end
end

local expiry = whole(now + LEASE)
for index = BEFORE + 1, BEFORE + HERE do
  local member = ARGV[index]
  if redis.call('ZADD', PLACE, expiry, member) == 1 then
    local user = user_of(member)
    if tonumber(redis.call('ZINCRBY', PLACE, -1, user)) == -1 then
      joined[#joined + 1] = user
    end
  end
end
for index = BEFORE + HERE + 1, #ARGV do
  go(ARGV[index])
end
if LOOKS then
  unconfirmed = over(AT_ONCE)
  for _, member in ipairs(unconfirmed) do
    go(member)
  end
end
-- Longer than members last, so that whoever was frozen for a while finds the same generation.
redis.call('PEXPIRE', PLACE, whole(math.max(HOUR, 2 * LEASE)))
return { generation, joined, left, #unconfirmed == AT_ONCE and 1 or 0 }
