import { errors } from "../../api/meta/index.ts";
import type { AdmissionPlugin, Attributes } from "./admission.ts";
import type { Lookup } from "./lookup.ts";

function isInNamespace({ namespace, kind }: Attributes): boolean {
  return namespace !== "" && !(kind.group === "" && kind.resource === "namespaces");
}

/** Nothing enters a namespace that does not exist. */
export function namespaceExists(lookup: Lookup): AdmissionPlugin {
  return {
    name: "NamespaceExists",
    handles: isInNamespace,
    async validate({ namespace }) {
      const found = await lookup.get("", "namespaces", "", namespace);
      if (found === undefined) throw errors.notFound({ group: "", resource: "namespaces" }, namespace);
    },
  };
}

/** A namespace comes into being with the first object that is created in it. */
export function namespaceAutoProvision(
  lookup: Lookup,
  createNamespace: (name: string) => Promise<void>,
): AdmissionPlugin {
  return {
    name: "NamespaceAutoProvision",
    handles: (attributes) =>
      attributes.operation === "CREATE" && attributes.subresource === "" && isInNamespace(attributes),
    async admit({ namespace, dryRun }) {
      if (dryRun || (await lookup.get("", "namespaces", "", namespace)) !== undefined) return;
      await createNamespace(namespace);
    },
  };
}
