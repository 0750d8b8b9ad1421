import { expect, test } from "vitest";
import type { WatchEvent } from "../support/api.ts";
import { core, labelled } from "../support/paths.ts";
import { conformanceSuite } from "../support/suite.ts";

const suite = conformanceSuite({ nodes: false });

const labelKey = "watch-this-configmap";

function configMap(name: string, label: string) {
  return { metadata: { name, labels: { [labelKey]: label } } };
}

function shape({ type, object }: WatchEvent) {
  return [type, object.metadata.name, object.data?.mutation];
}

test("watch-configmaps-with-multiple-watchers", async () => {
  const { api } = suite;
  const path = core(await suite.namespace(), "configmaps");
  const watchA = await api.watch(path, labelled(`${labelKey}=A`));
  const watchB = await api.watch(path, labelled(`${labelKey}=B`));
  const watchBoth = await api.watch(path, labelled(`${labelKey} in (A,B)`));
  await api.create(path, configMap("a", "A"));
  await api.patch(`${path}/a`, "merge", { data: { mutation: "1" } });
  await api.patch(`${path}/a`, "merge", { data: { mutation: "2" } });
  await api.delete(`${path}/a`);
  await api.create(path, configMap("b", "B"));
  await api.delete(`${path}/b`);
  const ofA = [
    ["ADDED", "a", undefined],
    ["MODIFIED", "a", "1"],
    ["MODIFIED", "a", "2"],
    ["DELETED", "a", "2"],
  ];
  const ofB = [
    ["ADDED", "b", undefined],
    ["DELETED", "b", undefined],
  ];
  for (const expected of ofA) expect(shape(await watchA.next())).toEqual(expected);
  for (const expected of ofB) expect(shape(await watchB.next())).toEqual(expected);
  for (const expected of [...ofA, ...ofB]) expect(shape(await watchBoth.next())).toEqual(expected);
  expect(watchA.waiting).toEqual([]);
  expect(watchB.waiting).toEqual([]);
  for (const watch of [watchA, watchB, watchBoth]) watch.stop();
});

test("watch-configmaps-from-resource-version", async () => {
  const { api } = suite;
  const path = core(await suite.namespace(), "configmaps");
  await api.create(path, configMap("c", "from-version"));
  const first = await api.patch(`${path}/c`, "merge", { data: { mutation: "1" } });
  await api.patch(`${path}/c`, "merge", { data: { mutation: "2" } });
  await api.delete(`${path}/c`);
  const watch = await api.watch(path, `resourceVersion=${first.metadata.resourceVersion}`);
  expect(shape(await watch.next())).toEqual(["MODIFIED", "c", "2"]);
  expect(shape(await watch.next())).toEqual(["DELETED", "c", "2"]);
  watch.stop();
});

test("watch-configmaps-closed-and-restarted", async () => {
  const { api } = suite;
  const path = core(await suite.namespace(), "configmaps");
  const select = labelled(`${labelKey}=restart`);
  const before = await api.watch(path, select);
  await api.create(path, configMap("c", "restart"));
  await api.patch(`${path}/c`, "merge", { data: { mutation: "1" } });
  await before.next(({ type }) => type === "ADDED");
  const last = await before.next(({ type }) => type === "MODIFIED");
  before.stop();
  await api.patch(`${path}/c`, "merge", { data: { mutation: "2" } });
  const after = await api.watch(path, `${select}&resourceVersion=${last.object.metadata.resourceVersion}`);
  await api.delete(`${path}/c`);
  expect(shape(await after.next())).toEqual(["MODIFIED", "c", "2"]);
  expect(shape(await after.next())).toEqual(["DELETED", "c", "2"]);
  after.stop();
});

test("watch-configmaps-label-changed", async () => {
  const { api } = suite;
  const path = core(await suite.namespace(), "configmaps");
  const watch = await api.watch(path, labelled(`${labelKey}=original`));
  await api.create(path, configMap("c", "original"));
  await api.patch(`${path}/c`, "merge", { data: { mutation: "1" } });
  await api.patch(`${path}/c`, "merge", { metadata: { labels: { [labelKey]: "changed" } } });
  await api.patch(`${path}/c`, "merge", { data: { mutation: "2" } });
  await api.patch(`${path}/c`, "merge", { metadata: { labels: { [labelKey]: "original" } } });
  await api.patch(`${path}/c`, "merge", { data: { mutation: "3" } });
  await api.delete(`${path}/c`);
  const seen = [];
  for (let count = 0; count < 6; count++) seen.push(shape(await watch.next()));
  expect(seen).toEqual([
    ["ADDED", "c", undefined],
    ["MODIFIED", "c", "1"],
    ["DELETED", "c", "1"],
    ["ADDED", "c", "2"],
    ["MODIFIED", "c", "3"],
    ["DELETED", "c", "3"],
  ]);
  expect(watch.waiting).toEqual([]);
  watch.stop();
});

test("watch-consistency", async () => {
  const { api } = suite;
  const path = core(await suite.namespace(), "configmaps");
  const rounds = 100;
  const start = await api.get(path);
  const from = (version: string) => api.watch(path, `resourceVersion=${version}`);
  const first = await from(start.metadata.resourceVersion);
  let writing = true;
  const writes = (async () => {
    for (let count = 0; writing; count++) {
      const name = `c-${count}`;
      await api.create(path, { metadata: { name } });
      await api.patch(`${path}/${name}`, "merge", { data: { mutation: "1" } });
      if (count % 2 === 0) await api.delete(`${path}/${name}`);
    }
  })();
  const watches = [first];
  try {
    for (let round = 0; round < rounds; round++) {
      const versions = [];
      for (const watch of watches) versions.push((await watch.next()).object.metadata.resourceVersion);
      expect(new Set(versions).size).toBe(1);
      watches.push(await from(versions[0]));
    }
  } finally {
    writing = false;
    await writes;
    for (const watch of watches) watch.stop();
  }
});
