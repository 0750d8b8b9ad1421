import { expect, test } from "vitest";
import type { Pod, Secret } from "../../api/types/index.ts";
import { authsFor, pullSecretsOf } from "./pull-secrets.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");

const v1Secret = { apiVersion: "v1", kind: "Secret" } as const;

function secret(auths: object): Secret {
  return {
    ...v1Secret,
    metadata: { name: "s" },
    type: "kubernetes.io/dockerconfigjson",
    data: { ".dockerconfigjson": base64(JSON.stringify({ auths })) },
  };
}

const named = (username: string) => ({ auth: base64(`${username}:a:b`) });
const who = (image: string, auths: object) => authsFor(image, [secret(auths)]).map(({ username }) => username);

test("a name with a colon in its password is taken apart at the first one", () => {
  const [auth] = authsFor("r.example/a", [secret({ "r.example": named("me") })]);
  expect(auth).toEqual({ serverAddress: "r.example", username: "me", password: "a:b" });
});

test.each([
  ["nginx", "https://index.docker.io/v1/", true],
  ["docker.io/a/b:1", "docker.io", true],
  ["r.example:5000/a/b", "r.example:5000", true],
  ["r.example:5000/a/b", "r.example", false],
  ["eu.r.example/a", "*.r.example", true],
  ["r.example/a", "*.r.example", false],
  ["r.example/team/app:2", "r.example/team", true],
  ["r.example/other/app:2", "r.example/team", false],
])("an image %s is pulled with the key of %s: %s", (image, place, expected) => {
  expect(who(image, { [place]: named("me") }).length > 0).toBe(expected);
});

test("the longest matching path comes first", () => {
  const auths = { "r.example": named("all"), "r.example/team": named("team") };
  expect(who("r.example/team/app", auths)).toEqual(["team", "all"]);
});

test("the older form has its registries on top", () => {
  const data = { ".dockercfg": base64(JSON.stringify({ "r.example": { username: "u", password: "p" } })) };
  const old = { ...v1Secret, metadata: {}, type: "kubernetes.io/dockercfg", data };
  expect(authsFor("r.example/a", [old])).toEqual([{ serverAddress: "r.example", username: "u", password: "p" }]);
});

test("secrets that are not there are named", async () => {
  const pod: Pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace: "n" },
    spec: { containers: [], imagePullSecrets: [{ name: "a" }, { name: "s" }] },
  };
  const found = await pullSecretsOf(pod, { secret: async (_, name) => (name === "s" ? secret({}) : undefined) });
  expect(found).toMatchObject({ missing: ["a"], secrets: [{ metadata: { name: "s" } }] });
});
