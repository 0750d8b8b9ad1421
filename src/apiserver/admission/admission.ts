import type { ResourceKind } from "../../api/kinds/index.ts";
import type { KubeObject } from "../../api/meta/index.ts";
import type { RequestOptions, UserInfo } from "../request.ts";

export type Operation = "CREATE" | "UPDATE" | "DELETE" | "CONNECT";

/** One change on its way in, as the admission plugins see it. */
export interface Attributes {
  readonly operation: Operation;
  readonly kind: ResourceKind;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /**
   * The object as it shall be: a draft that mutating plugins may change, absent for a delete. For a subresource that has
   * a kind of its own (Binding, Eviction, ...) it is that object.
   */
  readonly object?: KubeObject;
  /** The stored object, absent for a create. */
  readonly old?: KubeObject;
  readonly user: UserInfo;
  readonly dryRun: boolean;
  /** Of the request; absent for what has none, such as CONNECT. */
  readonly options?: RequestOptions;
  /** When the request is given up, in milliseconds since the epoch. */
  readonly deadline?: number;
  warn(text: string): void;
  /** Kept with the request in the audit log, where there is one. */
  audit?(key: string, value: string): void;
  /** Has something done once it is known whether the change was written. */
  onSettled?(done: (written: boolean) => void): void;
}

/**
 * One rule about what may enter the cluster, or what is filled in on its way. Both hooks refuse by throwing an ApiError.
 * `admit` runs before validation and may change the draft; `validate` runs after it and may not.
 */
export interface AdmissionPlugin {
  readonly name: string;
  /** Cheap: whether the plugin wants to see such a change at all. */
  handles(attributes: Attributes): boolean;
  /** @param isReinvocation whether it is the second round, which all plugins see that a first one asked for */
  admit?(attributes: Attributes, isReinvocation: boolean): Promise<void> | void;
  /** After its admit: whether it changed the object in such a way that all plugins are to see it once more. */
  wantsReinvocation?(attributes: Attributes): boolean;
  validate?(attributes: Attributes): Promise<void> | void;
}

/** The plugins in their order. */
export interface AdmissionChain {
  admit(attributes: Attributes): Promise<void>;
  validate(attributes: Attributes): Promise<void>;
}

export function createAdmissionChain(plugins: readonly AdmissionPlugin[]): AdmissionChain {
  const admitting = plugins.filter((plugin) => plugin.admit !== undefined);
  const validating = plugins.filter((plugin) => plugin.validate !== undefined);
  const round = async (attributes: Attributes, isReinvocation: boolean): Promise<boolean> => {
    let again = false;
    for (const plugin of admitting) {
      if (!plugin.handles(attributes)) continue;
      const pending = plugin.admit?.(attributes, isReinvocation);
      if (pending !== undefined) await pending;
      if (plugin.wantsReinvocation?.(attributes)) again = true;
    }
    return again;
  };
  return {
    async admit(attributes) {
      if (await round(attributes, false)) await round(attributes, true);
    },
    async validate(attributes) {
      for (const plugin of validating) {
        if (!plugin.handles(attributes)) continue;
        const pending = plugin.validate?.(attributes);
        if (pending !== undefined) await pending;
      }
    },
  };
}

/** Whether a change is about the main resource itself. */
export function isAbout(attributes: Attributes, group: string, resource: string, subresource = ""): boolean {
  const { kind } = attributes;
  return kind.resource === resource && kind.group === group && attributes.subresource === subresource;
}
