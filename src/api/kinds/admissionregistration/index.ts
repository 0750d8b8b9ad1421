/** Admission webhooks and policies: how they are written, not how they are asked. */
import type { KindStrategy } from "../generic.ts";
import { mutatingBindingStrategy, mutatingPolicyStrategy } from "./mutating-policy.ts";
import { validatingBindingStrategy, validatingPolicyStrategy } from "./validating-policy.ts";
import { mutatingWebhooksStrategy, validatingWebhooksStrategy } from "./webhooks.ts";

export const admissionregistrationStrategies: Readonly<Record<string, KindStrategy>> = {
  mutatingadmissionpolicies: mutatingPolicyStrategy,
  mutatingadmissionpolicybindings: mutatingBindingStrategy,
  mutatingwebhookconfigurations: mutatingWebhooksStrategy,
  validatingadmissionpolicies: validatingPolicyStrategy,
  validatingadmissionpolicybindings: validatingBindingStrategy,
  validatingwebhookconfigurations: validatingWebhooksStrategy,
};
