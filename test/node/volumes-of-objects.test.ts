import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { KubeObject } from "../../src/api/meta/index.ts";
import type { TokenReview } from "../../src/api/types/index.ts";
import { resources } from "../../src/index.ts";
import { containerdNeeds, RealNodeBox } from "../support/containerd/index.ts";
import { missing } from "../support/requires.ts";
import { PodRuns } from "../support/run-in-pod.ts";

const reason = missing(containerdNeeds);

let box: RealNodeBox;
let pods: PodRuns;
let names = 0;

const tokenReviews = {
  group: "authentication.k8s.io",
  version: "v1",
  resource: "tokenreviews",
  kind: "TokenReview",
  namespaced: false,
} as const;

interface Kind {
  readonly type: "configMap" | "secret";
  volume(name: string, source: object, defaultMode?: number): object;
}

const configMap: Kind = {
  type: "configMap",
  volume: (name, source, defaultMode) => ({ configMap: { name, defaultMode, ...source } }),
};
const secret: Kind = {
  type: "secret",
  volume: (secretName, source, defaultMode) => ({ secret: { secretName, defaultMode, ...source } }),
};
const projected = ({ type }: Kind): Kind => ({
  type,
  volume: (name, source, defaultMode) => ({ projected: { defaultMode, sources: [{ [type]: { name, ...source } }] } }),
});

const make = async ({ type }: Kind, data: Record<string, string> = { "data-1": "value-1" }): Promise<string> => {
  const name = `object-${++names}`;
  await pods[type](name, data);
  return name;
};

const mapped = [{ key: "data-1", path: "path/to/data" }];
const mappedWithMode = [{ key: "data-1", path: "path/to/data", mode: 0o400 }];

/** A pod reads the object's value from its file, which has the mode that was asked for. */
async function isRead(
  kind: Kind,
  {
    defaultMode,
    items,
    user,
    fsGroup,
  }: { defaultMode?: number; items?: object[]; user?: number; fsGroup?: number } = {},
): Promise<void> {
  const name = await make(kind);
  const path = items === undefined ? "/v/data-1" : "/v/path/to/data";
  const securityContext = { runAsUser: user, fsGroup };
  const volume = kind.volume(name, items === undefined ? {} : { items }, defaultMode);
  const script = `cat ${path} && stat -L -c " %a %g" ${path}`;
  const mode = items === mappedWithMode ? 0o400 : (defaultMode ?? 0o644);
  expect(await pods.output({ script, volume, spec: { securityContext } })).toBe(
    `value-1 ${mode.toString(8)} ${fsGroup ?? 0}`,
  );
}

async function isReadTwice(kind: Kind): Promise<void> {
  const name = await make(kind);
  const volumes = ["v", "w"].map((each) => ({ name: each, ...kind.volume(name, {}) }));
  const volumeMounts = ["v", "w"].map((each) => ({ name: each, mountPath: `/${each}` }));
  const script = "cat /v/data-1 /w/data-1";
  expect(await pods.output({ script, container: { volumeMounts }, spec: { volumes } })).toBe("value-1value-1");
}

async function change({ type }: Kind, name: string, data: Record<string, string | null>): Promise<void> {
  const key = { namespace: pods.namespace, name };
  const encoded = Object.entries(data).map(([at, text]) => [
    at,
    text === null ? null : Buffer.from(text).toString("base64"),
  ]);
  if (type === "configMap") await box.client.resource(resources.configmaps).patch(key, "merge", { data });
  else await box.client.resource(resources.secrets).patch(key, "merge", { data: Object.fromEntries(encoded) });
}

async function remove({ type }: Kind, name: string): Promise<void> {
  const key = { namespace: pods.namespace, name };
  await box.client.resource<KubeObject>(type === "configMap" ? resources.configmaps : resources.secrets).delete(key);
}

