// Replaces the values in a response that differ between runs with descriptions of their meaning.

import { createHmac } from "node:crypto";

import { decodeJwt, decodeProtectedHeader } from "jose";

import { SECRET } from "../support/server.mjs";

const TRANSPORT = ["date", "connection", "keep-alive", "transfer-encoding", "content-length"];
const OPAQUE = ["id", "userId", "accountId", "token", "sub", "kid", "x", "jti", "sid"];
const NUMERIC_TIMES = ["iat", "exp", "nbf"];
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const JWT = /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/;
const SIGNED = /^(.+)\.([A-Za-z0-9+/]{43}=)$/;
const HOUR = 3_600_000;

/**
 * Returns a response with its opaque values replaced. `known` maps an opaque value to its meaning,
 * such as `ada's token`.
 */
export function meaning({ status, headers, text }, known) {
  const seen = Object.entries(headers).filter(([name]) => !TRANSPORT.includes(name));
  return {
    status,
    headers: Object.fromEntries(seen.map(([name, values]) => [name, header(name, values, known)])),
    body: body(headers, text, known),
  };
}

/** Returns a link from an e-mail with its tokens replaced. */
export function linkMeaning(link) {
  return link
    .replace(/([?&]token=)[^&]+/, "$1<token>")
    .replace(/(\/reset-password\/)[^?]+/, "$1<token>");
}

function header(name, values, known) {
  const [value] = values;
  switch (name) {
    case "set-cookie":
      return values.map((cookie) => cookieMeaning(cookie, known));
    case "set-auth-token":
      return signedMeaning(value, known);
    case "set-auth-jwt":
      return jwtMeaning(value, known);
    case "location":
      return linkMeaning(value);
    case "access-control-expose-headers":
      return value.split(", ");
    case "retry-after":
    case "x-retry-after":
      return Number(value) <= 10 ? "<up to 10>" : "<up to 60>";
    default:
      return values.join(" | ");
  }
}

function cookieMeaning(cookie, known) {
  const [, name, value, attributes] = /^([^=]+)=([^;]*)(.*)$/.exec(cookie);
  return `${name}=${value && signedMeaning(decodeURIComponent(value), known)}${attributes}`;
}

function signedMeaning(value, known) {
  const [, content, signature] = SIGNED.exec(value) ?? [];
  const isGood =
    content && createHmac("sha256", SECRET).update(content).digest("base64") === signature;
  const subject = content === "true" ? content : opaque(content, known);
  return isGood ? `${subject}.<signature>` : `<badly signed: ${value}>`;
}

function jwtMeaning(jwt, known) {
  return {
    header: valueMeaning(decodeProtectedHeader(jwt), known),
    claims: valueMeaning(decodeJwt(jwt), known),
  };
}

function body(headers, text, known) {
  const [type = ""] = headers["content-type"] ?? [];
  if (type.startsWith("text/html")) return `<a page about ${shownCode(text)}>`;
  try {
    return valueMeaning(JSON.parse(text), known);
  } catch {
    return text;
  }
}

/** Returns the error code that an error page shows. */
function shownCode(page) {
  const text = page.replace(/<style>.*?<\/style>|<[^>]*>/gs, " ").replaceAll("&#39;", "'");
  return /(?:CODE|does not work):\s*(\S+)/.exec(text)?.[1];
}

function valueMeaning(value, known, name = "") {
  if (Array.isArray(value)) return value.map((item) => valueMeaning(item, known));
  if (value !== null && typeof value === "object") {
    const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(members.map(([key, item]) => [key, valueMeaning(item, known, key)]));
  }
  if (NUMERIC_TIMES.includes(name)) return timeMeaning(value * 1000);
  if (typeof value !== "string") return value;
  if (TIME.test(value)) return timeMeaning(Date.parse(value));
  if (JWT.test(value)) return jwtMeaning(value, known);
  return OPAQUE.includes(name) ? opaque(value, known) : value;
}

const opaque = (value, known) => `<${known.get(value) ?? "unknown"}>`;

function timeMeaning(milliseconds) {
  const hours = Math.round((milliseconds - Date.now()) / HOUR);
  return hours === 0 ? "<about now>" : `<in ${hours} h>`;
}
