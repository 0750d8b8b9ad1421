import { expect, it } from "vitest";
import { readInterfaces } from "../../scripts/field-texts.ts";

it("reads the texts of an interface's fields in one line, also of those that clients only read", () => {
  const found = readInterfaces(`import { A } from "./a";
/** of the interface */
export interface Widget {
    /** what it is */
    kind?: "Widget";
    /**
     * where it is
     *
     *   and why
     */
    readonly place?: A;
    plain: string;
    /** what it points at */
    "$ref"?: string;
}
`);
  expect(Object.fromEntries(found.get("Widget") ?? [])).toEqual({
    kind: "what it is",
    place: "where it is    and why",
    $ref: "what it points at",
  });
});
