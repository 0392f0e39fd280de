-- Asks Postern about a request to an app (docs/guard.md), with the app's host and the address of Postern:
-- "http-request lua.postern wiki.example.org http://127.0.0.1:3001".

-- The headers that the check needs. All others only go to the app.
local PASSED_ON = {
  'cookie', 'accept', 'accept-language', 'sec-fetch-mode', 'x-requested-with', 'upgrade', 'user-agent', 'x-forwarded-for',
}
local CLAIMS = { 'Remote-User', 'Remote-Email', 'Remote-Name', 'Remote-Groups' }
-- The headers that the browser needs of a response other than 200.
local ANSWERED = { 'location', 'content-type', 'content-language', 'cache-control', 'retry-after', 'vary' }

-- HAProxy counts the values of a header from 0.
local function values(headers, name)
  local found = {}
  for _, value in pairs(headers[name] or {}) do
    found[#found + 1] = value
  end
  return found
end

local function check(txn, host, postern)
  local sent = txn.http:req_get_headers()
  local headers = {
    ['x-forwarded-method'] = { txn.f:method() },
    ['x-forwarded-proto'] = { 'https' },
    ['x-forwarded-host'] = { host },
    ['x-forwarded-uri'] = { txn.f:pathq() },
  }
  for _, name in ipairs(PASSED_ON) do
    if sent[name] then
      headers[name] = values(sent, name)
    end
  end
  return core.httpclient():get({ url = postern .. '/guard/forward-auth', headers = headers, timeout = 5000 })
end

local function refuse(txn, status, answer)
  local reply = txn:reply({ status = status })
  for _, name in ipairs(ANSWERED) do
    for _, value in ipairs(values(answer.headers or {}, name)) do
      reply:add_header(name, value)
    end
  end
  reply:set_body(answer.body or '')
  txn:done(reply)
end

core.register_action('postern', { 'http-req' }, function(txn, host, postern)
  local asked, answer = pcall(check, txn, host, postern)
  if not asked or not answer or not answer.status or answer.status == 0 then
    return refuse(txn, 503, {})
  end
  if answer.status ~= 200 then
    -- No other 2xx is a response of the check.
    return refuse(txn, answer.status >= 300 and answer.status or 503, answer)
  end
  for _, name in ipairs(CLAIMS) do
    -- Many apps read Remote_User as Remote-User, and a visitor may send either.
    txn.http:req_del_header(name)
    txn.http:req_del_header((name:gsub('-', '_')))
    txn.http:req_add_header(name, values(answer.headers, name:lower())[1] or '')
  end
end, 2)
