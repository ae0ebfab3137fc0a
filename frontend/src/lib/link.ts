// Parses `Link` headers (RFC 8288) for the next page of a listing.

const LINK = /<([^>]*)>((?:\s*;\s*[\w-]+\s*=\s*(?:"[^"]*"|[^\s",;]+))*)/g;
const IS_NEXT = /;\s*rel\s*=\s*(?:"(?:[^"]*\s)?next(?:\s[^"]*)?"|next(?=$|[\s;]))/i;

/**
 * Returns the cursor of the next page, if there is one, such as `abc` for
 * `</api/tasks?limit=100&cursor=abc>; rel="next"`.
 */
export function nextCursor(header: string | null): string | undefined {
  for (const [, target = "", parameters = ""] of (header ?? "").matchAll(LINK)) {
    if (IS_NEXT.test(parameters)) {
      return new URL(target, "http://relative").searchParams.get("cursor") ?? undefined;
    }
  }
  return undefined;
}
