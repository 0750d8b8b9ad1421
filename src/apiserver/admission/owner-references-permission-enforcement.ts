import type { KindRegistry } from "../../api/kinds/index.ts";
import { type OwnerReference, parseApiVersion } from "../../api/meta/index.ts";
import type { Authorizer } from "../auth/authorizer.ts";
import type { AdmissionPlugin, Attributes } from "./admission.ts";
import { refuse } from "./refusal.ts";

/**
 * Who sets an owner must be allowed to delete the object, and who blocks an owner's deletion must be allowed to update
 * the owner's finalizers. Off unless asked for, as in the original.
 */
export function ownerReferencesPermissionEnforcement(authorizer: Authorizer, kinds: KindRegistry): AdmissionPlugin {
  return {
    name: "OwnerReferencesPermissionEnforcement",
    handles: ({ operation }) => operation === "CREATE" || operation === "UPDATE",
    validate(attributes) {
      const fresh = attributes.object?.metadata.ownerReferences ?? [];
      const known = attributes.old?.metadata.ownerReferences ?? [];
      if (JSON.stringify(fresh) === JSON.stringify(known)) return;
      if (attributes.old !== undefined) requireDelete(authorizer, attributes);
      for (const owner of fresh) {
        const blockedBefore = known.some((other) => other.uid === owner.uid && other.blockOwnerDeletion === true);
        if (owner.blockOwnerDeletion === true && !blockedBefore)
          requireFinalizers(authorizer, kinds, attributes, owner);
      }
    },
  };
}

function requireDelete(authorizer: Authorizer, attributes: Attributes): void {
  const { user, kind, namespace, name } = attributes;
  const { group, version, resource } = kind;
  const decision = authorizer.authorize({
    kind: "resource",
    user,
    verb: "delete",
    group,
    version,
    resource,
    namespace,
    name,
  });
  if (decision.allowed) return;
  const because = decision.reason ? `: ${decision.reason}` : "";
  throw refuse(attributes, `cannot set an ownerRef on a resource you can't delete${because}, <nil>`);
}

function requireFinalizers(
  authorizer: Authorizer,
  kinds: KindRegistry,
  attributes: Attributes,
  owner: OwnerReference,
): void {
  const kind = kinds.byApiVersionKind(owner.apiVersion, owner.kind);
  const { group, version } = parseApiVersion(owner.apiVersion);
  const decision =
    kind === undefined
      ? undefined
      : authorizer.authorize({
          kind: "resource",
          user: attributes.user,
          verb: "update",
          group,
          version,
          resource: kind.resource,
          subresource: "finalizers",
          namespace: kind.namespaced ? attributes.namespace : "",
          name: owner.name,
        });
  if (decision?.allowed) return;
  const because = decision?.reason ? `: ${decision.reason}` : "";
  throw refuse(
    attributes,
    `cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on${because}, <nil>`,
  );
}
