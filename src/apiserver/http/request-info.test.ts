import { describe, expect, it } from "vitest";
import { parseRequestInfo } from "./request-info.ts";

const read = (method: string, path: string, watches = false) => parseRequestInfo(method, path, () => watches);

describe("what a request is about", () => {
  it.each([
    ["GET", "/api/v1/pods", { verb: "list", resource: "pods", namespace: "", group: "" }],
    ["GET", "/api/v1/namespaces/x/pods/y", { verb: "get", resource: "pods", namespace: "x", name: "y" }],
    ["POST", "/api/v1/namespaces/x/pods/y/binding", { verb: "create", subresource: "binding", name: "y" }],
    ["GET", "/api/v1/namespaces", { verb: "list", resource: "namespaces", namespace: "" }],
    ["GET", "/api/v1/namespaces/x", { verb: "get", resource: "namespaces", namespace: "x", name: "x" }],
    ["PUT", "/api/v1/namespaces/x/finalize", { verb: "update", resource: "namespaces", subresource: "finalize" }],
    [
      "PATCH",
      "/apis/apps/v1/namespaces/x/deployments/d/status",
      { verb: "patch", group: "apps", subresource: "status" },
    ],
    ["DELETE", "/api/v1/namespaces/x/pods", { verb: "deletecollection" }],
    ["GET", "/api/v1/watch/namespaces/x/pods", { verb: "watch", resource: "pods", namespace: "x" }],
    ["GET", "/api/v1/nodes/n/proxy/stats/summary", { subresource: "proxy", rest: ["stats", "summary"] }],
    ["GET", "/api/v1/namespaces/x/configmaps/a%2Fb", { name: "a", subresource: "b" }],
  ])("of %s %s", (method, path, expected) => {
    expect(read(method, path)).toMatchObject({ isResource: true, ...expected });
  });

  it.each(["/", "/api", "/api/v1", "/apis", "/apis/apps", "/apis/apps/v1", "/healthz", "/version"])(
    "is the path itself for %s",
    (path) => {
      expect(read("GET", path)).toMatchObject({ isResource: false, verb: "get", path });
    },
  );

  it("asks the query whether a collection is watched", () => {
    expect(read("GET", "/api/v1/pods", true).verb).toBe("watch");
    expect(read("GET", "/api/v1/namespaces/x/pods/y", true).verb).toBe("get");
  });
});
