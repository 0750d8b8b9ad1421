import type { Service } from "../../api/types/index.ts";
import { type AdmissionPlugin, isAbout } from "./admission.ts";
import { refuse } from "./refusal.ts";

/** Nobody takes external addresses for a service that it did not have already. */
export function denyServiceExternalIPs(): AdmissionPlugin {
  return {
    name: "DenyServiceExternalIPs",
    handles: (attributes) =>
      isAbout(attributes, "", "services") && (attributes.operation === "CREATE" || attributes.operation === "UPDATE"),
    validate(attributes) {
      const wanted = (attributes.object as Service | undefined)?.spec?.externalIPs ?? [];
      const present = (attributes.old as Service | undefined)?.spec?.externalIPs ?? [];
      if (wanted.some((address) => !present.includes(address)))
        throw refuse(attributes, "Use of external IPs is denied by admission control");
    },
  };
}
