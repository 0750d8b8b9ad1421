import { PolicyTypeChecker, type RuleSchema, schemaOfShape } from "../../api/cel/index.ts";
import { formatApiVersion, isReason, parseApiVersion } from "../../api/meta/index.ts";
import { shapeOf } from "../../api/schema/index.ts";
import type { ValidatingAdmissionPolicy } from "../../api/types/index.ts";
import { type Client, type Discovery, resources } from "../../client/index.ts";
import { type CheckedType, nameOf, typesToCheck } from "./types-to-check.ts";

export interface ExpressionWarning {
  readonly fieldRef: string;
  readonly warning: string;
}

/** What is wrong with a policy's expressions when they are taken for the types of the resources that it is about. */
export async function expressionWarnings(
  policy: ValidatingAdmissionPolicy,
  client: Client,
  discovery: Pick<Discovery, "resources">,
): Promise<ExpressionWarning[]> {
  const served = await discovery.resources();
  const types = typesToCheck(policy, served);
  if (types.length === 0) return [];
  const { paramKind, variables, validations = [] } = policy.spec;
  let params: RuleSchema | undefined;
  if (paramKind !== undefined) {
    const { apiVersion = "", kind = "" } = paramKind;
    const { group, version } = parseApiVersion(apiVersion);
    const resource = served.find((one) => one.group === group && one.kind === kind)?.resource ?? "";
    params = await schemaOf({ group, version, kind, resource }, client);
  }
  const checkers: { readonly name: string; readonly checker: PolicyTypeChecker }[] = [];
  for (const type of types) {
    const object = await schemaOf(type, client);
    if (object !== undefined) {
      checkers.push({ name: nameOf(type), checker: new PolicyTypeChecker({ object, params, variables }) });
    }
  }
  const warningsOf = (expression: string, fieldRef: string): ExpressionWarning[] => {
    const found = checkers.flatMap(({ name, checker }) => {
      const issues = checker.check(expression);
      return issues === undefined ? [] : [`${name}: ${issues}\n`];
    });
    return found.length === 0 ? [] : [{ fieldRef, warning: found.join("\n") }];
  };
  return validations.flatMap(({ expression = "", messageExpression }, i) => [
    ...warningsOf(expression, `spec.validations[${i}].expression`),
    ...(messageExpression ? warningsOf(messageExpression, `spec.validations[${i}].messageExpression`) : []),
  ]);
}

/** Of a built-in kind or a custom resource; undefined for what is not known. */
async function schemaOf(type: CheckedType, client: Client): Promise<RuleSchema | undefined> {
  const shape = shapeOf(formatApiVersion(type), type.kind);
  if (shape !== undefined) return schemaOfShape(shape);
  if (type.resource === "") return undefined;
  try {
    const name = `${type.resource}.${type.group}`;
    const { spec } = await client.resource(resources.customresourcedefinitions).get({ name });
    const version = spec.versions.find((one) => one.name === type.version && one.served);
    return version?.schema?.openAPIV3Schema as RuleSchema | undefined; // an OpenAPI v3 schema has these fields
  } catch (error) {
    // With a service account of its own the controller may not read definitions: then these are not checked.
    if (isReason(error, "NotFound") || isReason(error, "Forbidden")) return undefined;
    throw error;
  }
}
