import type { IncomingMessage } from "node:http";
import { expect, test } from "vitest";
import { testHost } from "../host/index.ts";
import { delegatedAccess } from "./delegated-access.ts";

interface Asked {
  readonly kind: string;
  readonly spec: { readonly token?: string; readonly user?: string };
}

/** Stands for the API server: one token is jane's, who may everything. */
function reviews() {
  const asked: Asked[] = [];
  let isDown = false;
  const create = async (review: Asked) => {
    if (isDown) throw new Error("connection refused");
    asked.push(review);
    if (review.kind === "SubjectAccessReview") return { ...review, status: { allowed: review.spec.user === "jane" } };
    return {
      ...review,
      status: review.spec.token === "janes" ? { authenticated: true, user: { username: "jane" } } : {},
    };
  };
  const host = testHost();
  const options = { clock: host.clock, tokenMs: 10_000, allowedMs: 10_000, deniedMs: 1000 };
  const access = delegatedAccess({ ...options, client: { resource: () => ({ create }) } as never });
  const setDown = (down: boolean) => {
    isDown = down;
  };
  return { access, asked, clock: host.clock, setDown };
}

const request = (authorization?: string, certificate?: object) =>
  ({
    headers: { authorization },
    socket: { authorized: certificate !== undefined, getPeerCertificate: () => ({ subject: certificate }) },
  }) as unknown as IncomingMessage;

test("a certificate comes before a token, and who shows nothing is anonymous only where that is let in", async () => {
  const { access, asked } = reviews();
  const subject = { CN: ["first", "second"], O: "ops" };
  expect(await access.userOf(request("Bearer janes", subject), false)).toEqual({
    username: "first",
    groups: ["ops", "system:authenticated"],
  });
  expect(asked).toEqual([]);
  expect(await access.userOf(request("Bearer janes"), false)).toMatchObject({ username: "jane" });
  expect(await access.userOf(request(), true)).toMatchObject({ username: "system:anonymous" });
  expect(await access.userOf(request(), false)).toBeUndefined();
  expect(await access.userOf(request("Bearer stolen"), true)).toBeUndefined();
});

test("a certificate that no authority vouches for names nobody", async () => {
  const { access } = reviews();
  const unverified = request();
  Object.assign(unverified.socket, { getPeerCertificate: () => ({ subject: { CN: "system:admin" } }) });
  expect(await access.userOf(unverified, false)).toBeUndefined();
});

test("an answer holds for its time, and a failure is not remembered", async () => {
  const { access, asked, clock, setDown } = reviews();
  const path = { nonResourceAttributes: { path: "/metrics", verb: "get" } };
  const [jane, joe] = [
    { username: "jane", groups: [] },
    { username: "joe", groups: [] },
  ];
  setDown(true);
  await expect(access.isAllowed(jane, path)).rejects.toThrow("connection refused");
  setDown(false);
  expect(await Promise.all([access.isAllowed(jane, path), access.isAllowed(jane, path)])).toEqual([true, true]);
  expect(await access.isAllowed(joe, path)).toBe(false);
  expect(asked.length).toBe(2);
  await clock.advance(1000);
  expect(await access.isAllowed(jane, path)).toBe(true);
  expect(await access.isAllowed(joe, path)).toBe(false);
  expect(asked.map(({ spec }) => spec.user)).toEqual(["jane", "joe", "joe"]);
});

test("a token that looks like a question about rights is still a token", async () => {
  const { access } = reviews();
  const jane = { username: "jane", groups: [] };
  const path = { nonResourceAttributes: { path: "/metrics", verb: "get" } };
  expect(await access.isAllowed(jane, path)).toBe(true);
  expect(await access.userOf(request(`Bearer ${JSON.stringify([jane, path])}`), true)).toBeUndefined();
});
