// The mails that a server leaves as .eml files in a folder.

import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import PostalMime from "postal-mime";

const LINK = /https?:\/\/[^\s<>"]+/;
const POLL = 50;
const PATIENCE = 10_000;

/** Hands out each mail once, as `{ to, link, token }`. */
export function mailbox(folder) {
  const seen = new Set();
  let mails = [];
  const collect = async () => {
    for (const file of await readdir(folder).catch(() => [])) {
      if (!file.endsWith(".eml") || seen.has(file)) continue;
      seen.add(file);
      const { to, text } = await PostalMime.parse(await readFile(join(folder, file)));
      const [link] = LINK.exec(text);
      mails.push({ to: to[0].address, link, token: tokenOf(link) });
    }
  };
  return {
    /** The next mail to an address, as soon as it is there. */
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
    /** The mails that nobody has asked for. */
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
