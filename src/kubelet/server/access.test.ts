import type { IncomingMessage } from "node:http";
import { expect, test } from "vitest";
import { testHost } from "../../host/index.ts";
import { reviewedAccess, subresourcesOf } from "./access.ts";

interface Asked {
  readonly kind: string;
  readonly spec: {
    readonly token?: string;
    readonly user?: string;
    readonly resourceAttributes?: { readonly verb: string; readonly subresource: string; readonly name: string };
  };
}

/** Stands for the API server: one token is jane's, who may get what is listed. */
function reviews(allowed: readonly string[]) {
  const asked: Asked[] = [];
  const answer = (review: Asked) => {
    asked.push(review);
    if (review.kind === "TokenReview") {
      return review.spec.token === "janes" ? { authenticated: true, user: { username: "jane", groups: ["g"] } } : {};
    }
    const { verb, subresource } = review.spec.resourceAttributes ?? {};
    return { allowed: verb === "get" && allowed.includes(subresource ?? "") };
  };
  const client = { resource: () => ({ create: async (review: Asked) => ({ ...review, status: answer(review) }) }) };
  return { asked, client: client as never };
}

const request = (authorization?: string, method = "GET", certificate?: object) =>
  ({
    method,
    headers: { authorization },
    socket: { authorized: certificate !== undefined, getPeerCertificate: () => ({ subject: certificate }) },
  }) as unknown as IncomingMessage;

test("paths ask for the finest permission that covers them", () => {
  expect(subresourcesOf("/metrics/cadvisor")).toEqual(["metrics"]);
  expect(subresourcesOf("/stats/summary")).toEqual(["stats"]);
  expect(subresourcesOf("/logs/messages")).toEqual(["log"]);
  expect(subresourcesOf("/pods")).toEqual(["pods", "proxy"]);
  expect(subresourcesOf("/runningpods/")).toEqual(["pods", "proxy"]);
  expect(subresourcesOf("/healthz/ping")).toEqual(["healthz", "proxy"]);
  expect(subresourcesOf("/configz")).toEqual(["configz", "proxy"]);
  expect(subresourcesOf("/exec/n/p/c")).toEqual(["proxy"]);
  expect(subresourcesOf("/podsnot")).toEqual(["proxy"]);
});

test("who is nobody, or has a token of nobody, is refused", async () => {
  const { client } = reviews([]);
  const access = reviewedAccess({ client, clock: testHost().clock, nodeName: "n" });
  await expect(access.check(request(), "/pods")).rejects.toMatchObject({ code: 401, message: "Unauthorized" });
  await expect(access.check(request("Bearer stolen"), "/pods")).rejects.toMatchObject({ code: 401 });
});

test("a token is reviewed once, and then what its owner may is asked", async () => {
  const { asked, client } = reviews(["pods", "metrics"]);
  const host = testHost();
  const access = reviewedAccess({ client, clock: host.clock, nodeName: "n" });
  await access.check(request("Bearer janes"), "/pods");
  await access.check(request("Bearer janes"), "/pods");
  expect(asked.map(({ kind }) => kind)).toEqual(["TokenReview", "SubjectAccessReview"]);
  expect(asked[1]?.spec).toMatchObject({
    user: "jane",
    resourceAttributes: { verb: "get", resource: "nodes", subresource: "pods", name: "n" },
  });
  await access.check(request("Bearer janes"), "/metrics/cadvisor");
  await expect(access.check(request("Bearer janes"), "/stats/summary")).rejects.toMatchObject({
    code: 403,
    message: "Forbidden (user=jane, verb=get, resource=nodes, subresource(s)=[stats])",
  });
  await expect(access.check(request("Bearer janes", "POST"), "/exec/n/p/c")).rejects.toMatchObject({
    code: 403,
    message: "Forbidden (user=jane, verb=create, resource=nodes, subresource(s)=[proxy])",
  });
  const before = asked.length;
  await host.clock.advance(3 * 60 * 1000);
  await access.check(request("Bearer janes"), "/pods");
  expect(asked.slice(before).map(({ kind }) => kind)).toEqual(["TokenReview"]);
});

test("a certificate names its owner and groups", async () => {
  const { asked, client } = reviews(["proxy"]);
  const access = reviewedAccess({ client, clock: testHost().clock, nodeName: "n" });
  const subject = { CN: "kube-apiserver-kubelet-client", O: "system:masters" };
  await access.check(request(undefined, "GET", subject), "/containerLogs/n/p/c");
  expect(asked[0]?.spec).toMatchObject({
    user: "kube-apiserver-kubelet-client",
    groups: ["system:masters", "system:authenticated"],
  });
});

test("anonymous requests are let in only where that is wanted, and everybody where nobody is asked", async () => {
  const { client } = reviews(["healthz"]);
  const { clock } = testHost();
  await reviewedAccess({ client, clock, nodeName: "n", anonymous: true }).check(request(), "/healthz");
  await reviewedAccess({ client, clock, nodeName: "n", authorization: "AlwaysAllow" }).check(
    request("Bearer janes"),
    "/exec/n/p/c",
  );
});
