import type { ResourceKind } from "../../api/kinds/index.ts";
import {
  anyField,
  errors,
  everything,
  type FieldSelector,
  isEmptySelector,
  type KubeObject,
  matches,
  matchesFields,
  parseFieldSelector,
  parseSelector,
  requiresExactMatch,
  type Selector,
} from "../../api/meta/index.ts";
import type { ApiRequest } from "../request.ts";

/** Which objects of a collection a request wants. */
export interface Selection {
  readonly isEmpty: boolean;
  /** The only name that can match. */
  readonly name: string | undefined;
  readonly namespace: string | undefined;
  /** The one value that a field must have, by which events are routed to their watchers. */
  readonly route: { readonly field: string; readonly value: string } | undefined;
  matches(object: KubeObject): boolean;
}

/** @throws ApiError 400 for selectors that are malformed or name unknown fields. */
export function selectionOf(kind: ResourceKind, request: ApiRequest): Selection {
  const labels = readLabels(request.options.labelSelector);
  const fields = readFields(kind, request.options.fieldSelector);
  const fieldName = requiresExactMatch(fields, "metadata.name");
  const noLabels = isEmptySelector(labels);
  const noFields = fields.terms.length === 0;
  const name = request.name;
  return {
    isEmpty: noLabels && noFields && !name,
    name: name || fieldName,
    namespace: requiresExactMatch(fields, "metadata.namespace"),
    route: routeOf(kind, fields),
    matches(object) {
      if (name && object.metadata.name !== name) return false;
      if (!noLabels && !matches(labels, object.metadata.labels)) return false;
      return noFields || matchesFields(fields, (field) => fieldValue(kind, object, field));
    },
  };
}

/** Fields by which many watchers each select their own part of a collection. */
const routedFields: Readonly<Record<string, string>> = { "/pods": "spec.nodeName" };

function routeOf(kind: ResourceKind, fields: FieldSelector): Selection["route"] {
  const field = routedFields[`${kind.group}/${kind.resource}`];
  const value = field === undefined || kind.conversion !== undefined ? undefined : requiresExactMatch(fields, field);
  return field === undefined || value === undefined ? undefined : { field, value };
}

function readLabels(text: string | undefined): Selector {
  if (!text) return everything;
  try {
    return parseSelector(text);
  } catch (err) {
    throw errors.badRequest(err instanceof Error ? err.message : String(err));
  }
}

function readFields(kind: ResourceKind, text: string | undefined): FieldSelector {
  if (!text) return anyField;
  let selector: FieldSelector;
  try {
    selector = parseFieldSelector(text);
  } catch (err) {
    throw errors.badRequest(err instanceof Error ? err.message : String(err));
  }
  for (const term of selector.terms) {
    if (!isSelectable(kind, term.field)) throw errors.badRequest(unknownFieldMessage(kind, term.field));
  }
  return selector;
}

function isSelectable(kind: ResourceKind, field: string): boolean {
  if (field === "metadata.name" || field === "metadata.namespace") return true;
  return kind.strategy.selectableFields?.includes(field) ?? false;
}

function unknownFieldMessage(kind: ResourceKind, field: string): string {
  if (kind.strategy.selectableFields !== undefined) return `field label not supported: ${field}`;
  return `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`;
}

export function fieldValue(kind: ResourceKind, object: KubeObject, field: string): string {
  if (field === "metadata.name") return object.metadata.name ?? "";
  if (field === "metadata.namespace") return object.metadata.namespace ?? "";
  return kind.strategy.fieldValue?.(object, field) ?? "";
}
