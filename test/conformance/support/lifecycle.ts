// What "MUST support create, get, list, watch, update, patch, delete, deletecollection" means, for any resource.
import { expect } from "vitest";
import type { Api, Json } from "./api.ts";

export interface Lifecycle {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly namespace?: string;
  /** A valid object of this name and labels. */
  object(name: string, labels: Record<string, string>): Json;
  /** Subresources that discovery must name. */
  readonly subresources?: readonly string[];
}

/** The resource's collection. */
export function collectionOf({ group, version, resource, namespace }: Omit<Lifecycle, "object">): string {
  const root = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  return namespace === undefined ? `${root}/${resource}` : `${root}/namespaces/${namespace}/${resource}`;
}

/** The group, its version, the resource and its subresources are in the discovery documents. */
export async function expectDiscovered(api: Api, { group, version, resource, subresources }: Lifecycle): Promise<void> {
  if (group !== "") {
    const groups = await api.get("/apis");
    const listed = groups.groups.find((one: Json) => one.name === group);
    expect(listed?.versions.map((one: Json) => one.version)).toContain(version);
    const alone = await api.get(`/apis/${group}`);
    expect(alone.versions.map((one: Json) => one.groupVersion)).toContain(`${group}/${version}`);
  }
  const resources = await api.get(group === "" ? `/api/${version}` : `/apis/${group}/${version}`);
  const names = resources.resources.map((one: Json) => one.name);
  for (const name of [resource, ...(subresources ?? []).map((sub) => `${resource}/${sub}`)]) {
    expect(names).toContain(name);
  }
}

/** Discovery, then every verb once, seen by a watch; ends with nothing left of what it made. */
export async function expectLifecycle(api: Api, of: Lifecycle): Promise<void> {
  await expectDiscovered(api, of);
  const path = collectionOf(of);
  const run = `run-${Math.random().toString(36).slice(2, 10)}`;
  const labels = { "conformance-run": run };
  const select = `labelSelector=conformance-run%3D${run}`;
  const names = ["one", "two", "three"].map((name) => `${run}-${name}`);
  const [first = "", second = ""] = names;

  const created = await api.create(path, of.object(first, labels));
  expect(created.metadata).toMatchObject({ name: first, labels });
  expect(created.metadata.uid).toBeTruthy();
  expect(created.metadata.resourceVersion).toMatch(/^[1-9][0-9]*$/);
  expect(created.metadata.creationTimestamp).toBeTruthy();
  const read = await api.get(`${path}/${first}`);
  expect(read.metadata.uid).toBe(created.metadata.uid);
  expect(read.spec).toEqual(created.spec);
  for (const name of names.slice(1)) await api.create(path, of.object(name, labels));
  const listed = await api.get(`${path}?${select}`);
  expect(listed.items.map((item: Json) => item.metadata.name).sort()).toEqual([...names].sort());
  if (of.namespace !== undefined) {
    const everywhere = await api.get(`${collectionOf({ ...of, namespace: undefined })}?${select}`);
    expect(everywhere.items).toHaveLength(3);
  }

  const watching = await api.watch(path, `${select}&resourceVersion=${listed.metadata.resourceVersion}`);
  const patched = await api.patch(`${path}/${first}`, "merge", { metadata: { annotations: { patched: "true" } } });
  expect(patched.metadata.annotations.patched).toBe("true");
  expect(BigInt(patched.metadata.resourceVersion)).toBeGreaterThan(BigInt(created.metadata.resourceVersion));
  const updated = await api.edit(`${path}/${first}`, (object) => {
    object.metadata.annotations = { ...object.metadata.annotations, updated: "true" };
  });
  expect(updated.metadata.annotations).toMatchObject({ patched: "true", updated: "true" });
  const seen = await watching.next(
    ({ type, object }) => type === "MODIFIED" && object.metadata.annotations?.updated === "true",
  );
  expect(seen.object.metadata.annotations.patched).toBe("true");

  await api.delete(`${path}/${second}`);
  await watching.next(({ type, object }) => type === "DELETED" && object.metadata.name === second);
  await api.untilGone(`${path}/${second}`);
  await api.delete(`${path}?${select}`);
  watching.stop();
  await api.untilList(`${path}?${select}`, (items) => items.length === 0);
}

/** A change of the status subresource by patch and by update shows and leaves the spec alone. */
export async function expectStatusChanges(
  api: Api,
  path: string,
  patch: Json,
  update: (status: Json) => void,
): Promise<Json> {
  const before = await api.get(path);
  const patched = await api.patch(`${path}/status`, "merge", { status: patch });
  expect(patched.status).toMatchObject(patch);
  const updated = await api.edit(
    path,
    (object) => {
      object.status ??= {};
      update(object.status);
    },
    `${path}/status`,
  );
  expect(updated.spec).toEqual(before.spec);
  const expected = { ...updated.status };
  update(expected);
  expect(updated.status).toMatchObject(expected);
  const read = await api.get(`${path}/status`);
  expect(read.metadata.uid).toBe(before.metadata.uid);
  return updated;
}
