-- Asks Postern about each request to an app (docs/guard.md). Change the address of Postern if yours is different.
local POSTERN = 'http://127.0.0.1:3001'

require 'apache2'
local http = require 'socket.http'

-- The headers that the check needs. All others only go to the app.
local PASSED_ON = { 'Cookie', 'Accept', 'Accept-Language', 'Sec-Fetch-Mode', 'X-Requested-With', 'Upgrade', 'User-Agent' }
local CLAIMS = { 'Remote-User', 'Remote-Email', 'Remote-Name', 'Remote-Groups' }
-- The headers that the browser needs of a response other than 200.
local ANSWERED = { 'Location', 'Retry-After', 'Cache-Control' }

http.TIMEOUT = 5

-- ServerName with its port, because of UseCanonicalName.
local function host(r)
  return r.port == 443 and r.server_name or r.server_name .. ':' .. r.port
end

local function ask(r)
  local headers = {
    ['X-Forwarded-Method'] = r.method,
    ['X-Forwarded-Proto'] = 'https',
    ['X-Forwarded-Host'] = host(r),
    ['X-Forwarded-Uri'] = r.unparsed_uri,
    ['X-Forwarded-For'] = r.useragent_ip,
  }
  for _, name in ipairs(PASSED_ON) do
    headers[name] = r.headers_in[name]
  end
  local _, status, answer = http.request({
    url = POSTERN .. '/guard/forward-auth',
    headers = headers,
    redirect = false,
  })
  return status, answer
end

function check(r)
  if r.uri:sub(1, 10) == '/.postern/' then
    return apache2.DECLINED
  end
  local asked, status, answer = pcall(ask, r)
  -- In place of a status, http.request returns what went wrong, as text.
  if not asked or type(status) ~= 'number' then
    r:err('Postern has not answered: ' .. tostring(status))
    return 503
  end
  if status ~= 200 then
    for _, name in ipairs(ANSWERED) do
      if answer[name:lower()] then
        r.err_headers_out[name] = answer[name:lower()]
      end
    end
    -- No other 2xx is a response of the check.
    return status >= 300 and status or 503
  end
  for _, name in ipairs(CLAIMS) do
    r.headers_in[name] = answer[name:lower()] or ''
  end
  r.user = answer['remote-user'] or ''
  return apache2.OK
end
