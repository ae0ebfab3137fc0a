// The tables of exchanges, each with the settings of the servers.

import { accounts } from "./exchanges/accounts.mjs";
import { basics } from "./exchanges/basics.mjs";
import { cookies } from "./exchanges/cookies.mjs";
import { mails } from "./exchanges/mails.mjs";
import * as options from "./exchanges/options.mjs";
import { origins } from "./exchanges/origins.mjs";
import { providers } from "./exchanges/providers.mjs";
import { sessions } from "./exchanges/sessions.mjs";
import { tokens } from "./exchanges/tokens.mjs";
import { users } from "./exchanges/users.mjs";

export const CONFIGURATIONS = [
  {
    name: "defaults",
    env: {},
    rows: [tokens, basics, origins, accounts, cookies, sessions, users, mails, providers].flat(),
  },
  {
    name: "verification required",
    env: { REQUIRE_EMAIL_VERIFICATION: "on" },
    rows: options.verificationRequired,
  },
  {
    name: "sign-in after verification",
    env: {
      SEND_VERIFICATION_ON_SIGN_UP: "on",
      AUTO_SIGN_IN_AFTER_VERIFICATION: "on",
      REVOKE_SESSIONS_ON_PASSWORD_RESET: "on",
    },
    rows: options.signInAfterVerification,
  },
  {
    name: "confirmations",
    env: { CONFIRM_CHANGE_EMAIL: "on", CONFIRM_DELETE_USER: "on" },
    rows: options.confirmations,
  },
  {
    name: "change without verification",
    env: { CHANGE_EMAIL_WITHOUT_VERIFICATION: "on" },
    rows: options.changeWithoutVerification,
  },
  {
    name: "switched off",
    env: { CHANGE_EMAIL: "off", DELETE_USER: "off" },
    rows: options.switchedOff,
  },
  {
    name: "nothing on",
    env: { SIGN_UP: "off", PASSWORD_RESET: "off", EMAIL_VERIFICATION: "off" },
    rows: options.nothingOn,
  },
  { name: "no verification", env: { EMAIL_VERIFICATION: "off" }, rows: options.noVerification },
  {
    name: "mail at sign-in",
    env: { REQUIRE_EMAIL_VERIFICATION: "on", SEND_VERIFICATION_ON_SIGN_IN: "on" },
    rows: options.mailAtSignIn,
  },
  { name: "rate limited", env: { RATE_LIMIT: "on" }, rows: options.rateLimited },
  {
    name: "short ages",
    env: { SESSION_EXPIRES_IN: "1h", SESSION_UPDATE_AGE: "1s", SESSION_FRESH_AGE: "1s" },
    rows: options.shortAges,
  },
  { name: "extended by each use", env: { SESSION_UPDATE_AGE: "0s" }, rows: options.extendedByEachUse },
  { name: "no freshness", env: { SESSION_FRESH_AGE: "0s" }, rows: options.noFreshness },
  { name: "short life", env: { SESSION_EXPIRES_IN: "3s" }, rows: options.shortLife },
  { name: "rotation", env: { JWT_ROTATION_INTERVAL: "5s", JWT_PUBLISH_AHEAD: "1s" }, rows: options.rotation },
  {
    name: "bearer requires signature",
    env: { BEARER_REQUIRE_SIGNATURE: "on" },
    rows: options.bearerRequiresSignature,
  },
  {
    name: "secure",
    env: {
      BETTER_AUTH_URL: "https://auth.example.com",
      FRONTEND_URL: "https://auth.example.com",
      NODE_ENV: "production",
    },
    rows: options.secure,
  },
  { name: "secure over http", env: { SECURE_COOKIES: "on" }, rows: options.secureOverHttp },
  {
    name: "trusted by pattern",
    env: { BETTER_AUTH_TRUSTED_ORIGINS: "https://*.example.com,*.example.org,http://10.*.*.*:3000" },
    rows: options.trustedByPattern,
  },
  { name: "proxied", env: { TRUSTED_PROXIES: "127.0.0.1/32" }, rows: options.proxied },
];
