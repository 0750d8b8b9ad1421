import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { DelegatedGroupVersion } from "../../api/kinds/index.ts";
import type { JsonObject } from "../../api/meta/index.ts";
import type { UserInfo } from "../request.ts";
import type { Exchange } from "./exchange.ts";

/** Answers for group versions that other servers serve. Who asks has been authenticated and authorized. */
export interface DelegatedServers {
  /** Gives the code that it answered. */
  serve(delegated: DelegatedGroupVersion, exchange: Exchange, user: UserInfo): Promise<number>;
  /** A request that wants another protocol; takes the connection over. */
  upgrade(
    delegated: DelegatedGroupVersion,
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    user: UserInfo,
  ): Promise<void>;
  /** Where the OpenAPI documents of version 3 are that they have: by `apis/GROUP/VERSION`. */
  openApiV3(): ReadonlyMap<string, string>;
  /** The OpenAPI document of version 2 with what they say in it. */
  withOpenApiV2(document: JsonObject): JsonObject;
}