async function isFollowed(kind: Kind): Promise<void> {
  const name = await make(kind);
  const shell = await pods.running({ volume: kind.volume(name, {}) });
  await shell.until("cat /v/data-1", "value-1");
  await change(kind, name, { "data-1": "value-2" });
  await shell.until("cat /v/data-1", "value-2");
}

/** Three optional objects: one is made, one changed and one deleted while the pod runs. */
async function optionalIsFollowed(kind: Kind): Promise<void> {
  const [updated, removed] = [await make(kind), await make(kind)];
  const created = `object-${++names}`;
  const all = { create: created, update: updated, remove: removed };
  const volumes = Object.entries(all).map(([name, object]) => ({ name, ...kind.volume(object, { optional: true }) }));
  const volumeMounts = Object.keys(all).map((name) => ({ name, mountPath: `/${name}` }));
  const shell = await pods.running({ container: { volumeMounts }, spec: { volumes } });
  expect(await shell.run("ls /create; cat /update/data-1 /remove/data-1")).toBe("value-1value-1");
  await pods[kind.type](created, { "data-1": "value-1" });
  await change(kind, updated, { "data-1": null, "data-3": "value-3" });
  await remove(kind, removed);
  await shell.until("cat /create/data-1 2>&1 || true", "value-1");
  await shell.until("ls /update; cat /update/data-3 || true", "data-3\nvalue-3");
  await shell.until("ls /remove", "");
}

async function subPathIsRead(volume: object, mountPath: string, key: string, value: string): Promise<void> {
  const script = `cat ${mountPath}`;
  expect(await pods.output({ script, volume, mount: { mountPath, subPath: key } })).toBe(value);
}

