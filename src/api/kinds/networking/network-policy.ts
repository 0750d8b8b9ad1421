import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, isCIDR, isPortName, isValidPortNum, root } from "../../meta/index.ts";
import type { IPBlock, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from "../../types/index.ts";
import { checkSupported, checkWith } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { checkLabelSelector } from "../label-selector.ts";
import { ageColumn, ageOf, labelSelectorText, nameColumn, nameOf, text } from "../table/cells.ts";
import { isStrictlyWithin } from "./cidr.ts";

const specPath = root("spec");
const policyTypes = ["Ingress", "Egress"];

export const networkPolicyStrategy: KindStrategy = {
  applyDefaults({ spec }: NetworkPolicy) {
    for (const rule of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) {
      for (const port of rule.ports ?? []) port.protocol ??= "TCP";
    }
    if ((spec.policyTypes ?? []).length > 0) return;
    spec.policyTypes = (spec.egress ?? []).length > 0 ? ["Ingress", "Egress"] : ["Ingress"];
  },
  validate: (policy: NetworkPolicy) => checkPolicy(policy),
  validateUpdate: (policy: NetworkPolicy) => checkPolicy(policy),
  table: {
    columns: [nameColumn, text("Pod-Selector"), ageColumn],
    cells: (policy: NetworkPolicy, now) => [
      nameOf(policy),
      labelSelectorText(policy.spec.podSelector),
      ageOf(policy, now),
    ],
  },
};

function checkPolicy({ spec }: NetworkPolicy): FieldError[] {
  const out: FieldError[] = [];
  checkLabelSelector(spec.podSelector, specPath.child("podSelector"), out);
  for (const [i, rule] of (spec.ingress ?? []).entries()) {
    const path = specPath.child("ingress").index(i);
    checkPorts(rule.ports, path.child("ports"), out);
    checkPeers(rule.from, path.child("from"), out);
  }
  for (const [i, rule] of (spec.egress ?? []).entries()) {
    const path = specPath.child("egress").index(i);
    checkPorts(rule.ports, path.child("ports"), out);
    checkPeers(rule.to, path.child("to"), out);
  }
  const types = spec.policyTypes ?? [];
  const typesPath = specPath.child("policyTypes");
  if (types.length > policyTypes.length) {
    out.push(fieldError.invalid(typesPath, types, "may not specify more than two policyTypes"));
  } else for (const [i, type] of types.entries()) checkSupported(type, policyTypes, typesPath.index(i), out);
  return out;
}

function checkPorts(ports: readonly NetworkPolicyPort[] | undefined, path: FieldPath, out: FieldError[]): void {
  for (const [i, port] of (ports ?? []).entries()) checkPort(port, path.index(i), out);
}

function checkPort({ protocol, port, endPort }: NetworkPolicyPort, path: FieldPath, out: FieldError[]): void {
  if (protocol !== undefined) checkSupported(protocol, ["TCP", "UDP", "SCTP"], path.child("protocol"), out);
  const endPath = path.child("endPort");
  if (typeof port === "number") {
    checkWith(isValidPortNum(port), port, path.child("port"), out);
    if (endPort === undefined) return;
    if (endPort < port) out.push(fieldError.invalid(endPath, port, "must be greater than or equal to `port`"));
    checkWith(isValidPortNum(endPort), endPort, endPath, out);
    return;
  }
  if (endPort !== undefined) {
    const when = port === undefined ? "not specified" : "non-numeric";
    out.push(fieldError.invalid(endPath, endPort, `may not be specified when \`port\` is ${when}`));
  }
  if (port !== undefined) checkWith(isPortName(port), port, path.child("port"), out);
}

function checkPeers(peers: readonly NetworkPolicyPeer[] | undefined, path: FieldPath, out: FieldError[]): void {
  for (const [i, peer] of (peers ?? []).entries()) checkPeer(peer, path.index(i), out);
}

function checkPeer({ podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer, path: FieldPath, out: FieldError[]) {
  checkLabelSelector(podSelector, path.child("podSelector"), out);
  checkLabelSelector(namespaceSelector, path.child("namespaceSelector"), out);
  if (ipBlock) checkIPBlock(ipBlock, path.child("ipBlock"), out);
  if (!podSelector && !namespaceSelector && !ipBlock) out.push(fieldError.required(path, "must specify a peer"));
  if (ipBlock && (podSelector || namespaceSelector)) {
    out.push(fieldError.forbidden(path, "may not specify both ipBlock and another peer"));
  }
}

function checkIPBlock({ cidr, except }: IPBlock, path: FieldPath, out: FieldError[]): void {
  if (!cidr) {
    out.push(fieldError.required(path.child("cidr"), ""));
    return;
  }
  const problems = isCIDR(cidr);
  checkWith(problems, cidr, path.child("cidr"), out);
  if (problems.length > 0) return;
  for (const [i, excepted] of (except ?? []).entries()) {
    const at = path.child("except").index(i);
    const wrong = isCIDR(excepted);
    checkWith(wrong, excepted, at, out);
    if (wrong.length === 0 && !isStrictlyWithin(excepted, cidr)) {
      out.push(fieldError.invalid(at, excepted, "must be a strict subset of `cidr`"));
    }
  }
}
