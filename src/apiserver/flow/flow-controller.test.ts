import { describe, expect, it } from "vitest";
import type { FlowSchema, PriorityLevelConfiguration } from "../../api/types/index.ts";
import { testHost } from "../../host/index.ts";
import type { UserInfo } from "../request.ts";
import { FlowController } from "./flow-controller.ts";
import type { LimitedRequest, Seat } from "./limiter.ts";
import { allocateSeats } from "./seat-allocation.ts";
import { dealHand } from "./shuffle.ts";

const group = "flowcontrol.apiserver.k8s.io/v1";

function level(name: string, shares: number, more: object = {}): PriorityLevelConfiguration {
  const limited = { nominalConcurrencyShares: shares, lendablePercent: 0, limitResponse: { type: "Reject" }, ...more };
  const spec = { type: "Limited", limited };
  return { apiVersion: group, kind: "PriorityLevelConfiguration", metadata: { name, uid: `${name}-level` }, spec };
}

const queued = { limitResponse: { type: "Queue", queuing: { queues: 8, handSize: 2, queueLengthLimit: 3 } } };

function schema(name: string, of: string, precedence: number, subject: object, more: object = {}): FlowSchema {
  const everything = {
    verbs: ["*"],
    apiGroups: ["*"],
    resources: ["*"],
    namespaces: ["*"],
    clusterScope: true,
  };
  return {
    apiVersion: group,
    kind: "FlowSchema",
    metadata: { name, uid: `${name}-schema` },
    spec: {
      matchingPrecedence: precedence,
      priorityLevelConfiguration: { name: of },
      distinguisherMethod: { type: "ByUser" },
      rules: [{ subjects: [subject], resourceRules: [everything], ...more }],
    },
  } as FlowSchema;
}

const user = (name: string, ...groups: string[]): UserInfo => ({ name, groups: [...groups, "system:authenticated"] });
const byUser = (name: string) => ({ kind: "User", user: { name } });
const list: LimitedRequest = {
  verb: "list",
  isResource: true,
  path: "/api/v1/pods",
  group: "",
  resource: "pods",
  subresource: "",
  namespace: "",
};

function controller(total: number, levels: PriorityLevelConfiguration[], schemas: FlowSchema[]) {
  const host = testHost();
  const made = new FlowController(host, total);
  made.configure(schemas, levels);
  const take = (who: UserInfo, request = list) => made.flowOf(who, request).take(who, request);
  return { host, made, take };
}

describe("requests are sorted into flow schemas", () => {
  const schemas = [
    schema("late", "b", 20, { kind: "Group", group: { name: "system:authenticated" } }),
    schema("early", "a", 10, byUser("ann")),
    schema("accounts", "a", 5, { kind: "ServiceAccount", serviceAccount: { namespace: "kube-system", name: "*" } }),
    schema("dangling", "none", 1, byUser("ann")),
  ];
  const { made } = controller(100, [level("a", 10), level("b", 10)], schemas);
  const headersOf = (who: UserInfo, request = list) => made.flowOf(who, request).headers;

  it("by precedence, passing over those whose level there is not", () => {
    const of = (schemaUid: string, levelUid: string) => ({
      "x-kubernetes-pf-flowschema-uid": schemaUid,
      "x-kubernetes-pf-prioritylevel-uid": levelUid,
    });
    expect(headersOf(user("ann"))).toEqual(of("early-schema", "a-level"));
    expect(headersOf(user("bob"))).toEqual(of("late-schema", "b-level"));
    expect(headersOf(user("system:serviceaccount:kube-system:x"))).toEqual(of("accounts-schema", "a-level"));
    expect(headersOf(user("system:serviceaccount:other:x"))).toEqual(of("late-schema", "b-level"));
    expect(headersOf(user("eve", "system:masters"))).toEqual(of("", ""));
    expect(headersOf(user("ann"), { ...list, isResource: false, path: "/metrics" })).toEqual(of("", ""));
  });
});

