-- Who is there: how many, and some of them. Members that were not confirmed do not count, although
-- the next one who tells of members says so first.
local MOST = tonumber(ARGV[3])

local less = {}
for _, member in ipairs(over(-1)) do
  local user = user_of(member)
  if user then
    less[user] = (less[user] or 0) + 1
  end
end
local total = redis.call('ZCOUNT', PLACE, '(' .. LEAST, '(0')
for user, count in pairs(less) do
  if -tonumber(redis.call('ZSCORE', PLACE, user) or 0) <= count then
    total = total - 1
  end
end
local listed = {}
if MOST > 0 then
  local page = { '(' .. LEAST, '(0', 'WITHSCORES', 'LIMIT', 0, MOST }
  local users = redis.call('ZRANGEBYSCORE', PLACE, unpack(page))
  for index = 1, #users, 2 do
    local count = -tonumber(users[index + 1]) - (less[users[index]] or 0)
    if count > 0 then
      listed[#listed + 1] = users[index]
      listed[#listed + 1] = whole(count)
    end
  end
end
return { total, listed }
