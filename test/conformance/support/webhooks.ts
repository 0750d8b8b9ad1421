// Webhook configurations that hold in one namespace, and the server behind them.
import { afterAll, beforeAll } from "vitest";
import { type Webhook, WebhookServer } from "../../support/webhook-server.ts";
import { Refused } from "./api.ts";
import type { Suite } from "./suite.ts";

const group = "/apis/admissionregistration.k8s.io/v1";
export const webhookPaths = {
  mutating: `${group}/mutatingwebhookconfigurations`,
  validating: `${group}/validatingwebhookconfigurations`,
} as const;
export type WebhookType = keyof typeof webhookPaths;

export interface WebhookSuite {
  readonly server: WebhookServer;
  /** One webhook, without what it is about. */
  webhook(name: string, path: string, fields: object): object;
  register(
    type: WebhookType,
    name: string,
    webhooks: readonly object[],
    labels?: Record<string, string>,
  ): Promise<void>;
  /** The path of a new hook of the server. */
  hook(path: string, webhook: Webhook): string;
  /** The answer that refuses a request. */
  refusal(work: Promise<unknown>): Promise<Refused["answer"]>;
}

/** Call once at the top of a test file, after the suite whose API server asks the webhooks. */
export function webhookSuite(suite: Suite): WebhookSuite {
  let running: WebhookServer | undefined;
  beforeAll(async () => {
    running = await WebhookServer.start("e2e-webhook.default.svc");
  });
  afterAll(() => running?.stop());
  const up = () => {
    if (running === undefined) throw new Error("the webhook server has not started");
    return running;
  };
  return {
    get server() {
      return up();
    },
    webhook: (name, path, fields) => ({
      name,
      clientConfig: up().clientConfig(path),
      sideEffects: "None",
      admissionReviewVersions: ["v1", "v1beta1"],
      ...fields,
    }),
    async register(type, name, webhooks, labels) {
      await suite.api.create(webhookPaths[type], { metadata: { name, labels }, webhooks });
    },
    hook(path, webhook) {
      up().hooks.set(path, webhook);
      return path;
    },
    async refusal(work) {
      const error: unknown = await work.then(
        () => new Error("it was not refused"),
        (refused: unknown) => refused,
      );
      if (error instanceof Refused) return error.answer;
      throw error;
    },
  };
}

/** The rule and selector of a webhook about objects of one resource in one namespace. */
export function about(namespace: string, resource: string, ...operations: string[]): object {
  const [name = "", apiGroup = ""] = resource.split(".", 2);
  return {
    rules: [{ apiGroups: [apiGroup], apiVersions: ["v1"], operations, resources: [name] }],
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
  };
}
