import { ApiError, errors, type KubeObject } from "../../api/meta/index.ts";
import type { AdmissionPlugin } from "./admission.ts";
import type { Lookup } from "./lookup.ts";
import { refuse } from "./refusal.ts";

/** Namespaces that cannot be deleted. */
const immortal: ReadonlySet<string> = new Set(["default", "kube-system", "kube-public"]);

/** Nothing is created in a namespace that does not exist or is on its way out. */
export function namespaceLifecycle(lookup: Lookup): AdmissionPlugin {
  return {
    name: "NamespaceLifecycle",
    handles: ({ kind, namespace, operation }) =>
      operation !== "CONNECT" && (namespace !== "" || kind.resource === "namespaces"),
    async admit(attributes) {
      const { kind, operation, namespace, name } = attributes;
      if (kind.group === "" && kind.resource === "namespaces") {
        if (operation === "DELETE" && immortal.has(name)) {
          throw errors.forbidden(kind, name, "this namespace may not be deleted");
        }
        return;
      }
      if (operation === "DELETE" || kind.resource === "localsubjectaccessreviews") return;
      const found = await lookup.get("", "namespaces", "", namespace);
      if (found === undefined) throw errors.notFound({ group: "", resource: "namespaces" }, namespace);
      if (operation === "CREATE" && isTerminating(found)) {
        throw terminating(
          refuse(attributes, `unable to create new content in namespace ${namespace} because it is being terminated`),
          namespace,
        );
      }
    },
  };
}

function isTerminating(namespace: KubeObject & { status?: { phase?: string } }): boolean {
  return namespace.status?.phase === "Terminating";
}

/** With the cause by which clients know that trying again is of no use. */
function terminating(err: ApiError, namespace: string): ApiError {
  const cause = {
    reason: "NamespaceTerminating",
    message: `namespace ${namespace} is being terminated`,
    field: "metadata.namespace",
  };
  return new ApiError({ ...err.status, details: { ...err.status.details, causes: [cause] } });
}
