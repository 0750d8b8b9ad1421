/** The messages of etcd's API as the server reads and writes them: 64-bit integers are decimal text, since leases fill them. */

export interface KeyValue {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly version: number;
  readonly lease: string;
}

export interface RangeRequest {
  readonly key: Buffer;
  readonly rangeEnd: Buffer;
  readonly limit: string;
  readonly revision: string;
  readonly sortOrder: "NONE" | "ASCEND" | "DESCEND";
  readonly sortTarget: "KEY" | "VERSION" | "CREATE" | "MOD" | "VALUE";
  readonly keysOnly: boolean;
  readonly countOnly: boolean;
  readonly minModRevision: string;
  readonly maxModRevision: string;
  readonly minCreateRevision: string;
  readonly maxCreateRevision: string;
}

export interface PutRequest {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly lease: string;
  readonly prevKv: boolean;
  readonly ignoreValue: boolean;
  readonly ignoreLease: boolean;
}

export interface DeleteRangeRequest {
  readonly key: Buffer;
  readonly rangeEnd: Buffer;
  readonly prevKv: boolean;
}

export interface Compare {
  readonly result: "EQUAL" | "GREATER" | "LESS" | "NOT_EQUAL";
  readonly target: "VERSION" | "CREATE" | "MOD" | "VALUE" | "LEASE";
  readonly key: Buffer;
  readonly rangeEnd: Buffer;
  readonly version?: string;
  readonly createRevision?: string;
  readonly modRevision?: string;
  readonly value?: Buffer;
  readonly lease?: string;
}

export interface RequestOp {
  readonly requestRange?: RangeRequest;
  readonly requestPut?: PutRequest;
  readonly requestDeleteRange?: DeleteRangeRequest;
  readonly requestTxn?: TxnRequest;
}

export interface TxnRequest {
  readonly compare: readonly Compare[];
  readonly success: readonly RequestOp[];
  readonly failure: readonly RequestOp[];
}

export interface WatchCreateRequest {
  readonly key: Buffer;
  readonly rangeEnd: Buffer;
  readonly startRevision: string;
  readonly progressNotify: boolean;
  readonly filters: readonly ("NOPUT" | "NODELETE")[];
  readonly prevKv: boolean;
  readonly watchId: string;
  readonly fragment: boolean;
}

export interface WatchRequest {
  readonly createRequest?: WatchCreateRequest;
  readonly cancelRequest?: { readonly watchId: string };
  readonly progressRequest?: object;
}
