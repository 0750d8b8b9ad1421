import type { FieldError } from "../../meta/index.ts";
import { fieldError, root } from "../../meta/index.ts";
import type { FlowSchema, FlowSchemaSpec } from "../../types/index.ts";
import { checkDNSSubdomain } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { ageColumn, ageOf, nameColumn, nameOf, none, text } from "../table/cells.ts";
import { checkPolicyRules } from "./policy-rules.ts";

const specPath = root("spec");
const precedenceDefault = 1000;
const precedenceMax = 10_000;
const exemptName = "exempt";

export const flowSchemaStrategy: KindStrategy = {
  applyDefaults({ spec }: FlowSchema) {
    spec.matchingPrecedence ||= precedenceDefault;
  },
  validate: (schema: FlowSchema) => checkSchema(schema),
  validateUpdate: (schema: FlowSchema) => checkSchema(schema),
  updates: {
    status: { prepareForUpdate() {}, validateUpdate: (schema: FlowSchema) => checkStatus(schema) },
  },
  table: {
    columns: [
      nameColumn,
      text("PriorityLevel"),
      text("MatchingPrecedence"),
      text("DistinguisherMethod"),
      ageColumn,
      text("MissingPL"),
    ],
    cells: (schema: FlowSchema, now) => [
      nameOf(schema),
      schema.spec.priorityLevelConfiguration.name,
      schema.spec.matchingPrecedence ?? 0,
      schema.spec.distinguisherMethod?.type ?? none,
      ageOf(schema, now),
      schema.status?.conditions?.find(({ type }) => type === "Dangling")?.status ?? "?",
    ],
  },
};

function checkSchema({ metadata, spec }: FlowSchema): FieldError[] {
  const out: FieldError[] = [];
  checkPrecedence(spec.matchingPrecedence ?? 0, metadata.name ?? "", out);
  checkDistinguisher(spec, out);
  const levelPath = specPath.child("priorityLevelConfiguration", "name");
  const level = spec.priorityLevelConfiguration?.name;
  if (level) checkDNSSubdomain(level, levelPath, out);
  else out.push(fieldError.required(levelPath, "must reference a priority level"));
  for (const [i, rule] of (spec.rules ?? []).entries()) checkPolicyRules(rule, specPath.child("rules").index(i), out);
  return out;
}

function checkPrecedence(precedence: number, name: string, out: FieldError[]): void {
  const path = specPath.child("matchingPrecedence");
  if (precedence <= 0) out.push(fieldError.invalid(path, precedence, "must be a positive value"));
  if (precedence > precedenceMax) {
    out.push(fieldError.invalid(path, precedence, `must not be greater than ${precedenceMax}`));
  }
  if (precedence === 1 && name !== exemptName) {
    out.push(fieldError.invalid(path, precedence, "only the schema named 'exempt' may have matchingPrecedence 1"));
  }
}

function checkDistinguisher({ distinguisherMethod: method }: FlowSchemaSpec, out: FieldError[]): void {
  const supported = ["ByNamespace", "ByUser"];
  if (!method || supported.includes(method.type)) return;
  out.push(fieldError.notSupported(specPath.child("distinguisherMethod", "type"), { Type: method.type }, supported));
}

function checkStatus({ status }: FlowSchema): FieldError[] {
  return duplicateConditions(status?.conditions ?? []);
}

/** Each condition once, and with a type. */
export function duplicateConditions(conditions: readonly { readonly type?: string }[]): FieldError[] {
  const out: FieldError[] = [];
  const types = new Set<string>();
  for (const [i, { type }] of conditions.entries()) {
    const path = root("status", "conditions").index(i).child("type");
    if (type && types.has(type)) out.push(fieldError.duplicate(path, type));
    types.add(type ?? "");
    if (!type) out.push(fieldError.required(path, ""));
  }
  return out;
}
