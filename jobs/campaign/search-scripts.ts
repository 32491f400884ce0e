/**
 * What the servers of a shared search do at once, in Lua: no worker sees another halfway. The home server has the
 * tasks, and what was found; every partition has its own keys, on any server. The keys of a script have one tag, so
 * that they lie on one server of a cluster.
 *
 * Each script may run again after its reply was lost. BEGIN, KEEP, FINISH, PREPARE and APPLY then change nothing more.
 * PUSH puts the same rows a second time, of which a partition takes none twice. TAKE gives another task; the first one
 * is given out again once its time is over. PAUSE adds its seconds a second time.
 *
 * A level takes rounds: some of its states are expanded, then the partitions take what was found. Tasks are
 * `e:LEVEL:PARTITION:ADDED:START:FROM:TO:ROUND`, states to expand of those that the partition took in the round ADDED,
 * which begin at START; and `m:LEVEL:ROUND:PARTITION:FOUND:SIZE`, a partition that takes what was found for it in a
 * round. A task has its round before it is first given out, and the round ends with its last task: one that is given out
 * twice puts its rows to the same place. The time is the server's own.
 */

/** Added to the number of states, so that a small search takes few rounds. */
const STATES_MORE = 2 ** 19;

/**
 * Keys: all of the home server. Arguments: description, when a violation ends it, bound, first task, run, and bytes of
 * rows by state that may wait to be sorted.
 */
export const BEGIN = `
local home, open = KEYS[1], KEYS[2]
if redis.call('HSETNX', home, 'about', ARGV[1]) == 1 then
  redis.call('HSET', home, 'run', ARGV[5], 'phase', 'merge', 'level', -1, 'round', 0, 'states', 0, 'new', 0,
    'bytes', 0, 'waiting', ARGV[6])
  redis.call('RPUSH', open, ARGV[4])
end
redis.call('HSET', home, 'ends', ARGV[2], 'bound', ARGV[3])
redis.call('HDEL', home, 'paused', 'failed')
return 1`;

/**
 * Gives a task to a worker, for a time. Where nothing is left of a phase, begins the next one. A round takes one task of
 * its level after the other, until the rows found have the bytes that may wait. Returns the task; or wait, done, paused,
 * gone. Arguments: the worker, milliseconds, the run.
 */
export const TAKE = `
local home, open, taken, next, touched, owners, levels, first, _, _, _, left = unpack(KEYS)
local function mergeTask(worker)
  local all, owned = redis.call('LRANGE', open, 0, -1), redis.call('HGETALL', owners)
  local owner, free = {}, nil
  for i = 1, #owned, 2 do owner[owned[i]] = owned[i + 1] end
  for _, task in ipairs(all) do
    local has = owner[string.match(task, '^m:%d+:%d+:(%d+):')]
    if has == worker then return task end
    if not has and not free then free = task end
  end
  return free or all[1]
end
local function isEnough(ends)
  if ends == 'never' then return false end
  if ends == 'any' then return redis.call('HLEN', first) > 0 end
  return redis.call('HEXISTS', first, ends) == 1
end
local function finish(ended)
  redis.call('HSET', home, 'phase', 'done', 'ended', ended)
  return 'done'
end
while true do
  local phase, run, paused, level, round, new, ends, bound, states, bytes, waiting = unpack(redis.call('HMGET',
    home, 'phase', 'run', 'paused', 'level', 'round', 'new', 'ends', 'bound', 'states', 'bytes', 'waiting'))
  if not phase or run ~= ARGV[3] then return 'gone' end
  if phase == 'done' then return 'done' end
  if paused then return 'paused' end
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  -- Later than any time that a worker is given: the clock was set back.
  for _, range in ipairs({{'-inf', now}, {'(' .. now + 2 * ARGV[2], '+inf'}}) do
    for _, task in ipairs(redis.call('ZRANGEBYSCORE', taken, range[1], range[2])) do
      redis.call('ZREM', taken, task)
      redis.call('LPUSH', open, task)
    end
  end
  if phase == 'expand' and redis.call('LLEN', open) == 0 and
    (tonumber(bytes) == 0 or tonumber(bytes) < waiting * (states + ${STATES_MORE})) then
    local task = redis.call('LPOP', left)
    if task then redis.call('RPUSH', open, task .. ':' .. round) end
  end
  if redis.call('LLEN', open) > 0 then
    local task = phase == 'merge' and mergeTask(ARGV[1]) or redis.call('LINDEX', open, 0)
    redis.call('LREM', open, 1, task)
    redis.call('ZADD', taken, now + ARGV[2], task)
    return task
  end
  if redis.call('ZCARD', taken) > 0 then return 'wait' end
  if phase == 'expand' then
    local all = redis.call('HGETALL', touched)
    for i = 1, #all, 2 do
      local size = redis.call('HGET', home, 'size:' .. all[i]) or 0
      redis.call('RPUSH', open, table.concat({'m', level + 1, round, all[i], all[i + 1], size}, ':'))
    end
    redis.call('DEL', touched)
    redis.call('HSET', home, 'phase', 'merge')
  else
    redis.call('HSET', home, 'phase', 'expand', 'bytes', 0)
    redis.call('HINCRBY', home, 'round', 1)
    if redis.call('LLEN', left) == 0 then
      redis.call('HSET', home, 'new', 0)
      redis.call('HINCRBY', home, 'level', 1)
      if tonumber(new) > 0 then
        redis.call('RPUSH', levels, new)
        redis.call('RENAME', next, left)
      end
      if isEnough(ends) then return finish('break') end
      if tonumber(new) == 0 then return finish('fixpoint') end
      if tonumber(states) > tonumber(bound) then redis.call('HSET', home, 'paused', 'states') end
    end
  end
end`;

