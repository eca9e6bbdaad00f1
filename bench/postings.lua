-- What wrk sends: one consumption a request, each under an Idempotency-Key of its own, to a wallet picked at random from a
-- file. Counts the answers by status and prints one line of JSON at the end, which bench/support/wrk.ts reads.
-- Arguments after `--`: the file of wallet ids, a prefix for the keys that no other run has, a seed.

local threads = {}

function setup(thread)
  thread:set("thread_number", #threads + 1)
  table.insert(threads, thread)
end

local wallets = {}
local key_prefix
local request_count = 0
local heads = {}

function init(args)
  statuses = {}
  for wallet_id in io.lines(args[1]) do
    table.insert(wallets, wallet_id)
  end
  key_prefix = args[2] .. "-" .. thread_number .. "-"
  math.randomseed(tonumber(args[3]) + thread_number)
  for index, wallet_id in ipairs(wallets) do
    heads[index] = "POST /api/v1/wallets/" .. wallet_id .. "/consume HTTP/1.1\r\nHost: " .. wrk.headers["Host"]
      .. "\r\nContent-Type: application/json\r\nIdempotency-Key: " .. key_prefix
  end
end

function request()
  request_count = request_count + 1
  local body = '{"amount":"0.01","description":"Metered use of a model","usage_record_id":"' .. request_count .. '"}'
  return heads[math.random(#heads)] .. request_count .. "\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
end

-- Costs wrk about 1.5 microseconds an answer (measured with and without), which is less than it is worth.
function response(status)
  statuses[status] = (statuses[status] or 0) + 1
end

local function json_of(counts)
  local members = {}
  for name, count in pairs(counts) do
    table.insert(members, string.format('"%s":%d', name, count))
  end
  return "{" .. table.concat(members, ",") .. "}"
end

function done(summary, latency)
  local totals = {}
  for _, thread in ipairs(threads) do
    for status, count in pairs(thread:get("statuses")) do
      totals[status] = (totals[status] or 0) + count
    end
  end
  local errors = summary.errors
  io.write(string.format(
    'result {"requests":%d,"duration_us":%d,"p50_us":%d,"p99_us":%d,"statuses":%s,"errors":%s}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), json_of(totals),
    json_of({ connect = errors.connect, read = errors.read, write = errors.write, timeout = errors.timeout })
  ))
end
