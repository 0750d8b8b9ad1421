import { type FieldError, type FieldPath, fieldError, isQualifiedName } from "../../api/meta/index.ts";
import type { NodeSelectorRequirement, NodeSelectorTerm, TopologySpreadConstraint } from "../../api/types/index.ts";
import type {
  DefaultPreemptionArgs,
  InterPodAffinityArgs,
  NodeAffinityArgs,
  NodeResourcesBalancedAllocationArgs,
  NodeResourcesFitArgs,
  PluginArgs,
  PodTopologySpreadArgs,
  ScoringStrategy,
  UtilizationPoint,
  VolumeBindingArgs,
} from "./plugin-args.ts";

const { invalid, required, notSupported, duplicate, forbidden } = fieldError;
type Check<Args> = (args: Args, path: FieldPath, out: FieldError[]) => void;

/** What the original says of arguments that its plugins cannot work with, by plugin name. Defaults are filled in before. */
export const pluginArgsChecks: { readonly [Name in keyof PluginArgs]?: Check<PluginArgs[Name]> } = {
  DefaultPreemption: checkDefaultPreemption,
  InterPodAffinity: checkInterPodAffinity,
  NodeAffinity: checkNodeAffinity,
  NodeResourcesBalancedAllocation: checkBalancedAllocation,
  NodeResourcesFit: checkNodeResourcesFit,
  PodTopologySpread: checkPodTopologySpread,
  VolumeBinding: checkVolumeBinding,
};

function checkDefaultPreemption(args: DefaultPreemptionArgs, path: FieldPath, out: FieldError[]): void {
  const { minCandidateNodesPercentage: percentage, minCandidateNodesAbsolute: absolute } = args;
  const percentagePath = path.child("minCandidateNodesPercentage");
  const absolutePath = path.child("minCandidateNodesAbsolute");
  if (percentage < 0 || percentage > 100) out.push(invalid(percentagePath, percentage, "not in valid range [0, 100]"));
  if (absolute < 0) out.push(invalid(absolutePath, absolute, "not in valid range [0, inf)"));
  if (percentage !== 0 || absolute !== 0) return;
  out.push(invalid(percentagePath, 0, "cannot be zero at the same time as minCandidateNodesAbsolute"));
  out.push(invalid(absolutePath, 0, "cannot be zero at the same time as minCandidateNodesPercentage"));
}

function checkInterPodAffinity(args: InterPodAffinityArgs, path: FieldPath, out: FieldError[]): void {
  const weight = args.hardPodAffinityWeight;
  if (weight >= 0 && weight <= 100) return;
  out.push(invalid(path.child("hardPodAffinityWeight"), weight, "not in valid range [0, 100]"));
}

function checkNodeAffinity({ addedAffinity }: NodeAffinityArgs, path: FieldPath, out: FieldError[]): void {
  const at = path.child("addedAffinity");
  const required = addedAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const requiredPath = at.child("requiredDuringSchedulingIgnoredDuringExecution").child("nodeSelectorTerms");
  for (const [i, term] of (required?.nodeSelectorTerms ?? []).entries()) checkTerm(term, requiredPath.index(i), out);
  const preferred = addedAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  const preferredPath = at.child("preferredDuringSchedulingIgnoredDuringExecution");
  for (const [i, { preference }] of preferred.entries()) checkTerm(preference, preferredPath.index(i), out);
}

const selectorOperators = ["DoesNotExist", "Exists", "Gt", "In", "Lt", "NotIn"];

function checkTerm(term: NodeSelectorTerm, path: FieldPath, out: FieldError[]): void {
  for (const [i, requirement] of (term.matchExpressions ?? []).entries()) {
    const at = path.child("matchExpressions").index(i);
    checkOperator(requirement, at, selectorOperators, out);
    for (const message of isQualifiedName(requirement.key))
      out.push(invalid(at.child("key"), requirement.key, message));
  }
  for (const [i, requirement] of (term.matchFields ?? []).entries()) {
    const at = path.child("matchFields").index(i);
    checkOperator(requirement, at, ["In", "NotIn"], out);
    if (requirement.key !== "metadata.name") {
      out.push(invalid(at.child("key"), requirement.key, "not a valid field selector key"));
    }
  }
}

function checkOperator(
  { operator, values = [] }: NodeSelectorRequirement,
  path: FieldPath,
  supported: readonly string[],
  out: FieldError[],
): void {
  if (!supported.includes(operator)) out.push(notSupported(path.child("operator"), operator, supported));
  else if (operator === "In" || operator === "NotIn") {
    if (values.length === 0) {
      out.push(invalid(path.child("values"), values, "for 'in', 'notin' operators, values set can't be empty"));
    }
  }
}

function checkBalancedAllocation(
  { resources }: NodeResourcesBalancedAllocationArgs,
  path: FieldPath,
  out: FieldError[],
): void {
  const seen = new Set<string>();
  for (const [i, { name, weight }] of resources.entries()) {
    const at = path.child("resources").index(i);
    if (seen.has(name)) out.push(duplicate(at.child("name"), name));
    seen.add(name);
    if (weight !== 1) out.push(invalid(at.child("weight"), weight, "must be 1"));
  }
}

