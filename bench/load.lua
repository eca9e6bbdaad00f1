-- What wrk sends, one scenario a run, to wallets picked at random from a file; every movement under an Idempotency-Key of its
-- own. Counts the answers by status and prints one line of JSON at the end, which bench/support/wrk.ts reads.
-- Arguments after `--`: the scenario; the file of wallet ids (of paths, for `paths`); a prefix for the keys that no other run has; a seed; and, for an
-- open loop, the requests a second. Without a rate each connection sends its next request when the last one is answered.

local AMOUNT = "0.01"
local BATCH_SIZE = 1000
local WINDOW_S = 30

local threads = {}

function setup(thread)
  thread:set("thread_number", #threads + 1)
  table.insert(threads, thread)
end

local wallets = {}
local key_prefix
local make_request

local function get(path_of)
  local requests = {}
  for index, wallet_id in ipairs(wallets) do
    requests[index] = "GET " .. path_of(wallet_id) .. " HTTP/1.1\r\nHost: " .. wrk.headers["Host"]
  end
  return function(_, more)
    return requests[math.random(#requests)] .. more .. "\r\n\r\n"
  end
end

local function post(action, body_of)
  local heads = {}
  for index, wallet_id in ipairs(wallets) do
    heads[index] = "POST /api/v1/wallets/" .. wallet_id .. "/" .. action .. " HTTP/1.1\r\nHost: " .. wrk.headers["Host"]
      .. "\r\nContent-Type: application/json\r\nIdempotency-Key: " .. key_prefix
  end
  return function(number, more)
    local index = math.random(#heads)
    local body = body_of(number, index)
    return heads[index] .. number .. more .. "\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
  end
end

local function another_than(index)
  local other = math.random(#wallets - 1)
  return wallets[other < index and other or other + 1]
end

local scenarios = {}

function scenarios.empty()
  wallets = { "" }
  return get(function() return "/" end)
end

function scenarios.balance()
  return get(function(wallet_id) return "/api/v1/wallets/" .. wallet_id .. "/balance" end)
end

function scenarios.history()
  return get(function(wallet_id) return "/api/v1/wallets/" .. wallet_id .. "/transactions?limit=50" end)
end

-- The file has whole paths instead of wallet ids.
function scenarios.paths()
  return get(function(path) return path end)
end

-- A window that begins in the middle of what the run has written.
function scenarios.statistics()
  local now = os.time()
  local window = "?start_date=" .. now - WINDOW_S .. "&end_date=" .. now
  return get(function(wallet_id) return "/api/v1/wallets/" .. wallet_id .. "/statistics" .. window end)
end

function scenarios.consume()
  local head = '{"amount":"' .. AMOUNT .. '","description":"Metered use of a model","usage_record_id":"'
  return post("consume", function(number) return head .. number .. '"}' end)
end

function scenarios.deposit()
  local head = '{"amount":"' .. AMOUNT .. '","description":"Top-up by card","reference_id":"'
  return post("deposit", function(number) return head .. number .. '"}' end)
end

function scenarios.transfer()
  local head = '{"amount":"' .. AMOUNT .. '","description":"Between two wallets","to_wallet_id":"'
  return post("transfer", function(_, index) return head .. another_than(index) .. '"}' end)
end

function scenarios.batch()
  local head = "POST /api/v1/batch HTTP/1.1\r\nHost: " .. wrk.headers["Host"] .. "\r\nContent-Type: application/json"
  local operation = '{"operation":"consume","amount":"' .. AMOUNT .. '","idempotency_key":"' .. key_prefix
  return function(number, more)
    local operations = {}
    for item = 1, BATCH_SIZE do
      local name = number .. "." .. item
      operations[item] = operation .. name .. '","usage_record_id":"' .. name .. '","wallet_id":"'
        .. wallets[math.random(#wallets)] .. '"}'
    end
    local body = '{"atomic":false,"operations":[' .. table.concat(operations, ",") .. "]}"
    return head .. more .. "\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
  end
end

-- Costs wrk about 1.5 microseconds an answer (measured with and without), which is less than it is worth.
local function count_status(status)
  statuses[status] = (statuses[status] or 0) + 1
end

-- Of a batch, each operation counts that has succeeded by its own entry in `results`.
local function count_items(body)
  local _, succeeded = body:gsub('"status":20[01],', "")
  items = items + succeeded
end

-- An open loop: every request has a time at which it is due, whether or not the earlier ones are answered. A connection that
-- is free takes the next of these times and waits for it. The request carries it as its X-Request-Id, which comes back with
-- the answer, and its latency is counted from then on; or from when it was sent, where wrk, whose timers know whole
-- milliseconds, was early. The clock and the queue of times taken are the thread's.
local function open_loop(rate)
  local ffi = require("ffi")
  ffi.cdef("typedef struct { long s; long ns; } bench_time; int clock_gettime(int clock, bench_time *time);")
  local CLOCK_MONOTONIC = 1
  local time = ffi.new("bench_time")
  local function now_us()
    ffi.C.clock_gettime(CLOCK_MONOTONIC, time)
    return tonumber(time.s) * 1000000 + math.floor(tonumber(time.ns) / 1000)
  end

  local interval_us = 1000000 / rate
  local start_us
  local taken, sent = 0, 0

  function delay()
    local now = now_us()
    start_us = start_us or now
    local due = start_us + taken * interval_us
    taken = taken + 1
    return math.max(0, math.floor((due - now) / 1000))
  end

  -- Connections come back from their waits in the order of their times, give or take a millisecond.
  local function due_header()
    local now = now_us()
    local due = start_us and start_us + sent * interval_us or now
    -- wrk asks for one request before it starts, to look at it.
    if start_us then sent = sent + 1 end
    return string.format("\r\nX-Request-Id: due.%d", math.min(now, due))
  end

  local function count_latency(headers)
    local due = (headers["x-request-id"] or headers["X-Request-Id"] or ""):match("^due%.(%d+)$")
    if not due then return end
    local micros = math.max(1, now_us() - tonumber(due))
    -- Three significant digits, rounded up.
    local unit = 10 ^ math.max(0, math.floor(math.log10(micros)) - 2)
    local bucket = math.ceil(micros / unit) * unit
    latencies[bucket] = (latencies[bucket] or 0) + 1
  end

  return due_header, count_latency
end

function init(args)
  local scenario, wallet_file, prefix, seed, rate = unpack(args)
  statuses, latencies, items = {}, {}, 0
  if scenario ~= "empty" then
    for wallet_id in io.lines(wallet_file) do
      table.insert(wallets, wallet_id)
    end
  end
  key_prefix = prefix .. "-" .. thread_number .. "-"
  math.randomseed(tonumber(seed) + thread_number)
  make_request = scenarios[scenario]()
  local number = 0

  if rate then
    local due_header, count_latency = open_loop(tonumber(rate))
    function request()
      number = number + 1
      return make_request(number, due_header())
    end
    function response(status, headers)
      count_status(status)
      count_latency(headers)
    end
    return
  end

  function request()
    number = number + 1
    return make_request(number, "")
  end
  if scenario == "batch" then
    function response(status, _, body)
      count_status(status)
      count_items(body)
    end
  else
    response = count_status
  end
end

local function json_of(counts)
  local members = {}
  for name, count in pairs(counts) do
    table.insert(members, string.format('"%s":%d', name, count))
  end
  return "{" .. table.concat(members, ",") .. "}"
end

local function add(totals, counts)
  for name, count in pairs(counts) do
    totals[name] = (totals[name] or 0) + count
  end
end

function done(summary, latency)
  local all_statuses, all_latencies, all_items = {}, {}, 0
  for _, thread in ipairs(threads) do
    add(all_statuses, thread:get("statuses"))
    add(all_latencies, thread:get("latencies"))
    all_items = all_items + thread:get("items")
  end
  local errors = summary.errors
  io.write(string.format(
    'result {"requests":%d,"duration_us":%d,"mean_us":%d,"p50_us":%d,"p99_us":%d,"p999_us":%d,"statuses":%s,"items":%d,'
      .. '"latencies_us":%s,"errors":%s}\n',
    summary.requests, summary.duration, latency.mean, latency:percentile(50), latency:percentile(99),
    latency:percentile(99.9), json_of(all_statuses), all_items, json_of(all_latencies),
    json_of({ connect = errors.connect, read = errors.read, write = errors.write, timeout = errors.timeout })
  ))
end
