import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, isCIDR, isValidLabelValue, root } from "../../meta/index.ts";
import type { Node, NodeCondition, Taint } from "../../types/index.ts";
import { checkLabels, checkQualifiedName, checkWith, goStruct } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { checkTaintEffect } from "../podspec/tolerations.ts";
import { ageColumn, ageOf, nameColumn, nameOf, none, text } from "../table/cells.ts";

export const nodeStrategy: KindStrategy = {
  keepsStatusAtCreate: true,
  applyDefaults(node: Node) {
    node.spec ??= {};
    const { spec, status } = node;
    // One address range is also written the old way, beside the list.
    if (spec.podCIDR && (spec.podCIDRs ?? []).length === 0) spec.podCIDRs = [spec.podCIDR];
    const [first] = spec.podCIDRs ?? [];
    if (first) spec.podCIDR = first;
    if (status?.capacity) status.allocatable ??= { ...status.capacity };
  },
  validate: (node: Node) => checkNode(node),
  validateUpdate(node: Node, old: Node) {
    return [...checkNode(node), ...checkUpdate(node, old)];
  },
  selectableFields: ["spec.unschedulable"],
  fieldValue(node: Node, field) {
    return field === "spec.unschedulable" ? String(node.spec?.unschedulable ?? false) : undefined;
  },
  table: {
    columns: [
      nameColumn,
      text("Status"),
      text("Roles"),
      ageColumn,
      text("Version"),
      text("Internal-IP", 1),
      text("External-IP", 1),
      text("OS-Image", 1),
      text("Kernel-Version", 1),
      text("Container-Runtime", 1),
    ],
    cells(node: Node, now) {
      const info = node.status?.nodeInfo;
      const unknown = "<unknown>";
      return [
        nameOf(node),
        statusText(node),
        roles(node) || none,
        ageOf(node, now),
        info?.kubeletVersion ?? "",
        address(node, "InternalIP"),
        address(node, "ExternalIP"),
        info?.osImage || unknown,
        info?.kernelVersion || unknown,
        info?.containerRuntimeVersion || unknown,
      ];
    },
  },
};

function checkNode(node: Node): FieldError[] {
  const out: FieldError[] = [];
  checkTaints(node.spec?.taints, root("metadata", "taints"), out);
  for (const [i, cidr] of (node.spec?.podCIDRs ?? []).entries()) {
    checkWith(isCIDR(cidr), cidr, root("spec", "podCIDRs").index(i), out);
  }
  return out;
}

export function checkTaints(taints: readonly Taint[] | undefined, path: FieldPath, out: FieldError[]): void {
  const seen = new Set<string>();
  for (const [i, taint] of (taints ?? []).entries()) {
    const at = path.index(i);
    const { key = "", value = "", effect = "" } = taint;
    checkQualifiedName(key, at.child("key"), out);
    const messages = isValidLabelValue(value);
    if (messages.length > 0) out.push(fieldError.invalid(at.child("value"), value, messages.join(";")));
    if (effect) checkTaintEffect(effect, at.child("effect"), out);
    else out.push(fieldError.required(at.child("effect"), ""));
    if (seen.has(`${effect}/${key}`)) {
      const shown = goStruct([
        ["Key", key],
        ["Value", value],
        ["Effect", effect],
        ["TimeAdded", taint.timeAdded],
      ]);
      out.push({ ...fieldError.duplicate(at, shown), detail: "taints must be unique by key and effect pair" });
    }
    seen.add(`${effect}/${key}`);
  }
}

function checkUpdate(node: Node, old: Node): FieldError[] {
  const out: FieldError[] = [];
  // The original looks at labels again and again, and at taints once more.
  checkLabels(node.metadata.labels, root("metadata", "labels"), out);
  checkLabels(node.metadata.labels, root("metadata", "labels"), out);
  checkTaints(node.spec?.taints, root("metadata", "taints"), out);
  const before = old.spec?.podCIDRs ?? [];
  const after = node.spec?.podCIDRs ?? [];
  if (before.length > 0 && before.join() !== after.join()) {
    const detail = 'node updates may not change podCIDR except from "" to valid';
    out.push(fieldError.forbidden(root("spec", "podCIDRs"), detail));
  }
  if (old.spec?.providerID && old.spec.providerID !== node.spec?.providerID) {
    const detail = 'node updates may not change providerID except from "" to valid';
    out.push(fieldError.forbidden(root("spec", "providerID"), detail));
  }
  return out;
}

function statusText(node: Node): string {
  const ready = (node.status?.conditions ?? []).find(({ type }: NodeCondition) => type === "Ready");
  const status = ready === undefined ? "Unknown" : ready.status === "True" ? "Ready" : "NotReady";
  return node.spec?.unschedulable ? `${status},SchedulingDisabled` : status;
}

const roleLabel = "node-role.kubernetes.io/";

function roles(node: Node): string {
  const found = new Set<string>();
  for (const [key, value] of Object.entries(node.metadata.labels ?? {})) {
    if (key.startsWith(roleLabel)) {
      const role = key.slice(roleLabel.length);
      if (role) found.add(role);
    } else if (key === "kubernetes.io/role" && value) found.add(value);
  }
  return [...found].sort().join(",");
}

function address(node: Node, type: string): string {
  return (node.status?.addresses ?? []).find((address) => address.type === type)?.address ?? none;
}
