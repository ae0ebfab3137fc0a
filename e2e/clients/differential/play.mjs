// Runs a table of exchanges against a server.

import { setTimeout as pause } from "node:timers/promises";

import { call } from "../support/http.mjs";
import { linkMeaning, meaning } from "./answer.mjs";
import { TRUSTED } from "./vocabulary.mjs";

const COOKIE_WITH_A_VALUE = /^[^=]+=[^;]+/;
const POLL = 50;
const PATIENCE = 10_000;

/**
 * Returns a map from the name of each row to its result. If a row cannot be run, its result is
 * `{ failure }` with the error message.
 */
export async function play(rows, server) {
  const state = { kept: {}, known: new Map(), ...server };
  const answers = new Map();
  for (const [name, request, keep] of rows) {
    try {
      answers.set(name, await playRow(request, keep, state));
    } catch (error) {
      answers.set(name, { failure: error.message });
    }
  }
  return answers;
}

async function playRow(request, keep, { kept, known, port, mailbox }) {
  if (request.unread) return (await mailbox.unread()).map(mailMeaning);
  if (request.mailTo) {
    const mail = await mailbox.next(request.mailTo);
    if (keep) kept[keep] = mail;
    return mailMeaning(mail);
  }
  const answer = await exchange(request, port, kept);
  if (keep) kept[keep] = remember(keep, answer, known);
  return meaning(answer, known);
}

const mailMeaning = ({ to, link }) => ({ to, link: linkMeaning(link) });

async function exchange(request, port, kept) {
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    const answer = await call(port, prepare(request, kept));
    const { until = () => true } = request;
    if (until(answer, kept)) return answer;
    if (Date.now() > deadline) throw new Error(`waited in vain; last: ${answer.status} ${answer.text}`);
    await pause(POLL);
  }
}

function prepare({ method, path, body, type, as, bearer, headers }, kept) {
  const now = (value) => (typeof value === "function" ? value(kept) : value);
  const content = now(body);
  return {
    method,
    path: now(path),
    body: typeof content === "object" ? JSON.stringify(content) : content,
    headers: {
      ...(content !== undefined && type && { "content-type": type }),
      ...(as && { cookie: kept[as].cookie, origin: TRUSTED }),
      ...(bearer && { authorization: `Bearer ${kept[bearer].token}` }),
      ...now(headers),
    },
  };
}

/**
 * Returns the parts of a response that later exchanges need. Adds its opaque values to `known`, as
 * values of `name`.
 */
function remember(name, { headers, text }, known) {
  const body = JSON.parse(text);
  const cookies = (headers["set-cookie"] ?? []).flatMap((cookie) => COOKIE_WITH_A_VALUE.exec(cookie) ?? []);
  const opaque = { token: body.token, id: body.user?.id };
  for (const [what, value] of Object.entries(opaque)) {
    if (value && !known.has(value)) known.set(value, `${name}'s ${what}`);
  }
  return { ...body, cookie: cookies.join("; ") };
}
