/**
 * Admission by servers outside of the API server: the plugins MutatingAdmissionWebhook and ValidatingAdmissionWebhook. How
 * rules and conditions match is the policies' code; how servers are called is the service client's.
 */
export { type WebhookOptions, webhookPlugins } from "./plugins.ts";
