/** Addresses of the services. `next build` embeds them in the app. */
export default {
  env: {
    AUTH_URL: process.env.AUTH_URL ?? "http://localhost:3000",
    TASKS_URL: process.env.TASKS_URL ?? "http://localhost:8000",
  },
};
