import type { Descriptor } from "../../grpc/index.ts";

/**
 * etcd's v3 API as a table: packages etcdserverpb, mvccpb and authpb, with the field numbers of etcd 3.6 (older servers
 * leave out what they do not know). A field is `name:type=number`; `*` repeats it, and fields of a oneof are in braces
 * after its name.
 */
const messages: Readonly<Record<string, string>> = {
  "mvccpb.KeyValue":
    "key:bytes=1 createRevision:int64=2 modRevision:int64=3 version:int64=4 value:bytes=5 lease:int64=6",
  "mvccpb.Event": "type:mvccpb.EventType=1 kv:mvccpb.KeyValue=2 prevKv:mvccpb.KeyValue=3",
  "authpb.UserAddOptions": "noPassword:bool=1",
  "authpb.Permission": "permType:authpb.PermissionType=1 key:bytes=2 rangeEnd:bytes=3",

  ResponseHeader: "clusterId:uint64=1 memberId:uint64=2 revision:int64=3 raftTerm:uint64=4",
  RangeRequest:
    "key:bytes=1 rangeEnd:bytes=2 limit:int64=3 revision:int64=4 sortOrder:SortOrder=5 sortTarget:SortTarget=6 " +
    "serializable:bool=7 keysOnly:bool=8 countOnly:bool=9 minModRevision:int64=10 maxModRevision:int64=11 " +
    "minCreateRevision:int64=12 maxCreateRevision:int64=13",
  RangeResponse: "header:ResponseHeader=1 *kvs:mvccpb.KeyValue=2 more:bool=3 count:int64=4",
  PutRequest: "key:bytes=1 value:bytes=2 lease:int64=3 prevKv:bool=4 ignoreValue:bool=5 ignoreLease:bool=6",
  PutResponse: "header:ResponseHeader=1 prevKv:mvccpb.KeyValue=2",
  DeleteRangeRequest: "key:bytes=1 rangeEnd:bytes=2 prevKv:bool=3",
  DeleteRangeResponse: "header:ResponseHeader=1 deleted:int64=2 *prevKvs:mvccpb.KeyValue=3",
  RequestOp:
    "request{requestRange:RangeRequest=1 requestPut:PutRequest=2 requestDeleteRange:DeleteRangeRequest=3 requestTxn:TxnRequest=4}",
  ResponseOp:
    "response{responseRange:RangeResponse=1 responsePut:PutResponse=2 responseDeleteRange:DeleteRangeResponse=3 responseTxn:TxnResponse=4}",
  Compare:
    "result:CompareResult=1 target:CompareTarget=2 key:bytes=3 " +
    "targetUnion{version:int64=4 createRevision:int64=5 modRevision:int64=6 value:bytes=7 lease:int64=8} rangeEnd:bytes=64",
  TxnRequest: "*compare:Compare=1 *success:RequestOp=2 *failure:RequestOp=3",
  TxnResponse: "header:ResponseHeader=1 succeeded:bool=2 *responses:ResponseOp=3",
  CompactionRequest: "revision:int64=1 physical:bool=2",
  CompactionResponse: "header:ResponseHeader=1",

  WatchRequest:
    "requestUnion{createRequest:WatchCreateRequest=1 cancelRequest:WatchCancelRequest=2 progressRequest:WatchProgressRequest=3}",
  WatchCreateRequest:
    "key:bytes=1 rangeEnd:bytes=2 startRevision:int64=3 progressNotify:bool=4 *filters:FilterType=5 prevKv:bool=6 " +
    "watchId:int64=7 fragment:bool=8",
  WatchCancelRequest: "watchId:int64=1",
  WatchProgressRequest: "",
  WatchResponse:
    "header:ResponseHeader=1 watchId:int64=2 created:bool=3 canceled:bool=4 compactRevision:int64=5 cancelReason:string=6 " +
    "fragment:bool=7 *events:mvccpb.Event=11",

  LeaseGrantRequest: "TTL:int64=1 ID:int64=2",
  LeaseGrantResponse: "header:ResponseHeader=1 ID:int64=2 TTL:int64=3 error:string=4",
  LeaseRevokeRequest: "ID:int64=1",
  LeaseRevokeResponse: "header:ResponseHeader=1",
  LeaseKeepAliveRequest: "ID:int64=1",
  LeaseKeepAliveResponse: "header:ResponseHeader=1 ID:int64=2 TTL:int64=3",
  LeaseTimeToLiveRequest: "ID:int64=1 keys:bool=2",
  LeaseTimeToLiveResponse: "header:ResponseHeader=1 ID:int64=2 TTL:int64=3 grantedTTL:int64=4 *keys:bytes=5",
  LeaseLeasesRequest: "",
  LeaseStatus: "ID:int64=1",
  LeaseLeasesResponse: "header:ResponseHeader=1 *leases:LeaseStatus=2",

  Member: "ID:uint64=1 name:string=2 *peerURLs:string=3 *clientURLs:string=4 isLearner:bool=5",
  MemberAddRequest: "*peerURLs:string=1 isLearner:bool=2",
  MemberAddResponse: "header:ResponseHeader=1 member:Member=2 *members:Member=3",
  MemberRemoveRequest: "ID:uint64=1",
  MemberRemoveResponse: "header:ResponseHeader=1 *members:Member=2",
  MemberUpdateRequest: "ID:uint64=1 *peerURLs:string=2",
  MemberUpdateResponse: "header:ResponseHeader=1 *members:Member=2",
  MemberListRequest: "linearizable:bool=1",
  MemberListResponse: "header:ResponseHeader=1 *members:Member=2",
  MemberPromoteRequest: "ID:uint64=1",
  MemberPromoteResponse: "header:ResponseHeader=1 *members:Member=2",

  AlarmRequest: "action:AlarmAction=1 memberID:uint64=2 alarm:AlarmType=3",
  AlarmMember: "memberID:uint64=1 alarm:AlarmType=2",
  AlarmResponse: "header:ResponseHeader=1 *alarms:AlarmMember=2",
  StatusRequest: "",
  StatusResponse:
    "header:ResponseHeader=1 version:string=2 dbSize:int64=3 leader:uint64=4 raftIndex:uint64=5 raftTerm:uint64=6 " +
    "raftAppliedIndex:uint64=7 *errors:string=8 dbSizeInUse:int64=9 isLearner:bool=10",
  DefragmentRequest: "",
  DefragmentResponse: "header:ResponseHeader=1",
  HashRequest: "",
  HashResponse: "header:ResponseHeader=1 hash:uint32=2",
  HashKVRequest: "revision:int64=1",
  HashKVResponse: "header:ResponseHeader=1 hash:uint32=2 compactRevision:int64=3",
  SnapshotRequest: "",
  SnapshotResponse: "header:ResponseHeader=1 remainingBytes:uint64=2 blob:bytes=3 version:string=4",
  MoveLeaderRequest: "targetID:uint64=1",
  MoveLeaderResponse: "header:ResponseHeader=1",
  DowngradeRequest: "action:DowngradeAction=1 version:string=2",
  DowngradeResponse: "header:ResponseHeader=1 version:string=2",

  AuthEnableRequest: "",
  AuthEnableResponse: "header:ResponseHeader=1",
  AuthDisableRequest: "",
  AuthDisableResponse: "header:ResponseHeader=1",
  AuthStatusRequest: "",
  AuthStatusResponse: "header:ResponseHeader=1 enabled:bool=2 authRevision:uint64=3",
  AuthenticateRequest: "name:string=1 password:string=2",
  AuthenticateResponse: "header:ResponseHeader=1 token:string=2",
  AuthUserAddRequest: "name:string=1 password:string=2 options:authpb.UserAddOptions=3 hashedPassword:string=4",
  AuthUserAddResponse: "header:ResponseHeader=1",
  AuthUserGetRequest: "name:string=1",
  AuthUserGetResponse: "header:ResponseHeader=1 *roles:string=2",
  AuthUserListRequest: "",
  AuthUserListResponse: "header:ResponseHeader=1 *users:string=2",
  AuthUserDeleteRequest: "name:string=1",
  AuthUserDeleteResponse: "header:ResponseHeader=1",
  AuthUserChangePasswordRequest: "name:string=1 password:string=2 hashedPassword:string=3",
  AuthUserChangePasswordResponse: "header:ResponseHeader=1",
  AuthUserGrantRoleRequest: "user:string=1 role:string=2",
  AuthUserGrantRoleResponse: "header:ResponseHeader=1",
  AuthUserRevokeRoleRequest: "name:string=1 role:string=2",
  AuthUserRevokeRoleResponse: "header:ResponseHeader=1",
  AuthRoleAddRequest: "name:string=1",
  AuthRoleAddResponse: "header:ResponseHeader=1",
  AuthRoleGetRequest: "role:string=1",
  AuthRoleGetResponse: "header:ResponseHeader=1 *perm:authpb.Permission=2",
  AuthRoleListRequest: "",
  AuthRoleListResponse: "header:ResponseHeader=1 *roles:string=2",
  AuthRoleDeleteRequest: "role:string=1",
  AuthRoleDeleteResponse: "header:ResponseHeader=1",
  AuthRoleGrantPermissionRequest: "name:string=1 perm:authpb.Permission=2",
  AuthRoleGrantPermissionResponse: "header:ResponseHeader=1",
  AuthRoleRevokePermissionRequest: "role:string=1 key:bytes=2 rangeEnd:bytes=3",
  AuthRoleRevokePermissionResponse: "header:ResponseHeader=1",
};

