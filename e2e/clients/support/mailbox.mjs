// Reads the e-mails that a server writes as .eml files.

import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import PostalMime from "postal-mime";

/** File names of notices that only auth-service sends. They need not contain a link. */
const NOTICE = /-(change-email-notice|email-changed|new-sign-in|password-changed)\.eml$/;
const LINK = /https?:\/\/[^\s<>"]+/;
const POLL = 50;
const PATIENCE = 10_000;

/** Returns a mailbox that reads the e-mails in a folder, in the form `{ to, link, token }`. */
export function mailbox(folder) {
  const seen = new Set();
  let mails = [];
  const collect = async () => {
    for (const file of await readdir(folder).catch(() => [])) {
      if (!file.endsWith(".eml") || NOTICE.test(file) || seen.has(file)) continue;
      seen.add(file);
      const { to, text } = await PostalMime.parse(await readFile(join(folder, file)));
      // The links of auth-service lead to a confirmation page, whose button requests the URL to
      // which Better Auth's e-mails link directly.
      const link = LINK.exec(text)[0].replace("/verify-email/confirm?", "/verify-email?");
      mails.push({ to: to[0].address, link, token: tokenOf(link) });
    }
  };
  return {
    /** Waits for the next e-mail to an address. */
    async next(address) {
      const deadline = Date.now() + PATIENCE;
      for (;;) {
        await collect();
        const mail = mails.find(({ to }) => to === address);
        if (mail) {
          mails = mails.filter((other) => other !== mail);
          return mail;
        }
        if (Date.now() > deadline) throw new Error(`there is no mail to ${address}`);
        await pause(POLL);
      }
    },
    /** Returns the e-mails that `next` has not returned. */
    async unread() {
      await collect();
      return mails;
    },
  };
}

function tokenOf(link) {
  const { pathname, searchParams } = new URL(link);
  return searchParams.get("token") ?? pathname.split("/").at(-1);
}
