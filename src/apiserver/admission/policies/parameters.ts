import type { KindRegistry } from "../../../api/kinds/index.ts";
import {
  type KubeObject,
  type LabelSelector,
  labelSelectorAsSelector,
  matches,
  parseApiVersion,
} from "../../../api/meta/index.ts";
import type { Store } from "../../../store/index.ts";

export interface ParamKind {
  readonly apiVersion?: string;
  readonly kind?: string;
}

export interface ParamRef {
  readonly name?: string;
  readonly namespace?: string;
  readonly selector?: LabelSelector;
  readonly parameterNotFoundAction?: string;
}

/** A policy or binding cannot be used as it is. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
}

/** @throws ConfigurationError for a kind that is not served */
export function requireParamKind(kinds: KindRegistry, paramKind: ParamKind | undefined) {
  if (paramKind === undefined) return undefined;
  const { apiVersion = "", kind = "" } = paramKind;
  const found = kinds.byApiVersionKind(apiVersion, kind);
  if (found !== undefined) return found;
  const { group, version } = parseApiVersion(apiVersion);
  throw new ConfigurationError(`failed to find resource referenced by paramKind: '${group}/${version}, Kind=${kind}'`);
}

/**
 * The parameters with which a binding has its policy evaluated, once for each; null where it has none.
 * @throws ConfigurationError
 */
export async function collectParams(
  store: Store,
  kinds: KindRegistry,
  paramKind: ParamKind | undefined,
  reference: ParamRef | undefined,
  namespace: string,
): Promise<readonly (KubeObject | null)[]> {
  const kind = requireParamKind(kinds, paramKind);
  if (kind === undefined || reference === undefined) return [null];
  let prefix = `${kind.storagePrefix}/`;
  if (kind.namespaced) {
    const within = reference.namespace || namespace;
    if (within === "") {
      throw new ConfigurationError(
        "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources",
      );
    }
    prefix += `${within}/`;
  } else if (reference.namespace) {
    throw new ConfigurationError("paramRef.namespace must not be provided for a cluster-scoped `paramKind`");
  }
  const served = (stored: KubeObject) => kind.conversion?.fromStorage(stored) ?? stored;
  const found: KubeObject[] = [];
  if (reference.name) {
    const entry = await store.get(prefix + reference.name);
    if (entry !== undefined) found.push(served(entry.object));
  } else {
    const selector = labelSelectorAsSelector(reference.selector);
    for (const { object } of (await store.list(prefix)).entries()) {
      if (matches(selector, object.metadata.labels)) found.push(served(object));
    }
  }
  if (found.length === 0 && reference.parameterNotFoundAction === "Deny") {
    throw new ConfigurationError("no params found for policy binding with `Deny` parameterNotFoundAction");
  }
  return found;
}