/** Their values count from 0 in this order. On the wire an enum is its number, so they need not be nested as in etcd. */
const enums: Readonly<Record<string, string>> = {
  "mvccpb.EventType": "PUT DELETE",
  "authpb.PermissionType": "READ WRITE READWRITE",
  SortOrder: "NONE ASCEND DESCEND",
  SortTarget: "KEY VERSION CREATE MOD VALUE",
  CompareResult: "EQUAL GREATER LESS NOT_EQUAL",
  CompareTarget: "VERSION CREATE MOD VALUE LEASE",
  FilterType: "NOPUT NODELETE",
  AlarmType: "NONE NOSPACE CORRUPT",
  AlarmAction: "GET ACTIVATE DEACTIVATE",
  DowngradeAction: "VALIDATE ENABLE CANCEL",
};

/** Methods by service, as `Method` or `Method(Message)` where the messages are called otherwise; `<` and `>` stream requests and responses. */
const services: Readonly<Record<string, string>> = {
  KV: "Range Put DeleteRange Txn Compact(Compaction)",
  Watch: "Watch<>",
  Lease: "LeaseGrant LeaseRevoke LeaseKeepAlive<> LeaseTimeToLive LeaseLeases",
  Cluster: "MemberAdd MemberRemove MemberUpdate MemberList MemberPromote",
  Maintenance: "Alarm Status Defragment Hash HashKV Snapshot> MoveLeader Downgrade",
  Auth:
    "AuthEnable AuthDisable AuthStatus Authenticate UserAdd(AuthUserAdd) UserGet(AuthUserGet) UserList(AuthUserList) " +
    "UserDelete(AuthUserDelete) UserChangePassword(AuthUserChangePassword) UserGrantRole(AuthUserGrantRole) " +
    "UserRevokeRole(AuthUserRevokeRole) RoleAdd(AuthRoleAdd) RoleGet(AuthRoleGet) RoleList(AuthRoleList) " +
    "RoleDelete(AuthRoleDelete) RoleGrantPermission(AuthRoleGrantPermission) RoleRevokePermission(AuthRoleRevokePermission)",
};

