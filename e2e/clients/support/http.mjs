// A minimal HTTP client. It adds only `Host`, `Content-Length` and `Connection` to the headers of
// an exchange.

import { request } from "node:http";

/** The public host of both servers, for the `Host` header. */
const HOST = "localhost:3000";

export function call(port, { method, path, headers = {}, body }) {
  return new Promise((resolve, reject) => {
    const content = body === undefined ? {} : { "content-length": Buffer.byteLength(body) };
    const outgoing = request({
      host: "127.0.0.1",
      port,
      method,
      path,
      headers: { host: HOST, ...content, ...headers },
      agent: false,
    });
    outgoing.on("error", reject);
    outgoing.on("response", (incoming) => {
      const chunks = [];
      incoming.on("error", reject);
      incoming.on("data", (chunk) => chunks.push(chunk));
      incoming.on("end", () => {
        resolve({
          status: incoming.statusCode,
          headers: incoming.headersDistinct,
          text: Buffer.concat(chunks).toString(),
        });
      });
    });
    outgoing.end(body);
  });
}
