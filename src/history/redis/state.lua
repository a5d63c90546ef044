-- How a topic stands. Its epoch is over where entries may be gone for another reason than their age
-- or their number: the stream or its meta is gone, or another run of Redis answers.
local META, STREAM = KEYS[1], KEYS[2]
local FRESH, TRUSTS = ARGV[1], ARGV[2] == '1'
local AGE, KEEP = tonumber(ARGV[3]), tonumber(ARGV[4])
local HOUR = 3600000

local function whole(number)
  return string.format('%.0f', number)
end

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or ''

local kept = redis.call('HMGET', META, 'epoch', 'last', 'at', 'run')
local epoch, last, at = kept[1], tonumber(kept[2]), tonumber(kept[3])
if not (epoch and last and at)
  or (not TRUSTS and kept[4] ~= run)
  or (last > 0 and now - at <= AGE and redis.call('EXISTS', STREAM) == 0)
then
  epoch, last, at = nil, 0, 0
end
-- Entries are never younger than those behind them, whatever the clock does.
now = math.max(now, at)

-- Begins another epoch.
local function begin()
  epoch, last, at = FRESH, 0, 0
  redis.call('HSET', META, 'epoch', epoch, 'last', 0, 'at', 0, 'run', run)
  redis.call('DEL', STREAM)
end

-- Keeps what is known of the topic; of one without messages, for a day. Who trusts this run does so
-- for all: others are not to begin anew what has gone on meanwhile.
local function touch()
  if epoch == kept[1] and kept[4] ~= run then
    redis.call('HSET', META, 'run', run)
  end
  local keep = 24 * HOUR
  if last > 0 then
    keep = KEEP
  end
  redis.call('PEXPIRE', META, whole(keep + HOUR))
end

-- An entry's offset, time and payload.
local function read(entry)
  return tonumber(string.match(entry[1], '^%d+')), tonumber(entry[2][2]), entry[2][4]
end
