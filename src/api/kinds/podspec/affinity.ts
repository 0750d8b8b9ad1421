import type { FieldError, FieldPath, LabelSelector } from "../../meta/index.ts";
import { fieldError, isDNS1123Label } from "../../meta/index.ts";
import type { Affinity, NodeAffinity, PodAffinity, PodAffinityTerm } from "../../types/index.ts";
import { checkQualifiedName, checkWith } from "../field-checks.ts";
import { checkLabelSelector } from "../label-selector.ts";
import { checkNodeSelector, checkNodeSelectorTerm } from "./node-selector.ts";

const required = "requiredDuringSchedulingIgnoredDuringExecution";
const preferred = "preferredDuringSchedulingIgnoredDuringExecution";

export function checkAffinity(affinity: Affinity | undefined, path: FieldPath, out: FieldError[]): void {
  if (!affinity) return;
  if (affinity.nodeAffinity) checkNodeAffinity(affinity.nodeAffinity, path.child("nodeAffinity"), out);
  if (affinity.podAffinity) checkPodAffinity(affinity.podAffinity, path.child("podAffinity"), out);
  if (affinity.podAntiAffinity) checkPodAffinity(affinity.podAntiAffinity, path.child("podAntiAffinity"), out);
}

function checkNodeAffinity(affinity: NodeAffinity, path: FieldPath, out: FieldError[]): void {
  const demanded = affinity[required];
  if (demanded) checkNodeSelector(demanded, path.child(required), out);
  for (const [i, term] of (affinity[preferred] ?? []).entries()) {
    const at = path.child(preferred).index(i);
    checkWeight(term.weight, at, out);
    checkNodeSelectorTerm(term.preference ?? {}, at.child("preference"), out);
  }
}

function checkPodAffinity(affinity: PodAffinity, path: FieldPath, out: FieldError[]): void {
  for (const [i, term] of (affinity[required] ?? []).entries()) {
    checkPodAffinityTerm(term, path.child(required).index(i), out);
  }
  for (const [i, weighted] of (affinity[preferred] ?? []).entries()) {
    const at = path.child(preferred).index(i);
    checkWeight(weighted.weight, at, out);
    checkPodAffinityTerm(weighted.podAffinityTerm, at.child("podAffinityTerm"), out);
  }
}

function checkWeight(weight: number | undefined, path: FieldPath, out: FieldError[]): void {
  const value = weight ?? 0;
  if (value < 1 || value > 100) out.push(fieldError.invalid(path.child("weight"), value, "must be in the range 1-100"));
}

function checkPodAffinityTerm(term: PodAffinityTerm, path: FieldPath, out: FieldError[]): void {
  checkLabelSelector(term.labelSelector, path.child("labelSelector"), out);
  checkMatchLabelKeys(term, path, out);
  checkLabelSelector(term.namespaceSelector, path.child("namespaceSelector"), out);
  for (const namespace of term.namespaces ?? []) {
    checkWith(isDNS1123Label(namespace), namespace, path.child("namespace"), out);
  }
  checkTopologyKey(term.topologyKey, path.child("topologyKey"), out);
}

export function checkTopologyKey(key: string | undefined, path: FieldPath, out: FieldError[]): void {
  if (!key) out.push(fieldError.required(path, "can not be empty"));
  else checkQualifiedName(key, path, out);
}

function checkMatchLabelKeys(term: PodAffinityTerm, path: FieldPath, out: FieldError[]): void {
  const match = term.matchLabelKeys ?? [];
  const mismatch = term.mismatchLabelKeys ?? [];
  checkKeys(match, term.labelSelector, path.child("matchLabelKeys"), out);
  checkKeys(mismatch, term.labelSelector, path.child("mismatchLabelKeys"), out);
  for (const [i, key] of match.entries()) {
    if (!mismatch.includes(key)) continue;
    const at = path.child("matchLabelKeys").index(i);
    out.push(fieldError.invalid(at, key, "exists in both matchLabelKeys and mismatchLabelKeys"));
  }
}

function checkKeys(
  keys: readonly string[],
  selector: LabelSelector | undefined,
  path: FieldPath,
  out: FieldError[],
): void {
  if (keys.length > 0 && !selector) {
    out.push(fieldError.forbidden(path, "must not be specified when labelSelector is not set"));
  }
  for (const [i, key] of keys.entries()) checkQualifiedName(key, path.index(i), out);
}
