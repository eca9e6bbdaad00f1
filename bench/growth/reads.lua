-- What wrk sends in the growth bench: GET requests for paths picked at random from a file. Counts the answers by status and
-- prints one line of JSON at the end, which bench/support/wrk.ts reads. Arguments after `--`: the file of paths, a seed.

local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

local requests = {}

function init(args)
  statuses = {}
  for path in io.lines(args[1]) do
    table.insert(requests, "GET " .. path .. " HTTP/1.1\r\nHost: " .. wrk.headers["Host"] .. "\r\n\r\n")
  end
  math.randomseed(tonumber(args[2]))
end

function request()
  return requests[math.random(#requests)]
end

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
    'result {"requests":%d,"duration_us":%d,"mean_us":%d,"p50_us":%d,"p99_us":%d,"p999_us":%d,"statuses":%s,"items":0,'
      .. '"latencies_us":{},"errors":%s}\n',
    summary.requests, summary.duration, latency.mean, latency:percentile(50), latency:percentile(99),
    latency:percentile(99.9), json_of(totals),
    json_of({ connect = errors.connect, read = errors.read, write = errors.write, timeout = errors.timeout })
  ))
end
