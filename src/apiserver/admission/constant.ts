import type { AdmissionPlugin } from "./admission.ts";
import { refuse } from "./refusal.ts";

/** Admits everything: of no use, and kept because the original has it. */
export function alwaysAdmit(): AdmissionPlugin {
  return { name: "AlwaysAdmit", handles: () => false };
}

/** Refuses everything. */
export function alwaysDeny(): AdmissionPlugin {
  const deny: AdmissionPlugin["validate"] = (attributes) => {
    throw refuse(attributes, "admission control is denying all modifications");
  };
  return { name: "AlwaysDeny", handles: () => true, admit: deny, validate: deny };
}
