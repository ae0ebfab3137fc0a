// Reads the e-mails that auth-service writes to a folder.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "@playwright/test";

/** Waits for an e-mail to `address` with a link, and returns the link in the newest one. */
export async function linkIn(folder: string, address: string): Promise<string> {
  let link: string | undefined;
  await expect
    .poll(
      async () => {
        link = await find(folder, address);
        return link;
      },
      { message: `a mail to ${address}` },
    )
    .toBeDefined();
  return link ?? "";
}

async function find(folder: string, address: string): Promise<string | undefined> {
  const files = await readdir(folder).catch(() => []);
  for (const file of files.filter((name) => name.endsWith(".eml")).sort().reverse()) {
    const mail = await readFile(join(folder, file), "utf8");
    if (!new RegExp(`^To: .*${address.replaceAll(".", "\\.")}`, "im").test(mail)) continue;
    // Decode quoted-printable: a continued line ends in `=`, and `=` itself is encoded as `=3D`.
    const text = mail.replaceAll(/=\r?\n/g, "").replaceAll("=3D", "=");
    return /https?:\/\/[^\s<>"]+/.exec(text)?.[0];
  }
  return undefined;
}
