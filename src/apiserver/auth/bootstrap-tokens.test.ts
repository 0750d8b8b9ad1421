import { describe, expect, it } from "vitest";
import { testHost } from "../../host/index.ts";
import { createMemoryStore } from "../../store/index.ts";
import { BootstrapTokens } from "./bootstrap-tokens.ts";

const token = "abcdef.0123456789abcdef";
const usual = {
  "token-id": "abcdef",
  "token-secret": "0123456789abcdef",
  "usage-bootstrap-authentication": "true",
};

async function tokens(data: Record<string, string> = {}, more: object = {}) {
  const host = testHost();
  const store = createMemoryStore(host);
  const encoded = Object.entries({ ...usual, ...data }).map(([key, text]) => [key, btoa(text)]);
  const object = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "bootstrap-token-abcdef", namespace: "kube-system" },
    type: "bootstrap.kubernetes.io/token",
    data: Object.fromEntries(encoded),
    ...more,
  };
  const key = "/registry/secrets/kube-system/bootstrap-token-abcdef";
  await store.commit({ compare: [], operations: [{ type: "put", key, object }] });
  return { host, of: new BootstrapTokens(host, store) };
}

describe("a bootstrap token", () => {
  it("says that a machine asks to join, and in which groups", async () => {
    const groups = "system:bootstrappers:kubeadm:default-node-token,system:bootstrappers:a";
    const { of } = await tokens({ "auth-extra-groups": groups });
    expect(await of.userOf(token)).toEqual({
      name: "system:bootstrap:abcdef",
      groups: [
        "system:bootstrappers",
        "system:bootstrappers:a",
        "system:bootstrappers:kubeadm:default-node-token",
        "system:authenticated",
      ],
    });
  });

  it("ends with its time", async () => {
    const { host, of } = await tokens({ expiration: "2026-01-01T00:10:00Z" });
    expect(await of.userOf(token)).toBeDefined();
    await host.clock.advance(600_000);
    expect(await of.userOf(token)).toBeUndefined();
  });

  it.each([
    ["with another secret", "abcdef.0123456789abcdee", {}, {}],
    ["that nobody made", "abcdeg.0123456789abcdef", {}, {}],
    ["of another form", "abcdef.0123456789ABCDEF", {}, {}],
    ["that is not for this", token, { "usage-bootstrap-authentication": "false" }, {}],
    ["of another id", token, { "token-id": "abcdee" }, {}],
    ["whose end is no time", token, { expiration: "soon" }, {}],
    ["that would give other groups", token, { "auth-extra-groups": "system:masters" }, {}],
    ["in a secret of another type", token, {}, { type: "Opaque" }],
  ])("is not good: one %s", async (_, shown, data, more) => {
    const { of } = await tokens(data, more);
    expect(await of.userOf(shown)).toBeUndefined();
  });
});
