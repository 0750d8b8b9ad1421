import { describe, expect, it } from "vitest";
import { metaForms, negotiateInput, negotiateOutput, noForms } from "./negotiate.ts";

const options = { allowed: metaForms };
const table = "application/json;as=Table;v=v1;g=meta.k8s.io";

describe("the form of an answer", () => {
  it.each([
    [undefined, { format: "json" }],
    ["*/*", { format: "json" }],
    ["application/*", { format: "json" }],
    ["application/yaml", { format: "yaml" }],
    ["application/vnd.kubernetes.protobuf,application/json", { format: "protobuf" }],
    ["application/json;q=0.5, application/yaml", { format: "yaml" }],
    ["text/html, */*;q=0.1", { format: "json" }],
    [table, { format: "json", as: { kind: "Table", group: "meta.k8s.io", version: "v1" } }],
    [`${table},application/json`, { as: { kind: "Table" } }],
    ["application/json;as=Nonsense;v=v1;g=meta.k8s.io,application/json", { format: "json" }],
  ])("for %s", (accept, expected) => {
    expect(negotiateOutput(accept, options)).toMatchObject(expected);
  });

  it("is refused in the words of the router, or of the negotiation, as in the original", () => {
    expect(() => negotiateOutput("text/csv", options)).toThrow(/^406: Not Acceptable\n\nAvailable representations: /);
    expect(() => negotiateOutput("text/csv", { ...options, collection: true })).toThrow(
      /application\/json;stream=watch/,
    );
    expect(() => negotiateOutput(table, { allowed: noForms })).toThrow(
      /^only the following media types are accepted: /,
    );
    expect(() => negotiateOutput("application/yaml", { ...options, stream: true })).toThrow(/^only the following/);
  });
});

describe("the format of a body", () => {
  it("is JSON unless the client says otherwise", () => {
    expect(negotiateInput(undefined)).toBe("json");
    expect(negotiateInput("application/json; charset=utf-8")).toBe("json");
    expect(negotiateInput("application/yaml")).toBe("yaml");
    expect(() => negotiateInput("text/plain")).toThrow("the body of the request was in an unknown format");
  });
});
