// A Better Auth server that is configured with environment variables of auth-service.
//
//     DATABASE_URL=sqlite:///tmp/original.db MAIL_DIR=/tmp/mail PORT=3000 node reference/server.mjs
//
// It prints "listening" when it is ready. Switches are `on` or `off`; durations are written like
// `90s` or `7d`. CORS=on adds the `cors` middleware, configured as in Better Auth's documentation.
// ADMIN=on adds the admin plugin, and makes every user an administrator.

import { randomUUID } from "node:crypto";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";

import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";
import { admin, bearer, jwt } from "better-auth/plugins";
import cors from "cors";
import pg from "pg";

import { sqliteDialect } from "./sqlite.mjs";

const UNITS = { s: 1, m: 60, h: 3600, d: 86400 };

const text = (name, fallback) => process.env[name] || fallback;
const isOn = (name, fallback = "off") => text(name, fallback) === "on";

/** Returns the duration in the environment variable `name`, in seconds. */
function seconds(name, fallback) {
  const duration = text(name, fallback);
  if (duration === undefined) return undefined;
  const [, number, unit] = /^(\d+)([smhd])$/.exec(duration);
  return Number(number) * UNITS[unit];
}

function database(url) {
  if (url.startsWith("sqlite://")) {
    return { dialect: sqliteDialect(url.slice("sqlite://".length)), type: "sqlite" };
  }
  return new pg.Pool({ connectionString: url });
}

const mailFolder = text("MAIL_DIR", "data/mail");
mkdirSync(mailFolder, { recursive: true });

/** Writes an e-mail to a file in the mail folder, atomically. */
async function send(to, subject, url) {
  const mail = [
    "From: original@localhost",
    `To: ${to}`,
    `Subject: ${subject}`,
    "Content-Type: text/plain; charset=utf-8",
    "",
    url,
  ];
  const name = join(mailFolder, randomUUID());
  writeFileSync(name, mail.join("\r\n"));
  renameSync(name, `${name}.eml`);
}

/** Returns a function that mails a link to a user, or `undefined` if the switch is off. */
const mailed = (subject, isOn) =>
  isOn ? ({ user, url }) => send(user.email, subject, url) : undefined;

const options = {
  baseURL: text("BETTER_AUTH_URL", "http://localhost:3000"),
  secret: text("BETTER_AUTH_SECRET", "example-secret-do-not-use-0000000000"),
  trustedOrigins: text("FRONTEND_URL", "http://localhost:3000").split(","),
  database: database(text("DATABASE_URL", "sqlite://data/original.db")),
  emailAndPassword: {
    enabled: true,
    disableSignUp: !isOn("SIGN_UP", "on"),
    requireEmailVerification: isOn("REQUIRE_EMAIL_VERIFICATION"),
    revokeSessionsOnPasswordReset: isOn("REVOKE_SESSIONS_ON_PASSWORD_RESET"),
    sendResetPassword: mailed("reset password", isOn("PASSWORD_RESET", "on")),
  },
  emailVerification: {
    sendVerificationEmail: mailed("verify address", isOn("EMAIL_VERIFICATION", "on")),
    // If unset, the value of requireEmailVerification applies.
    sendOnSignUp: text("SEND_VERIFICATION_ON_SIGN_UP") && isOn("SEND_VERIFICATION_ON_SIGN_UP"),
    sendOnSignIn: isOn("SEND_VERIFICATION_ON_SIGN_IN"),
    autoSignInAfterVerification: isOn("AUTO_SIGN_IN_AFTER_VERIFICATION"),
  },
  user: {
    changeEmail: {
      enabled: isOn("CHANGE_EMAIL", "on"),
      updateEmailWithoutVerification: isOn("CHANGE_EMAIL_WITHOUT_VERIFICATION"),
      sendChangeEmailConfirmation: mailed("confirm change", isOn("CONFIRM_CHANGE_EMAIL")),
    },
    deleteUser: {
      enabled: isOn("DELETE_USER", "on"),
      sendDeleteAccountVerification: mailed("confirm deletion", isOn("CONFIRM_DELETE_USER")),
    },
  },
  session: {
    expiresIn: seconds("SESSION_EXPIRES_IN", "7d"),
    updateAge: seconds("SESSION_UPDATE_AGE", "1d"),
    freshAge: seconds("SESSION_FRESH_AGE", "1d"),
  },
  rateLimit: { enabled: isOn("RATE_LIMIT", "on") },
  advanced: { useSecureCookies: isOn("SECURE_COOKIES") || undefined },
  logger: { level: "error" },
  plugins: [
    jwt({
      jwt: { expirationTime: `${seconds("JWT_EXPIRES_IN", "24h")}s` },
      jwks: {
        keyPairConfig: text("JWT_ALG") && { alg: text("JWT_ALG") },
        rotationInterval: seconds("JWT_ROTATION_INTERVAL"),
        gracePeriod: seconds("JWT_GRACE_PERIOD", "30d"),
      },
    }),
    bearer({ requireSignature: isOn("BEARER_REQUIRE_SIGNATURE") }),
    ...(isOn("ADMIN") ? [admin({ defaultRole: "admin" })] : []),
  ],
};

const { runMigrations } = await getMigrations(options);
await runMigrations();
const answer = toNodeHandler(betterAuth(options));
const share = cors({
  origin: options.trustedOrigins,
  methods: ["GET", "POST", "PUT", "DELETE"],
  credentials: true,
});
const server = createServer(
  isOn("CORS") ? (request, response) => share(request, response, () => answer(request, response)) : answer,
);
server.listen(Number(text("PORT", "3000")), "127.0.0.1", () => console.log("listening"));
