import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, isDNS1123Label, isDomainPrefixedPath, root } from "../../meta/index.ts";
import type { IngressClass, IngressClassParametersReference } from "../../types/index.ts";
import { checkDNSSubdomain, checkImmutable, checkSupported, checkWith } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { ageColumn, ageOf, nameColumn, nameOf, none, text } from "../table/cells.ts";
import { checkSegment } from "./ingress.ts";

const controllerLengthMax = 250;
const specPath = root("spec");
const controllerPath = specPath.child("controller");

export const ingressClassStrategy: KindStrategy = {
  applyDefaults(ingressClass: IngressClass) {
    const { parameters } = ingressClass.spec;
    if (parameters) parameters.scope ??= "Cluster";
  },
  validate: (ingressClass: IngressClass) => checkSpec(ingressClass),
  validateUpdate(ingressClass: IngressClass, old: IngressClass) {
    const out: FieldError[] = [];
    const controller = ingressClass.spec.controller ?? "";
    checkImmutable(controller, old.spec.controller ?? "", controllerPath, out);
    return [...out, ...checkSpec(ingressClass)];
  },
  table: {
    columns: [nameColumn, text("Controller"), text("Parameters"), ageColumn],
    cells: (ingressClass: IngressClass, now) => [
      nameOf(ingressClass),
      ingressClass.spec.controller ?? "",
      parametersText(ingressClass.spec.parameters),
      ageOf(ingressClass, now),
    ],
  },
};

function parametersText(parameters: IngressClassParametersReference | undefined): string {
  if (!parameters) return none;
  const { apiGroup, kind, name } = parameters;
  return `${apiGroup ? `${kind}.${apiGroup}` : kind}/${name}`;
}

function checkSpec({ spec }: IngressClass): FieldError[] {
  const out: FieldError[] = [];
  const controller = spec.controller ?? "";
  if (controller === "") out.push(fieldError.required(controllerPath, ""));
  else {
    if (controller.length > controllerLengthMax) {
      out.push(fieldError.tooLong(controllerPath, controller, controllerLengthMax));
    }
    checkWith(isDomainPrefixedPath(controller), controller, controllerPath, out);
  }
  if (spec.parameters) checkParameters(spec.parameters, specPath.child("parameters"), out);
  return out;
}

function checkParameters(parameters: IngressClassParametersReference, path: FieldPath, out: FieldError[]): void {
  const { apiGroup, kind, name, scope, namespace } = parameters;
  if (apiGroup !== undefined) checkDNSSubdomain(apiGroup, path.child("apiGroup"), out);
  checkSegment(kind, path.child("kind"), out);
  checkSegment(name, path.child("name"), out);
  checkSupported(scope, ["Cluster", "Namespace"], path.child("scope"), out);
  const namespacePath = path.child("namespace");
  if (scope === "Namespace") {
    if (namespace === undefined) {
      out.push(fieldError.required(namespacePath, "`parameters.scope` is set to 'Namespace'"));
    } else checkWith(isDNS1123Label(namespace), namespace, namespacePath, out);
  } else if (scope === "Cluster" && namespace !== undefined) {
    out.push(fieldError.forbidden(namespacePath, "`parameters.scope` is set to 'Cluster'"));
  }
}
