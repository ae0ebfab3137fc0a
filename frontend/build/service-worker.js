// Lets the web app start without a network. Caches only the files of the build, never the responses
// of the services.

const CACHE = `build-${__VERSION__}`;
/** Paths of the HTML document, the assets and the icons. */
const FILES = new Set(__FILES__);
/** Path of the settings of the deployment. Their cached copy is used only if the network fails. */
const SETTINGS = "/config.json";

self.addEventListener("install", (event) => {
  event.waitUntil(keepFiles());
});

self.addEventListener("activate", (event) => {
  event.waitUntil(removeOldCaches().then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== self.location.origin) return;
  if (pathname.startsWith("/api/")) return;
  if (pathname === SETTINGS) event.respondWith(newestSettings(request));
  else if (request.mode === "navigate") event.respondWith(page(request));
  else if (FILES.has(pathname)) event.respondWith(file(request, pathname));
});

async function keepFiles() {
  const cache = await caches.open(CACHE);
  // Asset names contain a content hash, so copies in the HTTP cache are valid.
  await cache.addAll(
    [...FILES].map(
      (path) => new Request(path, path.startsWith("/assets/") ? {} : { cache: "reload" }),
    ),
  );
  const settings = await fetch(SETTINGS);
  if (await isSettings(settings)) await cache.put(SETTINGS, settings);
}

async function removeOldCaches() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name)));
}

/**
 * Returns the HTML document, which all routes share. It is cached only as `/`, because other URLs
 * may contain a token.
 */
async function page(request) {
  try {
    return await fetch(request);
  } catch (error) {
    const cache = await caches.open(CACHE);
    return (await cache.match("/")) ?? Promise.reject(error);
  }
}

async function file(request, pathname) {
  const cache = await caches.open(CACHE);
  return (await cache.match(pathname)) ?? fetch(request);
}

async function newestSettings(request) {
  const cache = await caches.open(CACHE);
  try {
    const response = await fetch(request);
    if (await isSettings(response)) await cache.put(SETTINGS, response.clone());
    return response;
  } catch (error) {
    return (await cache.match(SETTINGS)) ?? Promise.reject(error);
  }
}

/** Returns whether a response contains the settings, which a proxy may have answered instead. */
async function isSettings(response) {
  const body =
    response.ok &&
    (await response
      .clone()
      .json()
      .catch(() => undefined));
  return typeof body?.tasksUrl === "string";
}
