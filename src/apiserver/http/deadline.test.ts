import { describe, expect, it } from "vitest";
import { testHost } from "../../host/index.ts";
import { deadlineOf, within } from "./deadline.ts";
import { parseQuery } from "./query.ts";

describe("the deadline of a request", () => {
  it("is a minute, or sooner when the request says so", () => {
    expect(deadlineOf(parseQuery(""))).toBe(60_000);
    expect(deadlineOf(parseQuery("timeout=5s"))).toBe(5000);
    expect(deadlineOf(parseQuery("timeout=0s"))).toBe(60_000);
    expect(deadlineOf(parseQuery("timeout=1h"))).toBe(60_000);
    expect(() => deadlineOf(parseQuery("timeout=x"))).toThrow(
      'invalid timeout specified in the request URL - time: invalid duration "x"',
    );
  });

  it("ends the waiting with 504", async () => {
    const { clock } = testHost();
    const late = within(clock, 5000, new Promise(() => {}));
    const told = expect(late).rejects.toMatchObject({
      status: { code: 504, message: "Timeout: request did not complete within the allotted timeout" },
    });
    await clock.advance(5000);
    await told;
  });

  it("lets pass what is done in time", async () => {
    const { clock } = testHost();
    expect(await within(clock, 5000, Promise.resolve(7))).toBe(7);
    await expect(within(clock, 5000, Promise.reject(new Error("no")))).rejects.toThrow("no");
  });
});
