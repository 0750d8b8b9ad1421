import { setCondition } from "../../../api/meta/index.ts";
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionCondition,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionStatus,
} from "../../../api/types/index.ts";

type Condition = Omit<CustomResourceDefinitionCondition, "lastTransitionTime">;

/** Names that are taken in a group: of resources (plurals, singulars, short names) and of kinds. */
export interface TakenNames {
  readonly resources: ReadonlySet<string>;
  readonly kinds: ReadonlySet<string>;
}

export function takenNames(definitions: Iterable<CustomResourceDefinition>, group: string): TakenNames {
  const resources = new Set<string>();
  const kinds = new Set<string>();
  for (const { spec, status } of definitions) {
    if (spec.group !== group) continue;
    const { plural, singular, shortNames, kind, listKind } = status?.acceptedNames ?? noNames;
    for (const name of [plural, singular, ...(shortNames ?? [])]) if (name) resources.add(name);
    for (const name of [kind, listKind]) if (name) kinds.add(name);
  }
  return { resources, kinds };
}

const noNames: CustomResourceDefinitionNames = { plural: "", kind: "" };

/** What the status of a definition should say, in the original's words; the status itself where it does already. */
export function wantedStatus(
  definition: CustomResourceDefinition,
  taken: TakenNames,
  now: string,
): CustomResourceDefinitionStatus {
  const { names, condition: namesAccepted } = acceptNames(definition, taken);
  let conditions: readonly CustomResourceDefinitionCondition[] = definition.status?.conditions ?? [];
  const set = (condition: Condition) => {
    conditions = withCondition(conditions, condition, now);
  };
  const approval = approvalOf(definition);
  if (approval !== undefined) set(approval);
  set(namesAccepted);
  if (!isConditionOf(definition, "Established")) set(establishedOf(namesAccepted));
  return { ...definition.status, acceptedNames: names, conditions: [...conditions] };
}

/** The conditions with one of them set; its time is kept where its status is. */
export function withCondition(
  conditions: readonly CustomResourceDefinitionCondition[] | null | undefined,
  condition: Condition,
  now: string,
): CustomResourceDefinitionCondition[] {
  const known = (conditions ?? []).map(({ lastTransitionTime, ...rest }) => ({
    ...rest,
    ...(lastTransitionTime && { lastTransitionTime }),
  }));
  return setCondition(known, condition, now);
}

export function isConditionOf({ status }: CustomResourceDefinition, wanted: string): boolean {
  return (status?.conditions ?? []).some(({ type, status: is }) => type === wanted && is === "True");
}

function establishedOf(namesAccepted: Condition): Condition {
  if (namesAccepted.status !== "True") {
    return { type: "Established", status: "False", reason: "NotAccepted", message: "not all names are accepted" };
  }
  const message = "the initial names have been accepted";
  return { type: "Established", status: "True", reason: "InitialNamesAccepted", message };
}

/** Each name that is free, or was accepted before, is accepted; the condition tells of the last that is not. */
function acceptNames(
  { spec, status }: CustomResourceDefinition,
  taken: TakenNames,
): { names: CustomResourceDefinitionNames; condition: Condition } {
  const requested = spec.names;
  const accepted = status?.acceptedNames ?? noNames;
  const names: CustomResourceDefinitionNames = { ...accepted };
  let problem: { reason: string; message: string } | undefined;
  const accept = (
    field: "plural" | "singular" | "kind" | "listKind",
    reason: string,
    used: ReadonlySet<string>,
  ): void => {
    const wanted = requested[field] ?? "";
    const message = wanted === accepted[field] ? undefined : conflictOf(wanted, used);
    if (message !== undefined) problem = { reason, message };
    else if (wanted !== "") names[field] = wanted;
  };
  accept("plural", "PluralConflict", taken.resources);
  accept("singular", "SingularConflict", taken.resources);
  const known = new Set(accepted.shortNames ?? []);
  const inUse = (requested.shortNames ?? []).flatMap((name) =>
    known.has(name) ? [] : (conflictOf(name, taken.resources) ?? []),
  );
  if (inUse.length > 0) problem = { reason: "ShortNamesConflict", message: aggregated(inUse) };
  else if (requested.shortNames === undefined) delete names.shortNames;
  else names.shortNames = requested.shortNames;
  accept("kind", "KindConflict", taken.kinds);
  accept("listKind", "ListKindConflict", taken.kinds);
  if (requested.categories === undefined) delete names.categories;
  else names.categories = requested.categories;
  const condition: Condition = problem
    ? { type: "NamesAccepted", status: "False", ...problem }
    : { type: "NamesAccepted", status: "True", reason: "NoConflicts", message: "no conflicts found" };
  return { names, condition };
}

function conflictOf(name: string, used: ReadonlySet<string>): string | undefined {
  return used.has(name) ? `${JSON.stringify(name)} is already in use` : undefined;
}

function aggregated(messages: readonly string[]): string {
  return messages.length === 1 ? (messages[0] ?? "") : `[${messages.join(", ")}]`;
}

const annotation = "api-approved.kubernetes.io";
const explanation = "see https://github.com/kubernetes/enhancements/pull/1111";

/** Whether a definition in a group of the project itself was agreed on there; undefined for all other groups. */
function approvalOf({ metadata, spec }: CustomResourceDefinition): Condition | undefined {
  if (!/(^|\.)(k8s|kubernetes)\.io$/.test(spec.group)) return undefined;
  const type = "KubernetesAPIApprovalPolicyConformant";
  const value = metadata.annotations?.[annotation] ?? "";
  const needed = `protected groups must have approval annotation ${JSON.stringify(annotation)}`;
  if (value === "") return { type, status: "False", reason: "MissingAnnotation", message: `${needed}, ${explanation}` };
  if (value.startsWith("unapproved")) {
    return { type, status: "False", reason: "UnapprovedAnnotation", message: `not approved: ${JSON.stringify(value)}` };
  }
  if (/^[a-z][a-z0-9+.-]*:\/\/[^/?#]/i.test(value)) {
    return { type, status: "True", reason: "ApprovedAnnotation", message: `approved in ${value}` };
  }
  const message = `${needed} with either a URL or a reason starting with "unapproved", ${explanation}`;
  return { type, status: "False", reason: "InvalidAnnotation", message };
}

/** How far the end of a definition's objects is. */
export const terminating = {
  inProgress: {
    type: "Terminating",
    status: "True",
    reason: "InstanceDeletionInProgress",
    message: "CustomResource deletion is in progress",
  },
  completed: {
    type: "Terminating",
    status: "False",
    reason: "InstanceDeletionCompleted",
    message: "removed all instances",
  },
  neverEstablished: {
    type: "Terminating",
    status: "False",
    reason: "NeverEstablished",
    message: "resource was never established",
  },
  failed: (message: string) => ({
    type: "Terminating",
    status: "True",
    reason: "InstanceDeletionFailed",
    message: `could not list instances: ${message}`,
  }),
  stillThere: (message: string) => ({
    type: "Terminating",
    status: "True",
    reason: "InstanceDeletionCheck",
    message: `could not confirm zero CustomResources remaining: ${message}`,
  }),
} as const satisfies Record<string, Condition | ((message: string) => Condition)>;
