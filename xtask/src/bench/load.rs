//! Load, by wrk, and what came of it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::Result;

pub(super) const CONNECTIONS: u32 = 64;
const THREADS: u32 = 2;
const WARM_UP_SECONDS: u32 = 2;
const SECONDS: u32 = 8;

/// A row of the table.
pub(super) struct Operation {
    pub(super) name: &'static str,
    /// What it is called in the script.
    code: &'static str,
    /// Whether every answer is meant to be a refusal.
    is_refused: bool,
}

pub(super) const OPERATIONS: &[Operation] = &[
    Operation { name: "constant (ceiling)", code: "constant", is_refused: false },
    Operation { name: "list, 50 rows", code: "list", is_refused: false },
    Operation { name: "get", code: "get", is_refused: false },
    Operation { name: "update", code: "update", is_refused: false },
    Operation { name: "forged token", code: "forged", is_refused: true },
    Operation {
        name: "mixed: 40 % list, 40 % get, 10 % create, 10 % update",
        code: "mixed",
        is_refused: false,
    },
    Operation { name: "create", code: "create", is_refused: false },
];

/// Requests at random over all users and their tasks.
const SCRIPT: &str = r#"
local users, threads = {}, 0

function setup(thread)
  thread:set("seed", threads)
  threads = threads + 1
end

function init(arguments)
  math.randomseed(4711 + seed)
  code = arguments[2]
  for line in io.lines(arguments[1]) do
    local user = { tasks = {} }
    for word in line:gmatch("%S+") do
      if user.token then user.tasks[#user.tasks + 1] = word else user.token = word end
    end
    user.headers = { ["Authorization"] = "Bearer " .. user.token, ["Content-Type"] = "application/json" }
    -- Another character near the end of the signature.
    local place = #user.token - 10
    local other = user.token:sub(place, place) == "A" and "B" or "A"
    local forged = user.token:sub(1, place - 1) .. other .. user.token:sub(place + 1)
    user.forged = { ["Authorization"] = "Bearer " .. forged }
    users[#users + 1] = user
  end
end

local function task(user)
  return "/api/tasks/" .. user.tasks[math.random(#user.tasks)]
end

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
}

function makers.mixed(user)
  local die = math.random(10)
  if die <= 4 then return makers.list(user) end
  if die <= 8 then return makers.get(user) end
  if die == 9 then return makers.create(user) end
  return makers.update(user)
end

function request()
  return makers[code](users[math.random(#users)])
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format("\nFIGURES %d %d %d %d %d %d\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
"#;

/// What came of a load.
pub(super) struct Answered {
    pub(super) requests: f64,
    pub(super) per_second: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    /// Refusals where there should be none, successes where all should be refused, broken
    /// connections.
    pub(super) unexpected: f64,
}

pub(super) struct Load<'a> {
    url: &'a str,
    users: &'a Path,
    operation: &'a Operation,
    script: PathBuf,
}

impl<'a> Load<'a> {
    pub(super) fn new(url: &'a str, users: &'a Path, operation: &'a Operation) -> Result<Self> {
        let script = users.with_extension("lua");
        fs::write(&script, SCRIPT)?;
        Ok(Self { url, users, operation, script })
    }

    pub(super) fn warm_up(&self) -> Result {
        self.play(WARM_UP_SECONDS).map(drop)
    }

    pub(super) fn run(&self) -> Result<Answered> {
        self.play(SECONDS)
    }

    fn play(&self, seconds: u32) -> Result<Answered> {
        let output = Command::new("wrk")
            .args([format!("-t{THREADS}"), format!("-c{CONNECTIONS}"), format!("-d{seconds}s")])
            .arg("-s")
            .arg(&self.script)
            .args([self.url, "--"])
            .arg(self.users)
            .arg(self.operation.code)
            .output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let figures = text.lines().find_map(|line| line.strip_prefix("FIGURES "));
        let figures = figures.ok_or_else(|| {
            format!("wrk: {}\n{text}{}", output.status, String::from_utf8_lossy(&output.stderr))
        })?;
        let figures: Vec<f64> =
            figures.split(' ').map(str::parse).collect::<std::result::Result<_, _>>()?;
        let &[requests, micros, p50, p99, refused, broken] = figures.as_slice() else {
            return Err("wrk says something else than it was told to".into());
        };
        let wanted = if self.operation.is_refused { requests } else { 0.0 };
        Ok(Answered {
            requests,
            per_second: requests * 1e6 / micros,
            p50_ms: p50 / 1e3,
            p99_ms: p99 / 1e3,
            unexpected: (refused - wanted).abs() + broken,
        })
    }
}

pub(super) fn get(url: &str, bearer: &str) -> Result<String> {
    let request = ureq::get(url).header("authorization", format!("Bearer {bearer}"));
    Ok(request.call()?.body_mut().read_to_string()?)
}

pub(super) fn post(url: &str, bearer: Option<&str>, body: &str) -> Result<String> {
    let mut request = ureq::post(url).header("content-type", "application/json");
    if let Some(bearer) = bearer {
        request = request.header("authorization", format!("Bearer {bearer}"));
    }
    Ok(request.send(body)?.body_mut().read_to_string()?)
}

/// The text of a member, in an answer that is known to have it.
pub(super) fn member(name: &str, json: &str) -> Result<String> {
    let after = json.split_once(&format!("\"{name}\":\"")).map(|(_, after)| after);
    let value = after.and_then(|after| Some(after.split_once('"')?.0));
    Ok(value.ok_or_else(|| format!("no {name:?} in an answer"))?.to_owned())
}
