import { authorizerType, registerExtensions } from "./extensions/index.ts";
import { registerIn } from "./extensions/register.ts";
import { type Environment, library } from "./library.ts";
import { limits } from "./limits.ts";
import { registerMacros } from "./macros/index.ts";
import { registerMessages } from "./messages.ts";
import { registerRequest, requestType } from "./request.ts";

/** What names and types an expression knows. Environments are made once and then only extended by copies. */

let base: Environment | undefined;
const admission = new Map<string, Environment>();
let device: Environment | undefined;

/** The language with Kubernetes' function libraries and without variables. */
function baseEnvironment(): Environment {
  if (base !== undefined) return base;
  const { Environment } = library();
  base = new Environment({
    enableOptionalTypes: true,
    homogeneousAggregateLiterals: false,
    limits: {
      maxAstNodes: limits.nodes,
      maxDepth: limits.depth,
      maxListElements: limits.elements,
      maxMapEntries: limits.elements,
      maxCallArguments: limits.callArguments,
    },
  });
  registerExtensions(base);
  registerMacros(base);
  return base;
}

export interface AdmissionEnvironment {
  /** Whether there is a `params`. */
  readonly hasParams?: boolean;
  /** Whether expressions may make objects and patches, as mutations do. */
  readonly hasPatches?: boolean;
}

/** `object`, `oldObject`, `request`, `namespaceObject`, `authorizer` and perhaps `params`. */
export function admissionEnvironment({ hasParams = false, hasPatches = false }: AdmissionEnvironment): Environment {
  const key = `${hasParams} ${hasPatches}`;
  const known = admission.get(key);
  if (known !== undefined) return known;
  const made = admissionVariables(baseEnvironment().clone(), "dyn", hasParams ? "dyn" : undefined);
  if (hasPatches) registerMessages(made, registerIn(made));
  admission.set(key, made);
  return made;
}

/** Adds what expressions of admission may name. */
export function admissionVariables(environment: Environment, object: string, params: string | undefined): Environment {
  registerRequest(environment);
  environment.registerVariable("object", object);
  environment.registerVariable("oldObject", object);
  environment.registerVariable("namespaceObject", "dyn");
  environment.registerVariable("request", requestType);
  environment.registerVariable("authorizer", authorizerType);
  if (params !== undefined) environment.registerVariable("params", params);
  return environment;
}

/** The values of `variables`: each computed when it is first asked for. */
export class VariablesValue {}

/** The same environment with `variables.x` for each of the types. */
export function withVariables(environment: Environment, types: Readonly<Record<string, string>>): Environment {
  const made = environment.clone();
  made.registerType("kubernetes.variables", { ctor: VariablesValue, fields: { ...types } });
  made.registerVariable("variables", "kubernetes.variables");
  return made;
}

/** A device as selectors see it. */
export class DeviceValue {
  readonly driver: string;
  readonly attributes: unknown;
  readonly capacity: unknown;
  readonly allowMultipleAllocations: boolean;

  constructor(driver: string, attributes: unknown, capacity: unknown, allowMultipleAllocations: boolean) {
    this.driver = driver;
    this.attributes = attributes;
    this.capacity = capacity;
    this.allowMultipleAllocations = allowMultipleAllocations;
  }
}

/** `device`, as selectors of devices see it. */
export function deviceEnvironment(): Environment {
  if (device !== undefined) return device;
  device = baseEnvironment().clone();
  device.registerType("kubernetes.DRADevice", {
    ctor: DeviceValue,
    fields: {
      driver: "string",
      attributes: "map<string, map<string, dyn>>",
      capacity: "map<string, map<string, kubernetes.Quantity>>",
      allowMultipleAllocations: "bool",
    },
  });
  device.registerVariable("device", "kubernetes.DRADevice");
  return device;
}

/** What the rules of all schemas share: the language and the libraries. */
export function ruleBase(): Environment {
  return baseEnvironment();
}