export const etcdServices = ["KV", "Watch", "Lease", "Cluster", "Maintenance", "Auth"] as const;
export type EtcdService = (typeof etcdServices)[number];

type Nested = Record<string, unknown>;

/** The table in the form that serviceDefinition reads. */
export function etcdDescriptor(): Descriptor {
  const packages: Record<string, { nested: Nested }> = {};
  const add = (name: string, what: unknown) => {
    const dot = name.indexOf(".");
    const owner = dot < 0 ? "etcdserverpb" : name.slice(0, dot);
    packages[owner] ??= { nested: {} };
    packages[owner].nested[name.slice(dot + 1)] = what;
  };
  for (const [name, fields] of Object.entries(messages)) add(name, messageOf(fields));
  for (const [name, values] of Object.entries(enums)) {
    add(name, { values: Object.fromEntries(values.split(" ").map((value, number) => [value, number])) });
  }
  for (const [name, methods] of Object.entries(services)) {
    add(name, { methods: Object.fromEntries(methods.split(" ").map(methodOf)) });
  }
  return { nested: packages };
}

function messageOf(text: string): { fields: Nested; oneofs: Nested } {
  const fields: Nested = {};
  const oneofs: Nested = {};
  const addFields = (list: string) =>
    [...list.matchAll(/(\*?)(\w+):([\w.]+)=(\d+)/g)].map(([, star, name = "", type, id]) => {
      fields[name] = { type, id: Number(id), ...(star === "*" && { rule: "repeated" }) };
      return name;
    });
  const plain = text.replace(/(\w+)\{([^}]*)\}/g, (_, name: string, members: string) => {
    oneofs[name] = { oneof: addFields(members) };
    return "";
  });
  addFields(plain);
  return { fields, oneofs };
}

function methodOf(text: string): [string, object] {
  const [, name = "", messageName, streams = ""] = /^(\w+)(?:\((\w+)\))?([<>]*)$/.exec(text) ?? [];
  const base = messageName ?? name;
  return [
    name,
    {
      requestType: `${base}Request`,
      responseType: `${base}Response`,
      requestStream: streams.includes("<"),
      responseStream: streams.includes(">"),
    },
  ];
}
