import { expect, test } from "vitest";
import { builtinKinds, createKindRegistry } from "../../api/kinds/index.ts";
import { TableWriter } from "./table.ts";

const kinds = createKindRegistry(builtinKinds());

function columnsOf(apiVersion: string, kind: string): { name: string; description: string }[] {
  const writer = new TableWriter(kinds.byApiVersionKind(apiVersion, kind), "None", 0);
  return JSON.parse(`${writer.head({})}${writer.tail}`).columnDefinitions;
}

test("kinds that share columns describe them each for itself", () => {
  const text = (kind: string) => columnsOf("apps/v1", kind).find(({ name }) => name === "Ready")?.description;
  expect(text("Deployment")).toContain("out of those wanted");
  expect(text("ReplicaSet")).not.toBe(text("Deployment"));
});

test("kinds without columns of their own have a name and a time", () => {
  expect(columnsOf("v1", "LimitRange").map(({ name }) => name)).toEqual(["Name", "Created At"]);
});