function checkNodeResourcesFit(args: NodeResourcesFitArgs, path: FieldPath, out: FieldError[]): void {
  for (const [i, name] of args.ignoredResources.entries()) {
    checkLabelName(name, path.child("ignoredResources").index(i), out);
  }
  for (const [i, group] of args.ignoredResourceGroups.entries()) {
    const at = path.child("ignoredResourceGroups").index(i);
    if (group.includes("/")) out.push(invalid(at, group, "resource group name can't contain '/'"));
    checkLabelName(group, at, out);
  }
  checkScoringStrategy(args.scoringStrategy, path.child("scoringStrategy"), out);
}

const strategyTypes = ["LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"];

function checkScoringStrategy(strategy: ScoringStrategy, path: FieldPath, out: FieldError[]): void {
  const { type, resources, requestedToCapacityRatio } = strategy;
  if (!strategyTypes.includes(type)) out.push(notSupported(path.child("type"), type, strategyTypes));
  for (const [i, { name, weight }] of resources.entries()) {
    if (weight > 0 && weight <= 100) continue;
    const at = path.child("resources").index(i).child("weight");
    out.push(invalid(at, weight, `resource weight of ${name} not in valid range (0, 100]`));
  }
  const at = path.child("requestedToCapacityRatio");
  if (type === "RequestedToCapacityRatio") {
    if (requestedToCapacityRatio === undefined) {
      out.push(required(at, "must be specified when type is RequestedToCapacityRatio"));
    } else checkFunctionShape(requestedToCapacityRatio.shape ?? [], at.child("shape"), out);
  } else if (requestedToCapacityRatio !== undefined) {
    out.push(forbidden(at, "must be nil when type is not RequestedToCapacityRatio"));
  }
}

function checkFunctionShape(shape: readonly UtilizationPoint[], path: FieldPath, out: FieldError[]): void {
  if (shape.length === 0) {
    out.push(required(path, "at least one point must be specified"));
    return;
  }
  const unsorted = shape.findIndex(({ utilization }, i) => i > 0 && (shape[i - 1]?.utilization ?? 0) >= utilization);
  if (unsorted !== -1) {
    const at = path.index(unsorted).child("utilization");
    out.push(invalid(at, shape[unsorted]?.utilization, "values must be sorted in increasing order"));
  }
  for (const [i, { utilization, score }] of shape.entries()) {
    const at = path.index(i);
    if (utilization < 0 || utilization > 100) {
      out.push(invalid(at.child("utilization"), utilization, "not in valid range [0, 100]"));
    }
    if (score < 0 || score > 10) out.push(invalid(at.child("score"), score, "not in valid range [0, 10]"));
  }
}

function checkPodTopologySpread(args: PodTopologySpreadArgs, path: FieldPath, out: FieldError[]): void {
  const { defaultingType, defaultConstraints } = args;
  const at = path.child("defaultingType");
  if (defaultingType !== "System" && defaultingType !== "List") {
    out.push(notSupported(at, defaultingType, ["System", "List"]));
  } else if (defaultingType === "System" && defaultConstraints.length > 0) {
    out.push(invalid(at, defaultingType, "when .defaultConstraints are not empty"));
  }
  const seen = new Set<string>();
  for (const [i, constraint] of defaultConstraints.entries()) {
    const item = path.child("defaultConstraints").index(i);
    checkConstraint(constraint, item, out);
    const id = `{${constraint.topologyKey}, ${constraint.whenUnsatisfiable}}`;
    if (seen.has(id)) out.push(duplicate(item, id));
    seen.add(id);
  }
}

function checkConstraint(constraint: TopologySpreadConstraint, path: FieldPath, out: FieldError[]): void {
  const { maxSkew = 0, topologyKey, whenUnsatisfiable, labelSelector } = constraint;
  if (maxSkew <= 0) out.push(invalid(path.child("maxSkew"), maxSkew, "not in valid range (0, inf)"));
  if (!topologyKey) out.push(required(path.child("topologyKey"), "can not be empty"));
  else checkLabelName(topologyKey, path.child("topologyKey"), out);
  const actions = ["DoNotSchedule", "ScheduleAnyway"];
  const at = path.child("whenUnsatisfiable");
  if (!whenUnsatisfiable) out.push(required(at, "can not be empty"));
  else if (!actions.includes(whenUnsatisfiable)) out.push(notSupported(at, whenUnsatisfiable, actions));
  if (labelSelector === undefined) return;
  const why = "constraint must not define a selector, as they deduced for each pod";
  out.push(forbidden(path.child("labelSelector"), why));
}

function checkVolumeBinding(
  { bindTimeoutSeconds, shape }: VolumeBindingArgs,
  path: FieldPath,
  out: FieldError[],
): void {
  if (bindTimeoutSeconds < 0) {
    const why = "invalid BindTimeoutSeconds, should not be a negative value";
    out.push(invalid(path.child("bindTimeoutSeconds"), bindTimeoutSeconds, why));
  }
  if (shape === undefined) return;
  const why = "unexpected field `shape`, remove it or turn on the feature gate StorageCapacityScoring";
  out.push(invalid(path.child("shape"), shape, why));
}

function checkLabelName(name: string, path: FieldPath, out: FieldError[]): void {
  for (const message of isQualifiedName(name)) out.push(invalid(path, name, message));
}