describe("a level", () => {
  it("without queues refuses what it has no seat for", () => {
    const { take } = controller(10, [level("a", 5), level("catch-all", 5)], [schema("s", "a", 1, byUser("ann"))]);
    const seats = Array.from({ length: 5 }, () => take(user("ann")));
    expect(seats.every(Boolean)).toBe(true);
    expect(take(user("ann"))).toBeUndefined();
    (seats[0] as Seat).give();
    expect(take(user("ann"))).toBeDefined();
    expect(take(user("bob"))).toBeDefined(); // another level
    expect(Array.from({ length: 20 }, () => take(user("root", "system:masters"))).every(Boolean)).toBe(true);
  });

  it("with queues lets requests wait, each flow's in turn", async () => {
    const { take, host } = controller(
      2,
      [level("a", 1, queued), level("catch-all", 1)],
      [schema("s", "a", 1, { kind: "Group", group: { name: "system:authenticated" } })],
    );
    const order: string[] = [];
    const first = take(user("elephant")) as Seat;
    const wait = (name: string) =>
      Promise.resolve(take(user(name))).then(async (seat) => {
        order.push(seat === undefined ? `${name} refused` : name);
        await host.clock.advance(100);
        seat?.give();
      });
    const all = [...["elephant", "elephant", "elephant", "mouse"].map(wait)];
    await host.clock.advance(1000);
    first.give();
    await host.clock.advance(5000);
    await Promise.all(all);
    expect(order.filter((name) => name === "elephant")).toHaveLength(3);
    expect(order.indexOf("mouse")).toBeLessThan(3);
  });

  it("refuses what finds its queues full, or waits too long", async () => {
    const { take, host } = controller(
      2,
      [level("a", 1, queued), level("catch-all", 1)],
      [schema("s", "a", 1, byUser("ann"))],
    );
    take(user("ann"));
    const waiting = Array.from({ length: 8 }, () => take(user("ann")));
    expect(waiting.filter((one) => one === undefined)).toHaveLength(2); // two queues of three
    await host.clock.advance(15_000);
    expect(await Promise.all(waiting)).toEqual(Array.from({ length: 8 }, () => undefined));
    const text = await host.metrics.render();
    const of = 'apiserver_flowcontrol_rejected_requests_total{priority_level="a",flow_schema="s",reason=';
    expect(text).toContain(`${of}"queue-full"} 2`);
    expect(text).toContain(`${of}"time-out"} 6`);
    expect(text).toContain('apiserver_flowcontrol_current_executing_requests{priority_level="a",flow_schema="s"} 1');
    expect(text).toContain('apiserver_flowcontrol_nominal_limit_seats{priority_level="a"} 1');
  });

  it("borrows what others lend and do not need, and gives it back", async () => {
    const { take, host, made } = controller(
      20,
      [level("a", 10), level("b", 10, { lendablePercent: 50 }), level("catch-all", 0)],
      [schema("s", "a", 1, byUser("ann"))],
    );
    const seats = Array.from({ length: 15 }, () => take(user("ann")));
    expect(seats.every(Boolean)).toBe(true);
    expect(take(user("ann"))).toBeUndefined();
    expect(made.levels.get("b")?.seats).toBe(5);
    for (const seat of seats) (seat as Seat).give();
    await host.clock.advance(60_000);
    expect([made.levels.get("a")?.seats, made.levels.get("b")?.seats]).toEqual([10, 10]);
  });
});

it("seats are shared in proportion to what is wanted, within everybody's bounds", () => {
  const claim = (min: number, max: number, wanted: number) => ({ min, max, wanted });
  expect(allocateSeats(100, [claim(10, 100, 300), claim(10, 100, 100)])).toEqual([75, 25]);
  expect(allocateSeats(100, [claim(0, 30, 300), claim(60, 100, 1)])).toEqual([30, 70]);
});

it("a hand holds different queues, and two flows rarely the same ones", () => {
  const hands = Array.from({ length: 200 }, (_, i) => dealHand(`flow-${i}`, 64, 6));
  for (const hand of hands) expect(new Set(hand).size).toBe(6);
  expect(new Set(hands.map((hand) => [...hand].sort().join())).size).toBe(200);
  expect(new Set(hands.flat()).size).toBe(64);
});
