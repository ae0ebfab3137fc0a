-- Sends requests for random users and tasks.
-- Usage: wrk -s load.lua URL -- FILE OPERATION [CLIENT_ID CLIENT_SECRET]
-- Each line of FILE describes a user: access token, session token, e-mail address, user id, and the
-- ids of the user's tasks.

local users, threads = {}, 0

function setup(thread)
  thread:set("seed", threads)
  threads = threads + 1
end

local function headers(credential)
  return { ["Authorization"] = "Bearer " .. credential, ["Content-Type"] = "application/json" }
end

function init(arguments)
  math.randomseed(4711 + seed)
  operation = arguments[2]
  if arguments[3] then
    client = "grant_type=client_credentials&client_id=" .. arguments[3] .. "&client_secret=" .. arguments[4]
  end
  for line in io.lines(arguments[1]) do
    local words = line:gmatch("%S+")
    local token, session, email, _ = words(), words(), words(), words()
    local user = { tasks = {}, headers = headers(token), session = headers(session), email = email }
    for id in words do
      user.tasks[#user.tasks + 1] = id
    end
    -- Changing a character near the end of the token makes its signature invalid.
    local place = #token - 10
    local other = token:sub(place, place) == "A" and "B" or "A"
    user.forged = headers(token:sub(1, place - 1) .. other .. token:sub(place + 1))
    users[#users + 1] = user
  end
end

local function task(user)
  return "/api/tasks/" .. user.tasks[math.random(#user.tasks)]
end

local plain = { ["Content-Type"] = "application/json" }
local form = { ["Content-Type"] = "application/x-www-form-urlencoded" }

local makers = {
  constant = function() return wrk.format("GET", "/health/live") end,
  list = function(user) return wrk.format("GET", "/api/tasks?limit=50", user.headers) end,
  get = function(user) return wrk.format("GET", task(user), user.headers) end,
  create = function(user)
    return wrk.format("POST", "/api/tasks", user.headers,
      '{"title":"Another task","description":"To be done on a day like any other, by somebody."}')
  end,
  update = function(user) return wrk.format("PATCH", task(user), user.headers, '{"completed":true}') end,
  forged = function(user) return wrk.format("GET", "/api/tasks", user.forged) end,
  jwks = function() return wrk.format("GET", "/api/auth/jwks") end,
  session = function(user) return wrk.format("GET", "/api/auth/get-session", user.session) end,
  token = function(user) return wrk.format("GET", "/api/auth/token", user.session) end,
  client_token = function() return wrk.format("POST", "/api/auth/oauth2/token", form, client) end,
  sign_in = function(user)
    return wrk.format("POST", "/api/auth/sign-in/email", plain,
      '{"email":"' .. user.email .. '","password":"correct horse"}')
  end,
}

function makers.mixed(user)
  local die = math.random(10)
  if die <= 4 then return makers.list(user) end
  if die <= 8 then return makers.get(user) end
  if die == 9 then return makers.create(user) end
  return makers.update(user)
end

function request()
  return makers[operation](users[math.random(#users)])
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format("\nFIGURES %d %d %d %d %d %d\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
