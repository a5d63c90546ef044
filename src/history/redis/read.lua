-- The oldest entries behind an offset. A stream with a hole in it begins another epoch.
local AFTER, COUNT, BYTES = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
-- Entries that are looked at together: what is too much is not held, but for a few.
local AT_ONCE = 16

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

-- What is there from one offset on, up to so many bytes; nothing where entries are missing.
local function from(begin_at, count)
  local found, size = {}, 0
  local next_at, stop = begin_at, begin_at + count
  while next_at < stop do
    local some = math.min(AT_ONCE, stop - next_at)
    local range = redis.call('XRANGE', STREAM, whole(next_at) .. '-0', '+', 'COUNT', whole(some))
    if #range ~= some then
      return nil
    end
    for _, entry in ipairs(range) do
      local offset, _, payload = read(entry)
      if offset ~= next_at then
        return nil
      end
      size = size + #payload
      if size > BYTES and next_at > begin_at then
        return found
      end
      found[#found + 1] = whole(offset)
      found[#found + 1] = payload
      next_at = next_at + 1
    end
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