/** Lengthens the time of a task. Arguments: the task, milliseconds. */
export const KEEP = `
local time = redis.call('TIME')
return redis.call('ZADD', KEYS[3], 'XX', time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[2], ARGV[1])`;

/** Counts what a task found, unless it was counted. Arguments: the task, a TaskFindings, and the run. */
export const FINISH = `
local home, open, taken, next, touched, owners, _, first, counts, shortest, seen = unpack(KEYS)
if redis.call('HGET', home, 'run') ~= ARGV[3] then return 0 end
if redis.call('ZREM', taken, ARGV[1]) + redis.call('LREM', open, 1, ARGV[1]) == 0 then return 0 end
local found = cjson.decode(ARGV[2])
for _, each in ipairs(found.counts) do redis.call('HINCRBY', counts, each[1], each[2]) end
for _, each in ipairs(found.first) do
  local law, new = each[1], cjson.encode(each)
  local old = redis.call('HGET', first, law)
  old = old and cjson.decode(old)
  -- law, length, action, from
  if not old or each[2] < old[2] or (each[2] == old[2] and each[3] < old[3]) then
    redis.call('HSET', first, law, new)
  end
end
for _, each in ipairs(found.shortest) do redis.call('HSETNX', shortest, each[1], each[2]) end
for _, each in ipairs(found.seen) do redis.call('SADD', seen, each) end
for _, each in ipairs(found.found) do redis.call('HINCRBY', touched, each[1], each[2]) end
redis.call('HINCRBY', home, 'bytes', found.bytes)
for _, each in ipairs(found.next) do redis.call('RPUSH', next, each) end
if found.merged then
  redis.call('HINCRBY', home, 'states', found.merged.new)
  redis.call('HINCRBY', home, 'new', found.merged.new)
  redis.call('HSET', home, 'size:' .. found.merged.partition, found.merged.size)
  redis.call('HSET', owners, found.merged.partition, found.merged.worker)
end
return 1`;

/**
 * Makes a partition without states, unless it is there. Returns its last round if it is of another run of the search, or
 * nothing. Argument: the run.
 */
export const PREPARE = `
local run, round = unpack(redis.call('HMGET', KEYS[1], 'run', 'round'))
if run and run ~= ARGV[1] then return tonumber(round) end
redis.call('HSETNX', KEYS[1], 'run', ARGV[1])
redis.call('HSETNX', KEYS[1], 'round', -1)
redis.call('HSETNX', KEYS[1], 'size', 0)
return false`;

/**
 * Puts rows where a partition will take them, unless it has taken all of this round, or is gone. Arguments: round, rows,
 * the run.
 */
export const PUSH = `
local merged, run = unpack(redis.call('HMGET', KEYS[1], 'round', 'run'))
if not merged or run ~= ARGV[3] or tonumber(merged) >= tonumber(ARGV[1]) then return 0 end
return redis.call('RPUSH', KEYS[2], ARGV[2])`;

/**
 * Adds the new states of a round to a partition, once. Returns what was said of them the first time, or nothing if the
 * partition has not the states it should. Arguments: round, states before and after, forms, parents, actions, what is
 * to be said, and the run.
 */
export const APPLY = `
local merged, found, forms, parents, actions = unpack(KEYS)
local round, size, says, run = unpack(redis.call('HMGET', merged, 'round', 'size', 'says', 'run'))
if run ~= ARGV[8] then return false end
if round == ARGV[1] then return says end
if not round or size ~= ARGV[2] or tonumber(round) > tonumber(ARGV[1]) then return false end
if ARGV[2] ~= ARGV[3] then redis.call('MSET', forms, ARGV[4], parents, ARGV[5], actions, ARGV[6]) end
redis.call('HSET', merged, 'round', ARGV[1], 'size', ARGV[3], 'says', ARGV[7])
redis.call('UNLINK', found)
return ARGV[7]`;

/** States of a partition, and the bytes of its other keys. */
export const SIZE = `
local bytes = 0
for i = 2, #KEYS do bytes = bytes + (redis.call('MEMORY', 'USAGE', KEYS[i]) or 0) end
return {tonumber(redis.call('HGET', KEYS[1], 'size') or 0), bytes}`;

/**
 * Also where the server has no memory left. Arguments: why it is paused, or nothing if it is not; the seconds that it
 * took so far; what a worker failed by, or nothing.
 */
export const PAUSE = `#!lua flags=allow-oom
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
if ARGV[1] ~= '' then redis.call('HSETNX', KEYS[1], 'paused', ARGV[1]) end
if ARGV[3] ~= '' then redis.call('HSETNX', KEYS[1], 'failed', ARGV[3]) end
redis.call('HINCRBYFLOAT', KEYS[1], 'seconds', ARGV[2])
return 1`;
