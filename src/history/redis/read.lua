-- The oldest entries behind an offset. A stream with a hole in it begins another epoch.
local AFTER, COUNT = tonumber(ARGV[5]), tonumber(ARGV[6])

local function entry_at(offset)
  local id = whole(offset) .. '-0'
  return redis.call('XRANGE', STREAM, id, id)[1]
end

local function is_over(entry)
  local _, added = read(entry)
  return now - added > AGE
end

-- The offset up to which nothing is kept any more; nothing where entries are missing.
local function trimmed()
  if last == 0 or now - at > AGE then
    return last
  end
  local oldest = redis.call('XRANGE', STREAM, '-', '+', 'COUNT', 1)[1]
  if not oldest then
    return nil
  end
  local low, high = read(oldest) - 1, last
  if not is_over(oldest) then
    return low
  end
  -- What is at `low` is over, and what is at `high` is not.
  low = low + 1
  while high - low > 1 do
    local middle = math.floor((low + high) / 2)
    local entry = entry_at(middle)
    if not entry then
      return nil
    end
    if is_over(entry) then
      low = middle
    else
      high = middle
    end
  end
  return low
end

-- What is there from one offset on; nothing where entries are missing.
local function from(begin_at, count)
  local found = {}
  if count <= 0 then
    return found
  end
  local range = redis.call('XRANGE', STREAM, whole(begin_at) .. '-0', '+', 'COUNT', whole(count))
  if #range ~= count then
    return nil
  end
  for index, entry in ipairs(range) do
    local offset, _, payload = read(entry)
    if offset ~= begin_at + index - 1 then
      return nil
    end
    found[2 * index - 1] = whole(offset)
    found[2 * index] = payload
  end
  return found
end

local gone = epoch and trimmed()
local found
if gone then
  local behind = math.max(AFTER, gone)
  found = from(behind + 1, math.min(COUNT, last - behind))
end
if not found then
  begin()
  gone, found = 0, {}
  touch()
end
return { epoch, whole(gone), whole(last), found }
