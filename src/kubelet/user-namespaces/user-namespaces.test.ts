import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Pod } from "../../api/types/index.ts";
import { testHost } from "../../host/index.ts";
import type { ProgramRunner } from "./kubelet-ids.ts";
import { UserNamespaceError, UserNamespaces, type UserNamespacesOptions } from "./user-namespaces.ts";

const unit = 65_536;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "user-namespaces-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A machine whose owner set these IDs aside for its user kubelet; without any there is no such user. */
function machine(users?: string, groups = users): ProgramRunner {
  return async (program, args) => {
    if (program === "id" && users === undefined) throw new Error("no such user");
    if (program === "getsubids") return args[0] === "-g" ? groups : users;
    return "1000\n";
  };
}

function open(options: Partial<UserNamespacesOptions> = {}): Promise<UserNamespaces> {
  return UserNamespaces.open({
    host: testHost(),
    podsFolder: folder,
    podsMax: 3,
    run: machine(),
    handlers: async () => [{ name: "", recursiveReadOnlyMounts: false, userNamespaces: true }],
    ...options,
  });
}

const podOf = (uid: string): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: uid, namespace: "default", uid },
  spec: { containers: [], hostUsers: false },
});

const firstOf = async (namespaces: UserNamespaces, uid: string) =>
  (await namespaces.make(podOf(uid), ""))?.uids[0]?.hostId ?? 0;

function setAside(uid: string, first: number, length = unit): void {
  mkdirSync(join(folder, uid), { recursive: true });
  const mapping = [{ hostId: first, containerId: 0, length }];
  writeFileSync(join(folder, uid, "userns"), JSON.stringify({ uidMappings: mapping, gidMappings: mapping }));
}

test("pods share out what the machine's owner set aside for the kubelet, until nothing is left", async () => {
  const namespaces = await open({ run: machine(`0: kubelet ${5 * unit} ${3 * unit}\n`) });
  const firsts = [];
  for (const uid of ["a", "b", "c"]) firsts.push(await firstOf(namespaces, uid));
  expect(firsts.sort((a, b) => a - b)).toEqual([5 * unit, 6 * unit, 7 * unit]);
  await expect(namespaces.make(podOf("d"), "")).rejects.toThrow(
    "create user namespace: could not find an empty slot to allocate a user namespace",
  );
  const freed = await firstOf(namespaces, "b");
  await namespaces.release("b");
  expect(await firstOf(namespaces, "d")).toBe(freed);
});

test("a pod asks as often as it likes, and has the same IDs", async () => {
  const namespaces = await open();
  expect(await firstOf(namespaces, "a")).toBe(await firstOf(namespaces, "a"));
  expect(namespaces.of(podOf("b"))).toBeUndefined();
});

test("a pod with the machine's users has no IDs of its own", async () => {
  const namespaces = await open();
  expect(await namespaces.make({ ...podOf("a"), spec: { containers: [] } }, "")).toBeUndefined();
});

test("pods may have more IDs each", async () => {
  const namespaces = await open({ idsPerPod: 2 * unit });
  const first = await firstOf(namespaces, "a");
  expect(first % (2 * unit)).toBe(0);
  expect(namespaces.of(podOf("a"))?.gids).toEqual([{ hostId: first, containerId: 0, length: 2 * unit }]);
});

test("IDs of pods that are here already are nobody else's, until these are known to be gone", async () => {
  setAside("old", 5 * unit);
  mkdirSync(join(folder, "without"));
  const namespaces = await open({ podsMax: 1, run: machine(`0: kubelet ${5 * unit} ${unit}`) });
  expect(namespaces.of(podOf("old"))?.uids[0]?.hostId).toBe(5 * unit);
  await expect(namespaces.make(podOf("new"), "")).rejects.toThrow("could not find an empty slot");
  await namespaces.removeOrphans((uid) => uid !== "old");
  expect(await firstOf(namespaces, "new")).toBe(5 * unit);
});

test.each<[string, () => Partial<UserNamespacesOptions>, string]>([
  [
    "other groups than users",
    () => ({ run: machine("0: kubelet 65536 655360", "0: kubelet 131072 655360") }),
    'kubelet mappings: mismatched subuids and subgids for user "kubelet"',
  ],
  [
    "two ranges",
    () => ({ run: machine("0: kubelet 65536 65536\n1: kubelet 655360 65536\n") }),
    "it must contain only one line",
  ],
  ["the machine's own users", () => ({ run: machine("0: kubelet 0 655360") }), "must be greater or equal to 65536"],
  ["a range that is not aligned", () => ({ run: machine("0: kubelet 100000 655360") }), "is not a multiple of 65536"],
  ["a length of half a pod", () => ({ run: machine("0: kubelet 65536 98304") }), "IDs length 98304 is not a multiple"],
  [
    "too little for the node's pods",
    () => ({ run: machine("0: kubelet 65536 131072") }),
    "kubelet user assigned IDs are not enough to support 3 pods",
  ],
  [
    "a number of IDs that containers do not expect",
    () => ({ idsPerPod: 1000 }),
    "kubelet user namespace length 1000 is not a multiple of 65536",
  ],
  [
    "a pod here that has another number of IDs",
    () => {
      setAside("old", unit);
      return { idsPerPod: 2 * unit };
    },
    'record pod mappings for existing pod "old": wrong user namespace length 65536',
  ],
  [
    "two pods here with the same IDs",
    () => {
      setAside("a", unit);
      setAside("b", unit);
      return {};
    },
    "already taken",
  ],
])("%s: the kubelet does not start, and says why", async (_, options, message) => {
  const opening = open(options());
  await expect(opening).rejects.toThrow(UserNamespaceError);
  await expect(opening).rejects.toThrow(message);
});

test.each([
  ["nothing", "{", "invalid user namespace mappings file"],
  ["no mapping", "{}", "no more than one mapping allowed."],
  [
    "users alone",
    JSON.stringify({ uidMappings: [{ hostId: unit, containerId: 0, length: unit }] }),
    "GID and UID mappings should be identical.",
  ],
])("a file that says %s is told of", async (_, text, message) => {
  mkdirSync(join(folder, "old"));
  writeFileSync(join(folder, "old", "userns"), text);
  await expect(open()).rejects.toThrow(message);
});

test("where no program tells of IDs all but the machine's own are the pods'", async () => {
  const namespaces = await open({ run: async (program) => (program === "id" ? "1000" : undefined) });
  expect(await firstOf(namespaces, "a")).toBeGreaterThanOrEqual(unit);
});

test("a handler that cannot map users is named", async () => {
  const handlers = [{ name: "kata", recursiveReadOnlyMounts: false, userNamespaces: false }];
  const namespaces = await open({ handlers: async () => handlers });
  await expect(namespaces.make(podOf("a"), "kata")).rejects.toThrow(
    'can\'t set `spec.hostUsers: false`, RuntimeClass handler "kata" does not support user namespaces',
  );
});
