import { crc32 } from "node:zlib";
import {
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  status,
  type UntypedHandleCall,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import type { EtcdService } from "../etcd/etcd-api.ts";
import { KeyRange } from "./key-range.ts";
import type { KeyValues } from "./key-values.ts";
import { type Leases, leaseId } from "./leases.ts";
import type { DeleteRangeRequest, PutRequest, RangeRequest, RequestOp, TxnRequest, WatchRequest } from "./messages.ts";
import { rangeAnswer } from "./range.ts";
import { asRefusal, Refusal } from "./refusal.ts";
import { writeSnapshot } from "./snapshot.ts";
import { Transactions } from "./transactions.ts";
import { type WatchPorts, WatchStream } from "./watch-stream.ts";

/** What clients take the server for: they decide by it which requests they may send. */
const etcdVersion = "3.5.21";
const clusterId = "14841639068965178418";
const memberId = "10276657743932975437";
const raftTerm = 2;

export interface ServicePorts extends WatchPorts {
  readonly leases: Leases;
  readonly values: KeyValues;
  /** The URL that clients reach the server by. */
  clientUrl(): string;
}

export function headerOf(revision: number): object {
  return { clusterId, memberId, revision, raftTerm };
}

type Unary = (request: never) => Promise<object>;
type Unimplemented = readonly string[];

/** etcd's services over a store. */
export function servicesOf(
  ports: ServicePorts,
  streams: Set<WatchStream>,
): Record<EtcdService, UntypedServiceImplementation> {
  const { store, leases } = ports;
  const transactions = new Transactions(store, ports.values, leases);
  const single = async (request: RequestOp) => {
    const { revision, answer } = await transactions.single(request);
    return { ...answer, header: headerOf(revision) };
  };
  return {
    KV: unaries({
      Range: (request: RangeRequest) => range(ports, request),
      Put: (requestPut: PutRequest) => single({ requestPut }),
      DeleteRange: (requestDeleteRange: DeleteRangeRequest) => single({ requestDeleteRange }),
      Txn: async (request: TxnRequest) => {
        const { revision, answer } = await transactions.txn(request);
        return { header: headerOf(revision), ...answer };
      },
      Compact: async ({ revision }: { revision: string }) => {
        await store.compact(Number(revision));
        return { header: ports.header() };
      },
    }),
    Watch: {
      Watch: (stream: ServerDuplexStream<WatchRequest, object>) => {
        const watch = new WatchStream(ports, stream);
        streams.add(watch);
        stream.on("close", () => streams.delete(watch));
      },
    },
    Lease: {
      ...unaries({
        LeaseGrant: async ({ ID, TTL }: { ID: string; TTL: string }) => {
          const { id, seconds } = await leases.grant(leaseId(ID), Number(TTL));
          return { header: ports.header(), ID: id, TTL: seconds };
        },
        LeaseRevoke: async ({ ID }: { ID: string }) => {
          await leases.revoke(leaseId(ID));
          return { header: ports.header() };
        },
        LeaseTimeToLive: async ({ ID, keys }: { ID: string; keys: boolean }) => {
          const found = leases.timeToLive(leaseId(ID));
          if (found === undefined) return { header: ports.header(), ID, TTL: -1 };
          const attached = keys ? found.keys.map((key) => Buffer.from(key)) : [];
          return { header: ports.header(), ID, TTL: found.seconds, grantedTTL: found.granted, keys: attached };
        },
        LeaseLeases: async () => ({ header: ports.header(), leases: leases.all.map((ID) => ({ ID })) }),
      }),
      LeaseKeepAlive: (stream: ServerDuplexStream<{ ID: string }, object>) => keepAlive(ports, stream),
    },
    Cluster: {
      ...unaries({
        MemberList: async () => ({
          header: ports.header(),
          members: [{ ID: memberId, name: "sampan", peerURLs: [], clientURLs: [ports.clientUrl()] }],
        }),
      }),
      ...refused(
        ["MemberAdd", "MemberRemove", "MemberUpdate", "MemberPromote"],
        status.UNIMPLEMENTED,
        "sampan: the embedded store has one member; keep the cluster in etcd (--etcd-servers) for more",
      ),
    },
    Maintenance: {
      ...unaries({
        Alarm: async () => ({ header: ports.header(), alarms: [] }),
        Status: async () => ({
          header: ports.header(),
          version: etcdVersion,
          leader: memberId,
          raftIndex: store.revision,
          raftAppliedIndex: store.revision,
          raftTerm,
        }),
        // The embedded store reuses free pages by itself: there is nothing to do, and nothing that could go wrong.
        Defragment: async () => ({ header: ports.header() }),
        Hash: () => hash(ports, 0),
        HashKV: ({ revision }: { revision: string }) => hash(ports, Number(revision)),
      }),
      Snapshot: (stream: ServerWritableStream<object, object>) => {
        writeSnapshot(ports, stream).catch((error: unknown) => stream.emit("error", errorOf(error)));
      },
      ...refused(["MoveLeader", "Downgrade"], status.UNIMPLEMENTED, "sampan: the embedded store has one member"),
    },
    Auth: {
      ...unaries({ AuthStatus: async () => ({ header: ports.header(), enabled: false }) }),
      ...refused(
        authMethods,
        status.UNIMPLEMENTED,
        "sampan: clients are told apart by their certificates, there are no users",
      ),
    },
  };
}

const authMethods: Unimplemented = [
  "AuthEnable AuthDisable Authenticate UserAdd UserGet UserList UserDelete UserChangePassword UserGrantRole",
  "UserRevokeRole RoleAdd RoleGet RoleList RoleDelete RoleGrantPermission RoleRevokePermission",
].flatMap((names) => names.split(" "));

async function range({ store, values, header }: ServicePorts, request: RangeRequest): Promise<object> {
  const wanted = new KeyRange(request.key, request.rangeEnd);
  const at = Number(request.revision);
  const snapshot = await store.list(wanted.prefix, at > 0 ? at : undefined);
  // A list goes on with a watch from the revision that it was told: it must be the one that was read.
  const told = at > 0 ? header() : header(snapshot.revision);
  return { header: told, ...rangeAnswer(request, [...wanted.entriesOf(snapshot)], values) };
}

async function hash({ store, values, header }: ServicePorts, at: number): Promise<object> {
  const snapshot = await store.list("", at > 0 ? at : undefined);
  let sum = 0;
  for (const entry of snapshot.entries())
    sum = crc32(values.valueOf(entry), crc32(`${entry.key} ${entry.revision}`, sum));
  return { header: header(), hash: sum };
}

/** Answers come in the order of the requests. */
function keepAlive({ leases, header }: ServicePorts, stream: ServerDuplexStream<{ ID: string }, object>): void {
  let running = Promise.resolve();
  let ended = false;
  stream.on("data", ({ ID }: { ID: string }) => {
    running = running.then(async () => {
      if (ended) return;
      try {
        stream.write({ header: header(), ID, TTL: await leases.keepAlive(leaseId(ID)) });
      } catch (error) {
        stream.emit("error", errorOf(error));
      }
    });
  });
  const forget = () => {
    ended = true;
  };
  stream.on("cancelled", forget);
  stream.on("error", forget);
  stream.on("end", () => void running.then(() => stream.end()));
}

function unaries(methods: Record<string, Unary>): UntypedServiceImplementation {
  return Object.fromEntries<UntypedHandleCall>(
    Object.entries(methods).map(([name, method]) => [
      name,
      (call: ServerUnaryCall<unknown, object>, callback: sendUnaryData<object>) => {
        method(call.request as never).then(
          (answer) => callback(null, answer),
          (error: unknown) => callback(errorOf(error)),
        );
      },
    ]),
  );
}

function refused(names: Unimplemented, code: number, details: string): UntypedServiceImplementation {
  const answer = async () => {
    throw new Refusal(code, details);
  };
  return unaries(Object.fromEntries(names.map((name) => [name, answer])));
}

function errorOf(error: unknown): { code: number; details: string } {
  const { code, details } = asRefusal(error);
  return { code, details };
}