describe.skipIf(reason !== undefined)(
  `volumes of config maps and secrets${reason ? ` (${reason})` : ""}`,
  { concurrent: true },
  () => {
    beforeAll(async () => {
      box = await RealNodeBox.start({ volumeRefreshMs: 300 });
      pods = new PodRuns(box, await box.namespace());
    });
    afterAll(() => box?.stop());

    test("ConfigMap Volume, without mapping", () => isRead(configMap));
    test("ConfigMap Volume, without mapping, non-root user", () => isRead(configMap, { user: 1000 }));
    test("ConfigMap Volume, without mapping, volume mode set", () => isRead(configMap, { defaultMode: 0o400 }));
    test("ConfigMap Volume, with mapping", () => isRead(configMap, { items: mapped }));
    test("ConfigMap Volume, with mapping, volume mode set", () => isRead(configMap, { items: mappedWithMode }));
    test("ConfigMap Volume, with mapping, non-root user", () => isRead(configMap, { items: mapped, user: 1000 }));
    test("ConfigMap Volume, multiple volume maps", () => isReadTwice(configMap));
    test("ConfigMap Volume, update", () => isFollowed(configMap));
    test("ConfigMap Volume, create, update and delete", () => optionalIsFollowed(configMap));
    test("ConfigMap Volume, text data, binary data", async () => {
      const binaryData = { dump: Buffer.from([0xde, 0xca, 0xfe, 0x00]).toString("base64") };
      await pods.configMap("binary", { "data-1": "value-1" }, { binaryData });
      const script = "cat /v/data-1 && sha256sum /v/dump | cut -c 1-16";
      const sum = createHash("sha256").update(Buffer.from(binaryData.dump, "base64")).digest("hex");
      expect(await pods.output({ script, volume: { configMap: { name: "binary" } } })).toBe(
        `value-1${sum.slice(0, 16)}`,
      );
    });

    test("Secrets Volume, default", () => isRead(secret));
    test("Secrets Volume, volume mode 0400", () => isRead(secret, { defaultMode: 0o400 }));
    test("Secrets Volume, volume mode 0440, fsGroup 1001 and uid 1000", () =>
      isRead(secret, { defaultMode: 0o440, fsGroup: 1001, user: 1000 }));
    test("Secrets Volume, mapping", () => isRead(secret, { items: mapped }));
    test("Secrets Volume, mapping, volume mode 0400", () => isRead(secret, { items: mappedWithMode }));
    test("Secrets Volume, mapping multiple volume paths", () => isReadTwice(secret));
    test("Secrets Volume, create, update and delete", () => optionalIsFollowed(secret));
    test("Secrets Volume, volume mode default, secret with same name in different namespace", async () => {
      const other = new PodRuns(box, await box.namespace());
      await other.secret("same", { "data-1": "other" });
      await pods.secret("same", { "data-1": "own" });
      expect(await pods.output({ script: "cat /v/data-1", volume: { secret: { secretName: "same" } } })).toBe("own");
    });

    test("Projected Volume, ConfigMap, volume mode default", () => isRead(projected(configMap)));
    test("Projected Volume, ConfigMap, non-root user", () => isRead(projected(configMap), { user: 1000 }));
    test("Projected Volume, ConfigMap, volume mode 0400", () => isRead(projected(configMap), { defaultMode: 0o400 }));
    test("Projected Volume, ConfigMap, mapped", () => isRead(projected(configMap), { items: mapped }));
    test("Projected Volume, ConfigMap, mapped, volume mode 0400", () =>
      isRead(projected(configMap), { items: mappedWithMode }));
    test("Projected Volume, ConfigMap, mapped, non-root user", () =>
      isRead(projected(configMap), { items: mapped, user: 1000 }));
    test("Projected Volume, ConfigMap, multiple volume paths", () => isReadTwice(projected(configMap)));
    test("Projected Volume, ConfigMap, update", () => isFollowed(projected(configMap)));
    test("Projected Volume, ConfigMap, create, update and delete", () => optionalIsFollowed(projected(configMap)));

    test("Projected Volume, Secrets, volume mode default", () => isRead(projected(secret)));
    test("Projected Volume, Secrets, volume mode 0400", () => isRead(projected(secret), { defaultMode: 0o400 }));
    test("Project Volume, Secrets, non-root, custom fsGroup", () =>
      isRead(projected(secret), { defaultMode: 0o440, fsGroup: 1001, user: 1000 }));
    test("Projected Volume, Secrets, mapped", () => isRead(projected(secret), { items: mapped }));
    test("Projected Volume, Secrets, mapped, volume mode 0400", () =>
      isRead(projected(secret), { items: mappedWithMode }));
    test("Projected Volume, Secrets, mapped, multiple paths", () => isReadTwice(projected(secret)));
    test("Projected Volume, Secrets, create, update delete", () => optionalIsFollowed(projected(secret)));

    test("SubPath: Reading content from a configmap volume.", async () => {
      await subPathIsRead(configMap.volume(await make(configMap), {}), "/probe/file", "data-1", "value-1");
    });
    // The same name once more: over a file that the image has.
    test("SubPath: Reading content from a configmap volume.", async () => {
      await subPathIsRead(configMap.volume(await make(configMap), {}), "/etc/passwd", "data-1", "value-1");
    });
    test("SubPath: Reading content from a secret volume.", async () => {
      await subPathIsRead(secret.volume(await make(secret), {}), "/probe/file", "data-1", "value-1");
    });
    test("SubPath: Reading content from a projected volume.", async () => {
      await subPathIsRead(projected(secret).volume(await make(secret), {}), "/probe/file", "data-1", "value-1");
    });

    test("EmptyDir Wrapper Volume, Secret and ConfigMap volumes, no conflict", async () => {
      const volumes = [
        { name: "v", ...secret.volume(await make(secret), {}) },
        { name: "w", ...configMap.volume(await make(configMap), {}) },
      ];
      const volumeMounts = ["v", "w"].map((name) => ({ name, mountPath: `/${name}` }));
      const script = "cat /v/data-1 /w/data-1";
      expect(await pods.output({ script, container: { volumeMounts }, spec: { volumes } })).toBe("value-1value-1");
    });
    test("EmptyDir Wrapper Volume, ConfigMap volumes, no race", async () => {
      const count = 50;
      const objects = await Promise.all(Array.from({ length: count }, () => make(configMap)));
      const volumes = objects.map((name) => ({ name, ...configMap.volume(name, {}) }));
      const volumeMounts = objects.map((name) => ({ name, mountPath: `/all/${name}` }));
      const run = { script: "cat /all/*/data-1 | wc -c", container: { volumeMounts }, spec: { volumes } };
      const outputs = await Promise.all(Array.from({ length: 5 }, () => pods.output(run)));
      expect(outputs).toEqual(outputs.map(() => String(count * "value-1".length)));
    });

    test("Service Account Tokens Must AutoMount", async () => {
      const folder = "/var/run/secrets/kubernetes.io/serviceaccount";
      const shell = await pods.running({});
      const { name = "", namespace = "", uid = "" } = shell.pod.metadata;
      const node = await box.node();
      const rootCa = await box.client.resource(resources.configmaps).get({ name: "kube-root-ca.crt", namespace });
      expect(await shell.run(`cat ${folder}/namespace`)).toBe(namespace);
      expect(await shell.run(`cat ${folder}/ca.crt`)).toBe(rootCa.data?.["ca.crt"]?.trim());
      // The token says who the pod is, and where it runs.
      const spec = { token: await shell.run(`cat ${folder}/token`) };
      const { status } = await box.client.resource<TokenReview>(tokenReviews).create({ metadata: {}, spec });
      expect([status?.authenticated, status?.error]).toEqual([true, undefined]);
      expect(status?.user?.username).toBe(`system:serviceaccount:${namespace}:default`);
      const groups = ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"];
      expect(status?.user?.groups?.toSorted()).toEqual(groups.toSorted());
      expect(status?.user?.extra).toEqual({
        "authentication.kubernetes.io/credential-id": [expect.stringMatching(/^JTI=/)],
        "authentication.kubernetes.io/node-name": [node.metadata.name],
        "authentication.kubernetes.io/node-uid": [node.metadata.uid],
        "authentication.kubernetes.io/pod-name": [name],
        "authentication.kubernetes.io/pod-uid": [uid],
      });
    });
    test("TokenRequestProjection should mount a projected volume with token using TokenRequest API.", async () => {
      const serviceAccountToken = { path: "token", expirationSeconds: 3600, audience: "vault" };
      const volume = { projected: { sources: [{ serviceAccountToken }] } };
      const read = { script: "stat -L -c %a /v/token; cut -d . -f 2 /v/token", volume };
      const [mode, claims = ""] = (await pods.output(read)).split("\n");
      expect(mode).toBe("644");
      expect(JSON.parse(Buffer.from(claims, "base64url").toString()).aud).toEqual(["vault"]);
      const asUser = (
        await pods.output({ ...read, spec: { securityContext: { runAsUser: 1000, fsGroup: 2000 } } })
      ).split("\n");
      expect(asUser[0]).toBe("640");
    });

    test("a runtime that cannot mount images is told of, and one that can mounts them", async () => {
      const volume = { image: { reference: "docker.io/library/nginx:1.28", pullPolicy: "Never" } };
      const { runtimeVersion } = await box.kubelet.node.runtime.version();
      const isOld = /^v?(1|2\.0)\./.test(runtimeVersion);
      if (isOld) await pods.refused({ volume }, "image volumes need containerd 2.1 or later, and this node has");
      else expect(await pods.output({ script: "cat /v/etc/version", volume })).toBe("1.28");
    });

    test("a pod whose secret is missing says so and starts when it is there", async () => {
      const message = 'FailedMount: MountVolume.SetUp failed for volume "v" : secret "late" not found';
      const name = await pods.refused({ volume: { secret: { secretName: "late" } } }, message);
      await pods.secret("late", { "data-1": "value-1" });
      await box.podUntil(pods.namespace, name, ({ status }) => status?.phase === "Succeeded");
    });
  },
);
