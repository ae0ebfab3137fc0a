// Simulates how a browser treats the requests of a page: cookies, the Origin header, and CORS.

import { CookieJar } from "tough-cookie";

const SIMPLE_METHODS = ["GET", "HEAD", "POST"];
const SIMPLE_TYPES = ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"];
const SIMPLE_HEADERS = ["accept", "accept-language", "content-language"];
const READABLE_HEADERS = [
  "cache-control",
  "content-language",
  "content-length",
  "content-type",
  "expires",
  "last-modified",
  "pragma",
];

/** A browser with one open page, whose origin is `origin`. */
export class Browser {
  #cookies = new CookieJar();

  constructor(origin) {
    this.origin = origin;
  }

  /** The `fetch` function of the page. */
  fetch = async (input, init) => {
    const request = new Request(input, init);
    const isCrossOrigin = new URL(request.url).origin !== this.origin;
    if (isCrossOrigin) await this.#preflight(request);
    if (isCrossOrigin || request.method !== "GET") request.headers.set("origin", this.origin);
    const response = await this.#send(request);
    return isCrossOrigin ? this.#asThePageSees(response) : response;
  };

  /** Opens a link from an e-mail. Returns the status and the redirect target of the response. */
  async open(link) {
    const response = await this.#send(new Request(link, { redirect: "manual" }));
    return { status: response.status, location: response.headers.get("location") };
  }

  /** Returns the `Cookie` header that the browser sends to `url`. */
  cookieHeader = (url) => this.#cookies.getCookieString(url);

  /** Deletes session cookies, as a restart of the browser does. */
  async restart() {
    const { cookies } = await this.#cookies.serialize();
    const lasting = cookies.filter(({ maxAge, expires }) => maxAge !== undefined || expires);
    this.#cookies = await CookieJar.deserialize({
      ...(await new CookieJar().serialize()),
      cookies: lasting,
    });
  }

  async #send(request) {
    const cookie = await this.#cookies.getCookieString(request.url);
    if (cookie) request.headers.set("cookie", cookie);
    const response = await fetch(request);
    for (const line of response.headers.getSetCookie()) {
      await this.#cookies.setCookie(line, request.url);
    }
    return response;
  }

  async #preflight({ url, method, headers }) {
    const asked = [...headers.keys()].filter((name) => !isSimple(name, headers.get(name)));
    if (SIMPLE_METHODS.includes(method) && asked.length === 0) return;
    const response = await fetch(url, {
      method: "OPTIONS",
      headers: {
        origin: this.origin,
        "access-control-request-method": method,
        ...(asked.length > 0 && { "access-control-request-headers": asked.join(",") }),
      },
    });
    if (!response.ok) throw new TypeError(`the preflight is answered with ${response.status}`);
    this.#checkSharing(response);
    const allowed = listed(response, "access-control-allow-headers");
    const refused = asked.filter((name) => !allowed.includes(name));
    if (refused.length > 0) throw new TypeError(`these headers are not allowed: ${refused}`);
    const methods = listed(response, "access-control-allow-methods");
    if (!SIMPLE_METHODS.includes(method) && !methods.includes(method.toLowerCase())) {
      throw new TypeError(`the method is not allowed: ${method}`);
    }
  }

  #checkSharing({ headers }) {
    if (headers.get("access-control-allow-origin") !== this.origin) {
      throw new TypeError("the answer is not for this origin");
    }
    if (headers.get("access-control-allow-credentials") !== "true") {
      throw new TypeError("the answer is not for requests with cookies");
    }
  }

  /**
   * Returns a response without the headers that CORS hides from the page. Throws if the page must
   * not read the response.
   */
  #asThePageSees(response) {
    this.#checkSharing(response);
    const exposed = listed(response, "access-control-expose-headers");
    const { body, headers, status, statusText } = response;
    const readable = [...headers].filter(
      ([name]) => READABLE_HEADERS.includes(name) || exposed.includes(name),
    );
    return new Response(body, { headers: readable, status, statusText });
  }
}

function isSimple(name, value) {
  if (name !== "content-type") return SIMPLE_HEADERS.includes(name);
  return SIMPLE_TYPES.includes(value.split(";")[0].toLowerCase());
}

const listed = ({ headers }, name) =>
  (headers.get(name) ?? "").toLowerCase().split(",").map((item) => item.trim());
