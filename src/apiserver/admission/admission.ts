import type { ResourceKind } from "../../api/kinds/index.ts";
import type { KubeObject } from "../../api/meta/index.ts";
import type { UserInfo } from "../request.ts";

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
  admit?(attributes: Attributes): Promise<void> | void;
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
  return {
    async admit(attributes) {
      for (const plugin of admitting) {
        if (!plugin.handles(attributes)) continue;
        const pending = plugin.admit?.(attributes);
        if (pending !== undefined) await pending;
      }
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
