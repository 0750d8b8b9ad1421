import { createHmac } from "node:crypto";
import { keyString, semanticEqual } from "../../api/meta/index.ts";
import { again, done, type Outcome, resources, runController } from "../../client/index.ts";
import type { StartController } from "../context.ts";
import { expiryMs, type SigningToken, signingToken, tokenNamespace, tokenSecretType } from "./token-secret.ts";

const name = "bootstrap-signer-controller";
const clusterInfo = { namespace: "kube-public", name: "cluster-info" };
const signaturePrefix = "jws-kubeconfig-";

/** Signs the kubeconfig in kube-public/cluster-info with every token, so that who knows a token can trust it. */
export const startBootstrapSigner: StartController = ({ client, host, informers }) => {
  const infos = informers.informer(resources.configmaps, {
    namespace: clusterInfo.namespace,
    fieldSelector: `metadata.name=${clusterInfo.name}`,
  });
  const secrets = informers.informer(resources.secrets, {
    namespace: tokenNamespace,
    fieldSelector: `type=${tokenSecretType}`,
  });
  const controller = runController({
    name,
    host,
    workers: 1,
    synced: [infos, secrets],
    reconcile: async (): Promise<Outcome> => {
      const info = infos.store.get(keyString(clusterInfo));
      const kubeconfig = info?.data?.kubeconfig;
      if (info === undefined || kubeconfig === undefined || kubeconfig === "") return done;
      const now = host.clock.now();
      const data = Object.fromEntries(
        Object.entries(info.data ?? {}).filter(([key]) => !key.startsWith(signaturePrefix)),
      );
      const ends: number[] = [];
      for (const secret of secrets.store.values()) {
        const token = signingToken(secret, now);
        if (token === undefined) continue;
        data[`${signaturePrefix}${token.id}`] = detachedSignature(kubeconfig, token);
        const end = expiryMs(secret);
        if (end !== undefined) ends.push(end - now);
      }
      if (!semanticEqual(info.data, data)) await client.resource(resources.configmaps).update({ ...info, data });
      return ends.length === 0 ? done : again(Math.min(...ends));
    },
  });
  const look = () => controller.queue.add(keyString(clusterInfo));
  infos.addHandlers({ add: look, update: look });
  secrets.addHandlers({ add: look, update: look, delete: look });
  return controller;
};

/** A JSON web signature without its content. */
export function detachedSignature(content: string, { id, secret }: SigningToken): string {
  const header = Buffer.from(JSON.stringify({ alg: "HS256", kid: id })).toString("base64url");
  const signed = `${header}.${Buffer.from(content).toString("base64url")}`;
  return `${header}..${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}
