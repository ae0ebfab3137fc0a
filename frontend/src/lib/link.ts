// Parses the `Link` header to the next page of a listing (RFC 8288).

const LINK = /<([^>]*)>((?:\s*;\s*[\w-]+\s*=\s*(?:"[^"]*"|[^\s",;]+))*)/g;
const IS_NEXT = /;\s*rel\s*=\s*(?:"(?:[^"]*\s)?next(?:\s[^"]*)?"|next(?=$|[\s;]))/i;

/** Returns the cursor in `</api/tasks?limit=100&cursor=abc>; rel="next"`, if there is a next page. */
export function nextCursor(header: string | null): string | undefined {
  for (const [, target = "", parameters = ""] of (header ?? "").matchAll(LINK)) {
    if (IS_NEXT.test(parameters)) {
      return new URL(target, "http://relative").searchParams.get("cursor") ?? undefined;
    }
  }
  return undefined;
}
