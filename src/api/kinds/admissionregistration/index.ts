/** Webhooks and policies that take part in admission. */
import type { KindStrategy } from "../generic.ts";
import { mutatingPolicyBindingStrategy, mutatingPolicyStrategy } from "./mutating-policy.ts";
import { validatingPolicyStrategy } from "./validating-policy.ts";
import { validatingPolicyBindingStrategy } from "./validating-policy-binding.ts";
import { mutatingWebhookStrategy, validatingWebhookStrategy } from "./webhook-configuration.ts";

export const admissionregistrationStrategies: Readonly<Record<string, KindStrategy>> = {
  mutatingwebhookconfigurations: mutatingWebhookStrategy,
  validatingwebhookconfigurations: validatingWebhookStrategy,
  validatingadmissionpolicies: validatingPolicyStrategy,
  validatingadmissionpolicybindings: validatingPolicyBindingStrategy,
  mutatingadmissionpolicies: mutatingPolicyStrategy,
  mutatingadmissionpolicybindings: mutatingPolicyBindingStrategy,
};
