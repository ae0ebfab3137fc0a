// The API documentation pages, used in a browser that enforces their content security policy.

import { expect, test } from "../support/test";

for (const name of ["auth", "tasks"] as const) {
  test(`the API page of ${name} can be read and tried out, and loads nothing from other hosts`, async ({
    page,
    context,
    system,
  }) => {
    const { url } = system[name];
    const asked = new Set<string>();
    context.on("request", (request) => {
      if (!request.url().startsWith("data:")) asked.add(new URL(request.url()).origin);
    });
    await page.goto(`${url}/docs`);
    const operation = page.locator(".opblock", { hasText: "/health/live" });
    await operation.locator(".opblock-summary-control").click();
    await operation.getByRole("button", { name: "Try it out" }).click();
    await operation.getByRole("button", { name: "Execute" }).click();
    const status = operation.locator(".live-responses-table tbody .response-col_status");
    await expect(status).toContainText("200");
    expect([...asked]).toEqual([url]);
  });
}
