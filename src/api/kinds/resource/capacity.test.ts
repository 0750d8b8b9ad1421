import { describe, expect, it } from "vitest";
import { errorMessage, type FieldError, root } from "../../meta/index.ts";
import type { resourceV1 } from "../../types/index.ts";
import { checkCapacity } from "./capacity.ts";

function problems(requestPolicy: resourceV1.CapacityRequestPolicy, isShared = true): string[] {
  const out: FieldError[] = [];
  checkCapacity({ value: "8Gi", requestPolicy }, isShared, root("mem"), out);
  return out.map(errorMessage);
}

describe("how capacity may be requested", () => {
  it("is said only of devices that are shared", () => {
    expect(problems({}, false)).toEqual(["mem.requestPolicy: Forbidden: allowMultipleAllocations must be true"]);
    expect(problems({})).toEqual([]);
  });

  it("is by values in ascending order, one of them the default", () => {
    expect(problems({ default: "1Gi", validValues: ["1Gi", "2Gi"] })).toEqual([]);
    expect(problems({ default: "3Gi", validValues: ["2Gi", "1Gi"] })).toEqual([
      'mem.requestPolicy.validValues[1]: Invalid value: "1Gi": values must be sorted in ascending order',
      'mem.requestPolicy.validValues: Invalid value: "3Gi": default value is not valid according to the requestPolicy',
    ]);
    expect(problems({ validValues: ["1Gi"] })).toEqual([
      "mem.requestPolicy.default: Required value: required when validValues is defined",
    ]);
  });

  it("is by steps within a range", () => {
    expect(problems({ default: "2Gi", validRange: { min: "1Gi", max: "8Gi", step: "1Gi" } })).toEqual([]);
    expect(problems({ default: "1536Mi", validRange: { min: "1Gi", max: "16Gi", step: "1Gi" } })).toEqual([
      'mem.requestPolicy.validRange.max: Invalid value: "16Gi": max is larger than capacity value: 8Gi',
      'mem.requestPolicy.validRange.step: Invalid value: "1536Mi": value is not a multiple of a given step (1Gi) from (1Gi)',
    ]);
  });
});
