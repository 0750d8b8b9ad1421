import { describe, expect, it } from "vitest";
import type { CustomResourceDefinition, CustomResourceDefinitionNames } from "../../../api/types/index.ts";
import { takenNames, wantedStatus } from "./conditions.ts";

const now = "2026-01-01T00:00:00Z";

function definition(names: Partial<CustomResourceDefinitionNames>, more: Partial<CustomResourceDefinition> = {}) {
  const all = { plural: "widgets", singular: "widget", kind: "Widget", listKind: "WidgetList", ...names };
  return {
    metadata: { name: `${all.plural}.example.org` },
    spec: { group: "example.org", scope: "Namespaced", names: all, versions: [] },
    ...more,
  } as CustomResourceDefinition;
}

function statusOf(one: CustomResourceDefinition, ...others: CustomResourceDefinition[]) {
  return wantedStatus(one, takenNames([one, ...others], one.spec.group), now);
}

function accepted(one: CustomResourceDefinition): CustomResourceDefinition {
  return { ...one, status: statusOf(one) };
}

const told = (one: CustomResourceDefinition, ...others: CustomResourceDefinition[]) =>
  statusOf(one, ...others).conditions?.map(({ type, status, reason, message }) => [type, status, reason, message]);

describe("the status of a definition", () => {
  it("accepts names that nobody has, and establishes it", () => {
    expect(statusOf(definition({ shortNames: ["w"] })).acceptedNames?.shortNames).toEqual(["w"]);
    expect(told(definition({}))).toEqual([
      ["NamesAccepted", "True", "NoConflicts", "no conflicts found"],
      ["Established", "True", "InitialNamesAccepted", "the initial names have been accepted"],
    ]);
  });

  it("is as it was where nothing changed", () => {
    const one = accepted(definition({ shortNames: ["w"], categories: ["all"] }));
    expect(statusOf(one)).toEqual(one.status);
  });

  it("refuses names that another definition of the group has, and keeps those that are free", () => {
    const other = accepted(definition({ shortNames: ["w"] }));
    const one = definition({
      plural: "gadgets",
      singular: "gadget",
      kind: "Gadget",
      listKind: "GadgetList",
      shortNames: ["w", "g"],
    });
    expect(told(one, other)).toEqual([
      ["NamesAccepted", "False", "ShortNamesConflict", '"w" is already in use'],
      ["Established", "False", "NotAccepted", "not all names are accepted"],
    ]);
    expect(statusOf(one, other).acceptedNames).toEqual({
      plural: "gadgets",
      singular: "gadget",
      kind: "Gadget",
      listKind: "GadgetList",
    });
    const elsewhere = { ...other, spec: { ...other.spec, group: "example.com" } };
    expect(told(one, elsewhere)?.[0]?.[1]).toBe("True");
  });

  it("stays established with its old names when new ones are refused", () => {
    const other = accepted(
      definition({ plural: "gadgets", singular: "gadget", kind: "Gadget", listKind: "GadgetList" }),
    );
    const one = accepted(definition({ shortNames: ["w"] }));
    const renamed = { ...one, spec: { ...one.spec, names: { ...one.spec.names, shortNames: ["gadget"] } } };
    const status = statusOf(renamed, other);
    expect(status.acceptedNames?.shortNames).toEqual(["w"]);
    expect(told(renamed, other)?.map(([type, is]) => [type, is])).toEqual([
      ["NamesAccepted", "False"],
      ["Established", "True"],
    ]);
  });

  it.each([
    [undefined, "False", "MissingAnnotation"],
    ["unapproved, experimental", "False", "UnapprovedAnnotation"],
    ["https://github.com/kubernetes/kubernetes/pull/1", "True", "ApprovedAnnotation"],
    ["fine", "False", "InvalidAnnotation"],
  ])("tells whether a definition in a group of the project is approved: %s", (value, is, reason) => {
    const annotations: Record<string, string> = value === undefined ? {} : { "api-approved.kubernetes.io": value };
    const one = definition({}, { metadata: { name: "widgets.x.k8s.io", annotations } });
    const protectedOne = { ...one, spec: { ...one.spec, group: "x.k8s.io" } };
    expect(told(protectedOne)?.[0]?.slice(0, 3)).toEqual(["KubernetesAPIApprovalPolicyConformant", is, reason]);
  });
});
