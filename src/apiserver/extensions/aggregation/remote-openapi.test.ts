import { expect, test } from "vitest";
import { partOf, v3UrlOf, withPart } from "./remote-openapi.ts";

const ref = (name: string) => ({ $ref: `#/definitions/${name}` });
const theirs = {
  paths: {
    "/apis/shop.example.org/v1/flowers": { get: { schema: ref("Flower") } },
    "/apis/shop.example.org/v1beta1/flowers": { get: { schema: ref("Old") } },
    "/version/": { get: {} },
  },
  definitions: {
    Flower: { properties: { metadata: ref("ObjectMeta"), petals: { items: ref("Petal") } } },
    Petal: { type: "string" },
    ObjectMeta: { description: "theirs" },
    Old: { type: "object" },
  },
};

test("of another server's document only the group version's own part is taken", () => {
  const part = partOf(theirs, "/apis/shop.example.org/v1");
  expect(Object.keys(part.paths)).toEqual(["/apis/shop.example.org/v1/flowers"]);
  expect(Object.keys(part.definitions).sort()).toEqual(["Flower", "ObjectMeta", "Petal"]);
});

test("definitions of one name that differ are both kept, and each path leads to its own", () => {
  const ours = {
    swagger: "2.0",
    paths: { "/api/v1/pods": { get: { schema: ref("ObjectMeta") } } },
    definitions: { ObjectMeta: { description: "ours" }, Petal: { type: "string" } },
  };
  const merged = withPart(ours, partOf(theirs, "/apis/shop.example.org/v1"));
  expect(merged).toEqual({
    swagger: "2.0",
    paths: { ...ours.paths, "/apis/shop.example.org/v1/flowers": { get: { schema: ref("Flower") } } },
    definitions: {
      ObjectMeta: { description: "ours" },
      ObjectMeta_v2: { description: "theirs" },
      Petal: { type: "string" },
      Flower: { properties: { metadata: ref("ObjectMeta_v2"), petals: { items: ref("Petal") } } },
    },
  });
});

test("a document of version 3 is found by the server's index, and nowhere else", () => {
  const at = (serverRelativeURL: string) => ({ paths: { "apis/shop.example.org/v1": { serverRelativeURL } } });
  const path = "/apis/shop.example.org/v1";
  expect(v3UrlOf(at(`/openapi/v3${path}?hash=A`), path)).toBe(`/openapi/v3${path}?hash=A`);
  expect(v3UrlOf(at("/secrets"), path)).toBeUndefined();
  expect(v3UrlOf({ paths: {} }, path)).toBeUndefined();
});
